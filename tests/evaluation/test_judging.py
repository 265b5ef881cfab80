"""`python -m humanoid_gym.evaluation` on small real runs: every cell, its files, its numbers."""

import csv
import io
import json
import math
from pathlib import Path
from typing import List

import pytest
from rich.console import Console
from tiny_runs import train

from humanoid_gym.cli import evaluating
from humanoid_gym.evaluation import results
from humanoid_gym.evaluation.intervals import NOTHING, Interval
from humanoid_gym.evaluation.judging import Judge, within_task
from humanoid_gym.evaluation.results import CellResult, Evaluation, ScenarioResult
from humanoid_gym.evaluation.scenarios import SCENARIOS, Cell, Conditions, choose
from humanoid_gym.evaluation.tables import WIDTH, table

GREET = "resources/motions/humanoid24/greet.csv"
CARTPOLE_SCENARIOS = ["nominal", "push", "payload", "motor_strength", "noise", "delay", "command"]


@pytest.fixture(scope="module")
def humanoid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    short = "task.episode_length=30"
    return train(tmp_path_factory.mktemp("humanoid"), "humanoid", short)


@pytest.fixture(scope="module")
def cartpole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(tmp_path_factory.mktemp("cartpole"), "cartpole", "task.episode_length=20")


def evaluate(run: Path, out: Path, *arguments: str) -> dict:
    """Run the command line; return the JSON file's content."""
    assert evaluating.main(["--checkpoint", str(run), "--out", str(out), *arguments]) == 0
    return json.loads((out / results.JSON_NAME).read_text())


def by_name(content: dict) -> dict:
    return {scenario["name"]: scenario for scenario in content["scenarios"]}


def test_the_default_evaluation_has_ten_scenarios_and_at_most_24_cells():
    chosen = choose([])
    assert len(chosen) == 10 and sum(len(s.cells) for s in chosen) <= 24
    for scenario in SCENARIOS:
        names = [cell.name for cell in scenario.cells]
        assert len(set(names)) == len(names)


def test_every_scenario_of_the_humanoid(humanoid: Path, tmp_path: Path, capsys):
    content = evaluate(humanoid, tmp_path / "out", "--episodes", "3")
    scenarios = by_name(content)
    assert list(scenarios) == [s.name for s in choose([])]
    assert scenarios["command"]["does_not_apply"] == "the task has no commands"
    assert scenarios["terrain"]["does_not_apply"] == "the task has no terrain"
    assert scenarios["command"]["cells"] == scenarios["terrain"]["cells"] == []
    played = [cell for s in content["scenarios"] for cell in s["cells"]]
    assert len(played) == 18 and all(cell["episodes"] == 3 for cell in played)
    for cell in played:
        for name, value in cell["metrics"].items():
            assert value["mean"] is None or value["low"] <= value["mean"] <= value["high"], name
    metrics = scenarios["nominal"]["cells"][0]["metrics"]
    assert {"return", "survival", "speed", "tilt", "power", "torque_margin"} <= set(metrics)
    assert 0.0 < metrics["duration"]["mean"] <= 30 / 60 + 1e-6
    printed = capsys.readouterr().out
    assert "push 90 deg, 1 m/s" in printed and "command: not played" in printed


def test_the_same_seed_gives_the_same_numbers_and_another_does_not(humanoid: Path, tmp_path: Path):
    arguments = ["--episodes", "4", "--scenarios", "nominal", "push", "noise", "initial_state"]
    first, again, other = (
        evaluate(humanoid, tmp_path / str(i), *arguments, "--seed", seed)["scenarios"]
        for i, seed in enumerate(["5", "5", "6"])
    )
    assert first == again
    assert first != other


def test_files_agree_and_can_be_read_back(humanoid: Path, tmp_path: Path):
    content = evaluate(humanoid, tmp_path, "--episodes", "2", "--scenarios", "nominal", "push")
    evaluation = results.read(tmp_path / results.JSON_NAME)
    assert results.to_mapping(evaluation) == content
    with (tmp_path / results.CSV_NAME).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == sum(len(c["metrics"]) for s in content["scenarios"] for c in s["cells"])
    row = next(r for r in rows if r["cell"] == "90 deg, 1 m/s" and r["metric"] == "return")
    cell = next(c for c in by_name(content)["push"]["cells"] if c["name"] == "90 deg, 1 m/s")
    assert float(row["mean"]) == cell["metrics"]["return"]["mean"]
    assert row["parameters"] == "direction [deg] = 90; speed [m/s] = 1"


def test_a_robot_on_a_rail_gets_what_applies_to_it(cartpole: Path, tmp_path: Path):
    content = evaluate(
        cartpole, tmp_path, "--episodes", "5", "--scenarios", *CARTPOLE_SCENARIOS
    )  # fmt: skip
    scenarios = by_name(content)
    for name in ("push", "payload"):
        assert scenarios[name]["does_not_apply"] == "the robot's base is fixed"
    (nominal,) = scenarios["nominal"]["cells"]
    assert "speed" not in nominal["metrics"] and "power" not in nominal["metrics"]
    assert nominal["metrics"]["survival"]["mean"] is not None
    assert len(scenarios["delay"]["cells"]) == 1


def test_a_scenario_that_the_task_refuses_is_not_played(tmp_path: Path, capsys):
    """Motions are tracked on a plane; that is known before anything is played."""
    run = train(tmp_path, "humanoid_tracking", f"task.motion.files=[{GREET}]")
    content = evaluate(
        run, tmp_path / "out", "--episodes", "2", "--scenarios", "nominal", "terrain"
    )
    scenarios = by_name(content)
    assert "motions are tracked on a plane" in scenarios["terrain"]["does_not_apply"]
    assert scenarios["terrain"]["cells"] == []
    assert scenarios["nominal"]["cells"][0]["episodes"] == 2
    assert "terrain: not played" in capsys.readouterr().out


def test_an_evaluation_goes_into_its_runs_folder(cartpole: Path):
    assert (
        evaluating.main(
            ["--checkpoint", str(cartpole), "--episodes", "2", "--scenarios", "nominal"]
        )
        == 0
    )
    newest = results.newest(cartpole)
    assert newest is not None and newest.parents[2] == cartpole


def judge(episodes: int, most_envs: int) -> Judge:
    def nothing(*_: object) -> None:
        raise AssertionError("builds nothing")

    return Judge(nothing, nothing, episodes, 0, most_envs, nothing)


@pytest.mark.parametrize(
    ("episodes", "most_envs", "cells"), [(100, 1024, 24), (7, 4, 1), (1000, 1024, 1), (3, 2, 5)]
)
def test_episodes_are_shared_out_evenly(episodes: int, most_envs: int, cells: int):
    quotas = judge(episodes, most_envs)._quotas(cells)
    assert sum(quotas) == episodes and max(quotas) - min(quotas) <= 1 and min(quotas) >= 1
    assert len(quotas) * cells <= max(most_envs, cells)


def test_a_task_that_randomizes_delays_and_weakens_by_itself():
    cell = Cell("x", Conditions(action_delay=2, motor_strength=0.5, payload=0.1))
    within = within_task(cell)
    assert within.conditions == Conditions(payload=0.1)
    assert within.overrides == {
        "randomization": {"delay": {"range": [2.0, 2.0]}, "motor_strength": {"range": [0.5, 0.5]}}
    }
    assert within_task(Cell("y", Conditions(payload=0.1))).overrides == {}


def test_the_table_tells_of_unstable_simulations_and_of_what_was_not_played():
    def cell(name: str, faults: int) -> CellResult:
        return CellResult(name, {}, 10, faults, {"return": Interval(1.0, 0.5, 1.5)})

    def scenario(name: str, reason: str, *cells: CellResult) -> ScenarioResult:
        return ScenarioResult(name, "one line", reason, cells)

    def lines(*scenarios: ScenarioResult) -> List[str]:
        console = Console(width=WIDTH, record=True, file=io.StringIO())
        console.print(table(Evaluation({}, scenarios)))
        return [line.rstrip() for line in console.export_text().splitlines()]

    two = scenario("push", "", cell("weak", 2), cell("strong", 1))
    absent = scenario("command", "the task has no commands")
    shown = lines(two, absent)
    assert shown[0].split() == ["scenario", "return"]
    assert shown[1].split("  ")[0] == "push weak"
    assert shown[-2:] == [
        "command: not played, the task has no commands",
        "3 times a simulation became unstable and was reset",
    ]
    calm = lines(scenario("push", "", cell("weak", 0)))
    assert not any("unstable" in line for line in calm)
    assert lines(absent)[-1].endswith("no commands") and lines()[0] == "scenario"


def test_numbers_that_do_not_exist_survive_the_file(tmp_path: Path):
    cell = results.CellResult("a", {}, 1, 0, {"cost_of_transport": NOTHING})
    scenario = results.ScenarioResult("s", "d", "", (cell,))
    results.write(results.Evaluation({}, (scenario,)), tmp_path)
    back = results.read(tmp_path / results.JSON_NAME)
    assert math.isnan(back.scenarios[0].cells[0].metrics["cost_of_transport"].mean)
