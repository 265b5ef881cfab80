"""Run folders with logs that were written by hand, in place of a training."""

import json
from pathlib import Path
from typing import Dict, Optional

import numpy as np
import yaml
from torch.utils.tensorboard import SummaryWriter

from humanoid_gym.evaluation import results
from humanoid_gym.evaluation.intervals import Interval

STEPS = 1000
"""Environment steps of an iteration."""


def curves(iterations: int = 60) -> Dict[str, np.ndarray]:
    """Curves of a training that goes well, a value for each iteration."""
    t = np.arange(1.0, iterations + 1)
    return {
        "progress/iteration": t,
        "progress/env_steps": STEPS * t,
        "progress/fraction": t / 100.0,
        "progress/seconds_left": 100.0 - t,
        "speed/env_steps_per_second": np.full(iterations, 5000.0),
        "speed/physics_seconds": np.full(iterations, 0.5),
        "episode/finished": 10 * t,
        "episode/return": 10.0 * t,
        "episode/length": 5.0 * t,
        "metric/forward_speed": 0.01 * t,
        "reward_term/alive": 2.0 * t,
        "termination/fallen": np.ones(iterations),
        "learning/kl": np.full(iterations, 0.01),
        "learning/std": np.linspace(1.0, 0.5, iterations),
        "learning/std_min": np.linspace(1.0, 0.4, iterations),
    }


def write_run(
    folder: Path,
    values: Optional[Dict[str, np.ndarray]] = None,
    sink: str = "jsonl",
    gamma: float = 0.99,
    seed: int = 4,
) -> Path:
    """Write a run's configuration and its log; return its folder."""
    folder.mkdir(parents=True)
    values = curves() if values is None else values
    settings = {
        "task_name": "humanoid",
        "num_envs": 8,
        "seed": seed,
        "max_iterations": 100,
        "task": {"asset": "a.urdf"},
        "train": {"algorithm": {"gamma": gamma}, "runner": {"max_iterations": 500}},
    }
    text = "# humanoid_gym 0.1.0, engine embedded\n# command: train.py <task>\n"
    (folder / "config.yaml").write_text(text + yaml.safe_dump(settings))
    reports = [
        {name: float(curve[i]) for name, curve in values.items()}
        for i in range(len(values["progress/env_steps"]))
    ]
    if sink == "jsonl":
        (folder / "log.jsonl").write_text("".join(json.dumps(r) + "\n" for r in reports))
    else:
        with SummaryWriter(str(folder)) as writer:
            for report in reports:
                for name, value in report.items():
                    writer.add_scalar(name, value, int(report["progress/env_steps"]))
    return folder


def write_evaluation(run: Path, shift: float = 0.0) -> results.Evaluation:
    """Write an evaluation of four pushes into a run's folder."""
    cells = tuple(
        results.CellResult(
            f"{direction:g} deg, {speed:g} m/s",
            {"direction [deg]": direction, "speed [m/s]": speed},
            10,
            0,
            {
                "return": Interval(100.0 + direction + shift, 90.0, 110.0 + direction + shift),
                "survival": Interval(speed / 2.0, 0.0, 1.0),
                "speed": Interval(float("nan"), float("nan"), float("nan")),
            },
        )
        for speed in (0.5, 1.0)
        for direction in (0.0, 180.0)
    )
    scenarios = (
        results.ScenarioResult("push", "pushes", "", cells),
        results.ScenarioResult("command", "commands", "the task has no commands", ()),
    )
    about = {
        "checkpoint": "best.pt",
        "iteration": 7,
        "seed": 0,
        "engine": "embedded",
        "date": "2026-01-31",
    }
    evaluation = results.Evaluation(about, scenarios)
    results.write(evaluation, run / "evaluation" / "2026-01-31_12-00-00")
    return evaluation
