"""Plays the cells of scenarios, many at a time, and says what the policy is worth in each."""

import math
from dataclasses import dataclass, replace
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor

from humanoid_gym.evaluation.intervals import bootstrap, wilson
from humanoid_gym.evaluation.measuring import Meter
from humanoid_gym.evaluation.metrics import SURVIVAL
from humanoid_gym.evaluation.perturbation import Perturbation
from humanoid_gym.evaluation.results import CellResult, ScenarioResult
from humanoid_gym.evaluation.robot_state import RobotState
from humanoid_gym.evaluation.scenarios import (
    FREE_BASE,
    JOINTS,
    RANDOMIZATION,
    TASK_GROUPS,
    Cell,
    Conditions,
    Scenario,
)
from humanoid_gym.rl.networks import ActorCritic, Agent
from humanoid_gym.tasks.vec_task import VecTask

MOST_ENVS = {"cpu": 1024, "cuda": 8192}
"""Environments in one simulation at most, by kind of device."""

Overrides = Mapping[str, Any]
MakeEnv = Callable[[Overrides, int], VecTask]
"""From settings of the task in place of the run's and a number of environments to the task."""
Advance = Callable[[int], None]
"""Told how many episodes have ended."""


class Place(NamedTuple):
    """Where a cell stands in the list of scenarios."""

    scenario: int
    cell: int


def _no_objection(overrides: Overrides) -> str:
    return ""


@dataclass(frozen=True)
class Judge:
    """What it takes to play any cell."""

    make_env: MakeEnv
    """Builds the task."""
    load: Callable[[VecTask], ActorCritic]
    """Builds the policy's networks for it."""
    episodes: int
    """In each cell."""
    seed: int
    """Of everything that is random."""
    most_envs: int
    """In one simulation."""
    advance: Advance
    """Called after each step with how many episodes it ended."""
    objection: Callable[[Overrides], str] = _no_objection
    """Says why the task cannot have settings, without building it; empty if it can."""

    def plan(self, scenarios: Sequence[Scenario]) -> "Plan":
        """Look at the task and decide what is played; nothing is yet.

        Raises:
            ValueError: the checkpoint's networks do not fit the task.
        """
        env = self.make_env({}, 1)
        try:
            self.load(env)  # refused before anything is played
            reasons = [
                lack or self._refused(scenario)
                for lack, scenario in zip(_reasons(env, scenarios), scenarios)
            ]
            randomizes = hasattr(env.config, RANDOMIZATION)
        finally:
            env.close()
        groups: Dict[str, List[Tuple[Place, Cell]]] = {}
        for i, scenario in enumerate(scenarios):
            for j, cell in enumerate(scenario.cells if not reasons[i] else ()):
                cell = within_task(cell) if randomizes else cell
                groups.setdefault(repr(cell.overrides), []).append((Place(i, j), cell))
        return Plan(tuple(scenarios), reasons, list(groups.values()))

    def judge(self, plan: "Plan") -> List[ScenarioResult]:
        """Play every cell of a plan.

        Returns:
            One result for each scenario, in the order of the plan.
        """
        found: Dict[Place, CellResult] = {}
        for group in plan.groups:
            places, cells = zip(*group)
            found.update(zip(places, self.play(cells)))
        return [
            ScenarioResult(
                name=scenario.name,
                description=scenario.description,
                reason=plan.reasons[i],
                cells=tuple(found[place] for place in sorted(found) if place.scenario == i),
            )
            for i, scenario in enumerate(plan.scenarios)
        ]

    def play(self, cells: Sequence[Cell]) -> List[CellResult]:
        """Play cells that need the same settings of the task, in one simulation."""
        quotas = self._quotas(len(cells))
        share = len(quotas)
        env = self.make_env(cells[0].overrides, share * len(cells))
        try:
            conditions = [cell.conditions for cell in cells for _ in range(share)]
            rollout = Rollout(env, self.load(env), conditions, self.seed)
            played = rollout.play(quotas * len(cells), self.advance)
        finally:
            env.close()
        rng = np.random.default_rng(self.seed)
        cell_of = played.envs // share
        faults = played.faults.reshape(len(cells), share).sum(1)
        return [
            summed_up(cell, rollout.meter.names, played.rows[cell_of == k], int(faults[k]), rng)
            for k, cell in enumerate(cells)
        ]

    def _refused(self, scenario: Scenario) -> str:
        """Return why the task cannot have the settings of a scenario's cells; empty if it can."""
        objections = (self.objection(cell.overrides) for cell in scenario.cells if cell.overrides)
        return next((objection for objection in objections if objection), "")

    def _quotas(self, num_cells: int) -> List[int]:
        """Episodes that each environment of a cell plays; as equal as can be.

        Taking whichever episodes end first instead would count more of the short ones, the falls.
        """
        at_once = max(self.most_envs // num_cells, 1)
        rounds = math.ceil(self.episodes / at_once)
        share = math.ceil(self.episodes / rounds)
        each, rest = divmod(self.episodes, share)
        return [each + (i < rest) for i in range(share)]


class Plan(NamedTuple):
    """What is played of some scenarios, and with what."""

    scenarios: Tuple[Scenario, ...]
    """In the order in which they are reported."""
    reasons: List[str]
    """Why each of them does not apply to the task; empty if it does."""
    groups: List[List[Tuple[Place, Cell]]]
    """Cells that need the same settings of the task and so share a simulation."""

    @property
    def num_cells(self) -> int:
        """How many cells are played."""
        return sum(len(group) for group in self.groups)


def _reasons(env: VecTask, scenarios: Sequence[Scenario]) -> List[str]:
    """Say of each scenario why it does not apply to the task; empty if it does."""
    robot = RobotState(env)
    lacks = {
        name: "" if hasattr(env.config, name) else f"the task has no {name}" for name in TASK_GROUPS
    }
    lacks[FREE_BASE] = "" if robot.free else "the robot's base is fixed"
    lacks[JOINTS] = "" if robot.num_joints else "the robot has no joints"
    return [lacks[scenario.needs] if scenario.needs else "" for scenario in scenarios]


def within_task(cell: Cell) -> Cell:
    """Leave delay and motor strength to a task that can randomize them.

    Only the task knows how torques come from actions, and which action its observation shows.
    """
    conditions, draws = cell.conditions, {}
    if conditions.action_delay:
        draws["delay"] = {"range": [float(conditions.action_delay)] * 2}
    if conditions.motor_strength != 1.0:
        draws["motor_strength"] = {"range": [conditions.motor_strength] * 2}
    if not draws:
        return cell
    overrides = {**cell.overrides, RANDOMIZATION: draws}
    left = replace(conditions, action_delay=0, motor_strength=1.0)
    return replace(cell, conditions=left, overrides=overrides)


class Played(NamedTuple):
    """Episodes in the order in which they ended."""

    rows: np.ndarray
    """Numbers of each, as the meter names them. Shape (episodes, columns)."""
    envs: np.ndarray
    """Environment of each. Shape (episodes,)."""
    faults: np.ndarray
    """How often each environment's simulation became unstable. Shape (N,)."""


class Rollout:
    """A policy in environments that have conditions of their own."""

    def __init__(
        self, env: VecTask, networks: ActorCritic, conditions: Sequence[Conditions], seed: int
    ) -> None:
        """Begin episodes everywhere.

        Args:
            env: as it was trained in.
            networks: whose policy acts, without noise.
            conditions: of each environment.
            seed: of what the conditions draw.
        """
        self._env, self._robot = env, RobotState(env)
        self._agent = Agent(networks, env.num_envs)
        deviation = networks.observation_normalizer.variance.sqrt().float()
        self._perturbation = Perturbation(self._robot, conditions, deviation, seed)
        # what a step returns lies in the task's buffers: the metrics' names are there already
        names = list(env.extras.get("metrics", {}))
        self._obs = env.reset()["obs"]
        self._robot.refresh()
        self.meter = Meter(self._robot, names)
        self._perturbation.begin(torch.ones(env.num_envs, dtype=torch.bool, device=env.device))

    @torch.no_grad()
    def play(self, quotas: Sequence[int], advance: Advance) -> Played:
        """Play until each environment has finished its number of episodes.

        Args:
            quotas: that number, of each environment.
            advance: told after each step how many episodes ended.
        """
        left = torch.tensor(quotas, device=self._env.device)
        faults = torch.zeros_like(left)
        rows: List[np.ndarray] = []
        envs: List[np.ndarray] = []
        while bool((left > 0).any()):
            done, survived, faulty = self._step()
            counted = done & (left > 0)
            faults += faulty & (left > 0)
            if bool(done.any()):
                ended = self.meter.finished(done, survived)
                which = done.nonzero().flatten()
                kept = counted[which].cpu().numpy()
                rows.append(ended[kept])
                envs.append(which.cpu().numpy()[kept])
                left -= counted.long()
                advance(int(kept.sum()))
        return Played(np.concatenate(rows), np.concatenate(envs), faults.cpu().numpy())

    def _step(self) -> Tuple[Tensor, Tensor, Tensor]:
        """Do one step; return where episodes ended, where by time-out, and unstable simulations."""
        actions = self._agent(self._perturbation.observe(self._obs))
        observations, reward, done, extras = self._env.step(self._perturbation.act(actions))
        self._obs, done = observations["obs"], done.bool()
        self._robot.refresh()
        self.meter.add(reward, done, extras.get("metrics", {}))
        self._perturbation.after_step(done)
        self._agent.forget(done)
        faulty = extras.get("faults", torch.zeros_like(done)).bool()
        return done, extras["time_outs"].bool() & ~faulty, faulty


def summed_up(
    cell: Cell, names: Sequence[str], rows: np.ndarray, faults: int, rng: np.random.Generator
) -> CellResult:
    """Return a cell's means and intervals.

    Args:
        cell: that was played.
        names: of the columns.
        rows: one for each episode.
        faults: how often a simulation became unstable.
        rng: of the bootstrap.
    """
    metrics = dict(zip(names, bootstrap(rows, rng)))
    survived = rows[:, list(names).index(SURVIVAL)]
    metrics[SURVIVAL] = wilson(int(survived.sum()), len(rows))
    return CellResult(cell.name, dict(cell.parameters), len(rows), faults, metrics)
