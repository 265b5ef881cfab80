"""python -m humanoid_gym.evaluation: judge a policy in scenarios; also report and monitor."""

import argparse
import platform
import sys
import time
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any, Dict, Mapping, NamedTuple, Optional, Sequence

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from humanoid_gym import __version__
from humanoid_gym.cli import composing, monitoring, page_making, pretrained, trained
from humanoid_gym.cli.bad_input import one_line_errors
from humanoid_gym.cli.gpu_settings import merged
from humanoid_gym.cli.output_paths import check_folder
from humanoid_gym.cli.trained import NEWEST, Trained
from humanoid_gym.cli.without_reader import ends_quietly
from humanoid_gym.config import ConfigError
from humanoid_gym.evaluation import results
from humanoid_gym.evaluation.judging import MOST_ENVS, Judge, Plan
from humanoid_gym.evaluation.results import Evaluation
from humanoid_gym.evaluation.scenarios import RANDOMIZATION, SCENARIOS, TERRAIN, choose
from humanoid_gym.evaluation.tables import WIDTH, table
from humanoid_gym.isaacgym_fallback import engine_choice
from humanoid_gym.tasks.vec_task import VecTask

EPISODES, FULL_EPISODES = 100, 1000
"""In each cell, by default and with --full."""
SCENARIOS_DECIDE = {RANDOMIZATION: (), TERRAIN: ("height_scan",)}
"""Groups of a task's settings that scenarios decide about, and what is kept of the run's: what
gives the observation its width."""
OPTIONS = {"num_envs": "--num-envs", "seed": "--seed", "device": "--device"}
"""Settings of a run that are options here."""
COMMANDS = {"report": page_making.main, "monitor": monitoring.main}
DESCRIPTION = """Judge a trained policy in named scenarios, with 95 % confidence intervals.
Also: python -m humanoid_gym.evaluation report RUN…, and monitor RUN (see their --help)."""


class Session(NamedTuple):
    """An evaluation that is constructed in full and has played nothing yet."""

    policy: Trained
    judge: Judge
    plan: Plan
    folder: Path


@ends_quietly
def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Evaluate, report or monitor as the command line says.

    Args:
        arguments: without the program's name; None: those of the process.

    Returns:
        Exit code 0, also if the user pressed Ctrl-C.

    Raises:
        SystemExit: with code 2 and one line on stderr if the input cannot be used.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given and given[0] in COMMANDS:
        return COMMANDS[given[0]](given[1:])
    options = parse(given)
    if options.list:
        print("\n".join(f"{s.name:<16}{len(s.cells):>3} cells  {s.description}" for s in SCENARIOS))
        return 0
    progress = _progress()
    with one_line_errors():
        session = construct(options, progress)
    start = time.perf_counter()
    try:
        with progress:
            found = session.judge.judge(session.plan)
    except KeyboardInterrupt:
        print("stopped     before the episodes were over; nothing was written")
        return 0
    seconds = time.perf_counter() - start
    evaluation = Evaluation(_about(session, options, seconds), tuple(found))
    with one_line_errors():
        files = results.write(evaluation, session.folder)
    Console(width=None if sys.stdout.isatty() else WIDTH).print(table(evaluation))
    print(f"written     {', '.join(str(file) for file in files)} after {seconds:.0f} s")
    return 0


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line.

    Raises:
        SystemExit: with code 2 if it cannot be read, with code 0 after --help.
    """
    parser = argparse.ArgumentParser(
        prog="python -m humanoid_gym.evaluation", description=DESCRIPTION
    )
    add = parser.add_argument
    add("--checkpoint", nargs="?", const=NEWEST, default=NEWEST, metavar="PATH")
    add("--scenarios", nargs="+", default=[], metavar="NAME", help="default: see --list")
    add("--list", action="store_true", help="print all scenarios and stop")
    add("--episodes", type=int, metavar="N", help=f"in each cell (default: {EPISODES})")
    add("--full", action="store_true", help=f"{FULL_EPISODES} episodes in each cell")
    add("--seed", type=int, default=0, help="of everything random (default: 0)")
    add("--out", type=Path, metavar="DIR", help="folder for JSON and CSV (default: the run's)")
    add("--device", default="auto", help="auto, cpu, cuda or cuda:N (default: auto)")
    add("--num-envs", type=int, metavar="N", help="in one simulation at most")
    add("--set", nargs="+", default=[], metavar="key=value", help="as for train.py: task.sim.dt=…")
    return parser.parse_args(list(arguments))


def construct(options: argparse.Namespace, progress: Progress) -> Session:
    """Check everything and find the checkpoint; play and write nothing.

    Raises:
        ConfigError: an option, an override or the run's configuration cannot be used.
        FileNotFoundError: there is no such checkpoint.
        ValueError: the checkpoint cannot be used.
    """
    scenarios = choose(options.scenarios)
    _check(options)
    episodes = options.episodes or (FULL_EPISODES if options.full else EPISODES)
    checkpoint = trained.find(options.checkpoint)
    now = datetime.now(timezone.utc)
    own = pretrained.results_folder(checkpoint) / results.FOLDER / f"{now:%Y-%m-%d_%H-%M-%S}"
    folder = options.out or own
    check_folder(folder, f"--out {folder}")
    top = {"num_envs": 1, "seed": options.seed, "device": options.device, "headless": True}
    policy = trained.read(checkpoint, top, options.set)
    device = policy.config.device.value.split(":")[0]
    task = progress.add_task("episodes", total=None)
    judge = Judge(
        make_env=lambda overrides, count: _make_env(policy, overrides, count),
        load=policy.networks,
        episodes=episodes,
        seed=options.seed,
        most_envs=options.num_envs or MOST_ENVS[device],
        advance=lambda count: progress.advance(task, count),
        objection=lambda overrides: _objection(policy, overrides),
    )
    plan = judge.plan(scenarios)
    _announce(policy, plan, episodes)
    progress.update(task, total=episodes * plan.num_cells)
    return Session(policy, judge, plan, folder)


def _check(options: argparse.Namespace) -> None:
    """Refuse what would have no effect, or no meaning."""
    for name, value in {"--episodes": options.episodes, "--num-envs": options.num_envs}.items():
        if value is not None and value < 1:
            raise ConfigError(f"{name}: must be >= 1, got {value}")
    if options.full and options.episodes is not None:
        raise ConfigError(f"--full is --episodes {FULL_EPISODES}; leave one of both out")
    for key, value in composing.values(options.set).items():
        group, _, setting = key.replace("task.", "", 1).partition(".")
        if group in SCENARIOS_DECIDE and setting.split(".")[0] not in SCENARIOS_DECIDE[group]:
            raise ConfigError(
                f"--set {key}={value}: scenarios decide about {group}; see --list, or play.py"
            )
        if key in OPTIONS:
            raise ConfigError(f"--set {key}={value}: use {OPTIONS[key]} {value}")


def _objection(policy: Trained, overrides: Mapping[str, Any]) -> str:
    """Return why the run's task cannot have a cell's settings; empty if it can."""
    try:
        _with_settings(policy, overrides, 1)
    except ConfigError as error:
        return str(error)
    return ""


def _make_env(policy: Trained, overrides: Mapping[str, Any], num_envs: int) -> VecTask:
    """Build the run's task with a cell's settings in place of its own."""
    return _with_settings(policy, overrides, num_envs).make_env()


def _with_settings(policy: Trained, overrides: Mapping[str, Any], num_envs: int) -> Trained:
    own = dict(policy.settings["task"])
    for group, kept in SCENARIOS_DECIDE.items():
        if group in own:
            own[group] = {key: own[group][key] for key in kept if key in (own[group] or {})}
    settings = {**policy.settings, "num_envs": num_envs, "task": merged(own, overrides)}
    return policy._replace(config=trained.checked(settings))


def _announce(policy: Trained, plan: Plan, episodes: int) -> None:
    engine, iteration = engine_choice(), policy.content["counters"]["iteration"]
    played = sum(not reason for reason in plan.reasons)
    print(f"checkpoint  {policy.checkpoint}, iteration {iteration}, {policy.config.task_name}")
    print(f"engine      {engine.name}: {engine.reason}")
    print(f"device      {policy.config.device.value}: {policy.config.device.reason}")
    print(f"scenarios   {played} with {plan.num_cells} cells of {episodes} episodes", flush=True)


def _about(session: Session, options: argparse.Namespace, seconds: float) -> Dict[str, Any]:
    policy, engine = session.policy, engine_choice()
    simulator = f" on MuJoCo {version('mujoco')}" if engine.name == "embedded" else ""
    return {
        "checkpoint": str(policy.checkpoint),
        "iteration": int(policy.content["counters"]["iteration"]),
        "task": policy.config.task_name,
        "seed": options.seed,
        "overrides": list(options.set),
        "device": policy.config.device.value,
        "engine": f"{engine.name}{simulator}",
        "versions": {
            "humanoid_gym": __version__,
            "torch": torch.__version__,
            "python": platform.python_version(),
        },
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "seconds": round(seconds, 1),
    }


def _progress() -> Progress:
    columns = (TextColumn("episodes"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
