"""The scenarios that a policy is judged in: one table of small typed data.

A scenario is a list of cells. A cell says how its environments depart from those that the policy
was trained in: conditions that hold in each environment, and settings of the task that need a
simulation of their own.
"""

from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from humanoid_gym.config import ConfigError, nearest

COMMANDS, TERRAIN, RANDOMIZATION = "commands", "terrain", "randomization"
FREE_BASE, JOINTS = "free base", "joints"
TASK_GROUPS = (COMMANDS, TERRAIN)
"""What a scenario can need and a task has a group of settings for."""


@dataclass(frozen=True)
class Conditions:
    """How environments depart from the task as it was trained; the defaults change nothing."""

    push_speed: float = 0.0
    """Change of the base's horizontal velocity by a push [m/s]."""
    push_direction: float = 0.0
    """Where a push drives the robot, from its heading counter-clockwise [deg]; 90: to its left."""
    push_interval: float = 5.0
    """Time between pushes [s]; the first of an episode comes at a random time within it."""
    friction: Optional[float] = None
    """Friction coefficient between robot and ground; None: the task's."""
    payload: float = 0.0
    """Mass added to the base, as a fraction of the robot's."""
    motor_strength: float = 1.0
    """Factor of what the motors give for the same command."""
    observation_noise: float = 0.0
    """Standard deviation of the noise on each observation, in units of its own in training."""
    action_delay: int = 0
    """Control steps by which actions come late."""
    initial_speed: float = 0.0
    """Horizontal speed of the base when an episode begins, in a random direction [m/s]."""
    initial_joint_offset: float = 0.0
    """Joint positions begin within plus or minus this value of where they would [rad]."""


@dataclass(frozen=True)
class Cell:
    """One point of a scenario, judged by a number of episodes of its own."""

    name: str
    """Short, unique in its scenario."""
    conditions: Conditions = Conditions()
    """What holds in each of its environments."""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    """Settings of the task in place of the run's, as a nested mapping."""
    parameters: Mapping[str, float] = field(default_factory=dict)
    """Its coordinates in the scenario, name with unit to value, for tables and maps."""


@dataclass(frozen=True)
class Scenario:
    """A named set of cells."""

    name: str
    """As on the command line."""
    description: str
    """One line for tables and reports."""
    cells: Tuple[Cell, ...]
    """At least one."""
    needs: str = ""
    """What a task must have: one of the names above, or nothing."""
    default: bool = True
    """Whether it is played unless the command line names scenarios."""


def _pushes(directions: Sequence[float], speeds: Sequence[float]) -> Tuple[Cell, ...]:
    return tuple(
        Cell(
            f"{direction:g} deg, {speed:g} m/s",
            Conditions(push_direction=direction, push_speed=speed),
            parameters={"direction [deg]": direction, "speed [m/s]": speed},
        )
        for speed in speeds
        for direction in directions
    )


def _one_by_one(setting: str, label: str, values: Sequence[Any]) -> Tuple[Cell, ...]:
    """Cells that differ in one condition; `label` is its name with its unit."""
    name, _, unit = label.partition(" [")
    suffix = f" {unit[:-1]}" if unit else ""
    return tuple(
        Cell(f"{name} {value:g}{suffix}", Conditions(**{setting: value}), parameters={label: value})
        for value in values
    )


def _frictions(values: Sequence[float]) -> Tuple[Cell, ...]:
    """Friction on a ground without any of its own: the average with it can be any value then."""
    smooth = {"plane": {"static_friction": 0.0, "dynamic_friction": 0.0}}
    return tuple(
        Cell(
            f"friction {value:g}",
            Conditions(friction=value),
            overrides=smooth,
            parameters={"friction": value},
        )
        for value in values
    )


def _terrains(grounds: Mapping[str, Mapping[str, Any]]) -> Tuple[Cell, ...]:
    """Many tiles of the same kind and difficulty, so that a robot walks from one to the next."""
    many = {"levels": 6, "columns": 6}
    return tuple(
        Cell(name, overrides={TERRAIN: {**many, **ground}}) for name, ground in grounds.items()
    )


def _commands(commands: Mapping[str, Tuple[float, float, float]]) -> Tuple[Cell, ...]:
    return tuple(
        Cell(
            name,
            overrides={"commands": {"fixed": list(command)}},
            parameters=dict(zip(("forward [m/s]", "left [m/s]", "turning [rad/s]"), command)),
        )
        for name, command in commands.items()
    )


_STARTS = Conditions(initial_speed=0.5, initial_joint_offset=0.2)

SCENARIOS: Tuple[Scenario, ...] = (
    Scenario("nominal", "as trained", (Cell("nominal"),)),
    Scenario(
        "push",
        "a push every 5 s: direction x strength",
        _pushes((0.0, 90.0, 180.0, 270.0), (0.5, 1.0)),
        needs=FREE_BASE,
    ),
    Scenario("friction", "friction of the ground", _frictions((0.4, 0.7)), needs=JOINTS),
    Scenario(
        "payload",
        "mass added to the base, as a fraction of the robot's",
        _one_by_one("payload", "payload", (0.1, 0.2)),
        needs=FREE_BASE,
    ),
    Scenario(
        "motor_strength",
        "motors that give a fraction of what they should",
        _one_by_one("motor_strength", "factor", (0.75, 0.9)),
        needs=JOINTS,
    ),
    Scenario(
        "noise",
        "noise on each observation, in units of its deviation in training",
        _one_by_one("observation_noise", "noise", (0.1,)),
    ),
    Scenario(
        "delay",
        "actions that come late",
        _one_by_one("action_delay", "delay [steps]", (1,)),
    ),
    Scenario(
        "initial_state",
        "episodes that begin in motion and in another pose",
        (Cell("0.5 m/s, 0.2 rad", _STARTS, parameters={"speed [m/s]": 0.5}),),
        needs=FREE_BASE,
    ),
    Scenario(
        "terrain",
        "slopes of 11 degrees, bumps of 5 cm, stairs of 10 cm",
        _terrains(
            {
                "slope": {"proportions": {"slope_up": 1, "slope_down": 1}, "slope": [0.2, 0.2]},
                "rough": {"proportions": {"rough": 1}, "rough_height": [0.05, 0.05]},
                "stairs": {
                    "proportions": {"stairs_up": 1, "stairs_down": 1},
                    "step_height": [0.1, 0.1],
                },
            }
        ),
        needs=TERRAIN,
    ),
    Scenario(
        "command",
        "commanded velocities, held for the whole episode",
        _commands(
            {
                "forward 0.5 m/s": (0.5, 0.0, 0.0),
                "left 0.3 m/s": (0.0, 0.3, 0.0),
                "turn 0.6 rad/s": (0.0, 0.0, 0.6),
            }
        ),
        needs=COMMANDS,
    ),
    Scenario(
        "push_map",
        "a push every 5 s, finely: 8 directions x 4 strengths",
        _pushes([45.0 * i for i in range(8)], (0.4, 0.8, 1.2, 1.6)),
        needs=FREE_BASE,
        default=False,
    ),
    Scenario(
        "command_sweep",
        "commanded velocities, finely",
        _commands(
            {
                f"{x:g}, {y:g} m/s, {turn:g} rad/s": (x, y, turn)
                for x in (-0.5, 0.0, 0.5, 1.0)
                for y in (0.0, 0.3)
                for turn in (0.0, 0.5)
            }
        ),
        needs=COMMANDS,
        default=False,
    ),
)
"""Every scenario, in the order in which they are played and reported."""


def choose(names: Sequence[str]) -> List[Scenario]:
    """Return scenarios by name, in the table's order; the default ones if none is named.

    Raises:
        ConfigError: there is no scenario of that name; the message gives the nearest one.
    """
    table: Dict[str, Scenario] = {scenario.name: scenario for scenario in SCENARIOS}
    for name in names:
        if name not in table:
            raise ConfigError(
                f"unknown scenario '{name}'; nearest: '{nearest(name, table)}' "
                f"(available: {', '.join(table)})"
            )
    return [s for s in SCENARIOS if (s.name in names if names else s.default)]
