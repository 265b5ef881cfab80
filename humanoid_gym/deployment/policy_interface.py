"""What is known of a policy whose task does not describe its robot: sizes, limits, rate.

Legacy task classes are such tasks. What their observations and actions mean is written in their
code, so nothing here says how a joint is driven, and no safety filter can act on it.
"""

import math
from dataclasses import dataclass, field
from typing import Any, Dict, Mapping, Optional, Tuple, Union

from humanoid_gym.config import ConfigError, build, to_dict
from humanoid_gym.deployment.description import (
    FORMAT,
    FORMAT_VERSION,
    Deployment,
    tagged,
    untagged,
)

INTERFACE_FORMAT = "humanoid_gym.policy_interface"
"""Tag by which metadata of this kind are recognized."""
INTERFACE_VERSION = 1
"""Raised whenever an older program would misunderstand what is written."""


@dataclass(frozen=True)
class PolicyInterface:
    """Everything that a policy's file says besides the network, without a robot."""

    task: str
    """Name of the task that the policy was trained in."""
    task_class: str
    """Where its class is, module:Class: what observations and actions mean is written there."""
    num_obs: int = field(metadata={"min": 1})
    """Columns of the observation."""
    num_actions: int = field(metadata={"min": 1})
    """Columns of the action."""
    control_rate: float = field(metadata={"above": 0.0})
    """Actions per second [Hz]."""
    clip_actions: Optional[float] = field(default=None, metadata={"above": 0.0})
    """Actions are limited to plus or minus this value, in the policy's file; None: not."""
    clip_observations: Optional[float] = field(default=None, metadata={"above": 0.0})
    """Observations are limited to plus or minus this value, in the policy's file; None: not."""
    dof_names: Tuple[str, ...] = ()
    """Degrees of freedom of an environment's first actor, in the order of its DOF states. Whether
    actions or observations have that order is the class's matter."""
    settings: Dict[str, Any] = field(default_factory=dict)
    """The dictionary that the class was made with; numbers that are not finite, as words."""
    origin: Dict[str, str] = field(default_factory=dict)
    """Where the policy comes from: checkpoint, iteration, versions."""

    def to_json(self) -> str:
        """Return the metadata as JSON; `from_json` reads it.

        Raises:
            ConfigError: a number is not finite or out of its range, so that it would refuse them.
        """
        content = to_dict(self)
        build(PolicyInterface, content, f"what is known of task {self.task}")
        return tagged(content, INTERFACE_FORMAT, INTERFACE_VERSION)

    @staticmethod
    def from_json(text: str, where: str) -> "PolicyInterface":
        """Read metadata.

        Args:
            text: what `to_json` returned.
            where: it came from, for messages.

        Raises:
            ConfigError: it is not metadata of this kind, of a newer version, or damaged.
        """
        _, content = untagged(text, {INTERFACE_FORMAT: INTERFACE_VERSION}, where)
        return build(PolicyInterface, content, where)


Description = Union[Deployment, PolicyInterface]
"""What is known of a policy, with or without its robot."""


def read_description(text: str, where: str) -> Description:
    """Read metadata of either kind.

    Raises:
        ConfigError: they are of neither, of a newer version, or damaged.
    """
    known = {FORMAT: FORMAT_VERSION, INTERFACE_FORMAT: INTERFACE_VERSION}
    kind, _ = untagged(text, known, where)
    reader = Deployment if kind == FORMAT else PolicyInterface
    return reader.from_json(text, where)


def robot_of(description: Description, where: str, without: str) -> Deployment:
    """Return a description, if it is one of a robot.

    Args:
        description: of a policy.
        where: it came from, for the message.
        without: what there cannot be without a robot, for the message, with a remedy of its own.

    Raises:
        ConfigError: it does not describe one.
    """
    if isinstance(description, Deployment):
        return description
    raise ConfigError(
        f"{where}: task {description.task} does not describe its robot, so {without}: implement "
        f"deployment() in {description.task_class}"
    )


def plain(settings: Mapping[str, Any]) -> Dict[str, Any]:
    """Return settings as JSON can hold them: what is no finite number, text or list as a word."""
    return {str(key): _plain(value) for key, value in settings.items()}


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever YAML holds
    if isinstance(value, Mapping):
        return plain(value)
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, (bool, int, float, str, type(None))) else str(value)
