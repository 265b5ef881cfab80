"""What is measured in an episode: names, units, and which direction is better."""

from typing import Dict, NamedTuple


class Metric(NamedTuple):
    """One number of an episode."""

    unit: str
    """'1' if it has none."""
    description: str
    """One line for reports."""
    better: int = 0
    """+1: more is better; -1: less is; 0: neither."""


RETURN, SURVIVAL, DURATION = "return", "survival", "duration"

METRICS: Dict[str, Metric] = {
    RETURN: Metric("1", "sum of rewards", +1),
    SURVIVAL: Metric("1", "episodes that end by time-out: rate with Wilson's interval", +1),
    DURATION: Metric("s", "length of an episode", +1),
    "speed": Metric("m/s", "mean horizontal speed of the base"),
    "tilt": Metric("deg", "mean angle between the base's upright axis and the vertical", -1),
    "largest_tilt": Metric("deg", "largest such angle", -1),
    "angular_speed": Metric("rad/s", "root mean square of the base's roll and pitch rates", -1),
    "height_deviation": Metric("m", "standard deviation of the base's height", -1),
    "power": Metric("W", "mean of the sum over joints of |torque x speed|", -1),
    "cost_of_transport": Metric("1", "energy / (weight x distance walked)", -1),
    "torque_margin": Metric("1", "mean over time of 1 - torque / limit in the fullest motor", +1),
    "torque_saturation": Metric("1", "part of all motors and steps at 98 % of the limit", -1),
    "joint_margin": Metric(
        "1", "mean over time of the way to the nearest joint limit / half the joint's range", +1
    ),
    "joint_at_limit": Metric("1", "part of all joints and steps within 2 % of a limit", -1),
}
"""Every metric that does not come from the task, in the order of tables."""

NEED_FREE_BASE = (
    "speed", "tilt", "largest_tilt", "angular_speed", "height_deviation", "cost_of_transport",
)  # fmt: skip
NEED_JOINTS = ("joint_margin", "joint_at_limit")
NEED_TORQUE = ("power", "cost_of_transport", "torque_margin", "torque_saturation")
FROM_TASK = "task/"
"""Prefix of what the task itself reports, averaged over the episode."""


FROM_TASK_UNITS = {
    "forward_speed": "m/s",
    "velocity_error": "m/s",
    "yaw_rate_error": "rad/s",
    "power": "W",
    "distance": "m",
}
"""Units of what our tasks report, by name, where it is not a count or a ratio."""


def metric(name: str) -> Metric:
    """Return a metric's row; of the task's own ones, what their names tell."""
    if name in METRICS:
        return METRICS[name]
    better = -1 if "error" in name else 0
    unit = FROM_TASK_UNITS.get(name[len(FROM_TASK) :], "")
    return Metric(unit, f"mean over the episode, as reported by the task: {name}", better)
