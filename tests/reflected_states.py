"""States of a robot in the mirror, written out by hand."""

from collections.abc import Sequence

import torch

from humanoid_gym.mirror import MirrorMap
from humanoid_gym.tasks.legged.legged_robot import LeggedRobot

EVEN_JOINTS = ("pitch", "knee", "elbow")
"""Endings of the names of humanoid24's joints whose numbers keep their signs."""


def mirrored_joints(names: Sequence[str], values: torch.Tensor) -> torch.Tensor:
    """Reflect one number per joint of humanoid24: sides change places, roll and yaw change signs.

    Args:
        names: of the joints.
        values: shape (N, joints).
    """
    image = torch.empty_like(values)
    for i, name in enumerate(names):
        side, _, joint = name.partition("_")
        other = {"left": f"right_{joint}", "right": f"left_{joint}"}.get(side, name)
        sign = 1.0 if name.endswith(EVEN_JOINTS) else -1.0
        image[:, i] = values[:, names.index(other)] * sign
    return image


def mirrored_root(root: torch.Tensor) -> torch.Tensor:
    """Reflect in y = 0: of a quaternion, x and z of the axis; of a spin, x and z."""
    position = [1.0, -1.0, 1.0]
    spin = [-1.0, 1.0, -1.0]
    return root * torch.tensor([*position, *spin, 1.0, *position, *spin])


def assert_mirrored_step(
    extras: dict,
    mirror: MirrorMap,
    under_way: torch.Tensor,
    observation_tolerance: float,
    reward_tolerance: float,
) -> None:
    """Check that the second half of the environments stepped as the first one in the mirror.

    Args:
        extras: of the step.
        mirror: of the task.
        under_way: pairs to compare, shape (pairs,) bool.
        observation_tolerance: absolute, of observations and states; the relative one is 1e-3.
        reward_tolerance: absolute, of each reward term.
    """
    pairs = len(under_way)
    for name, reflection in (("observation", mirror.obs), ("states", mirror.states)):
        assert reflection is not None
        seen = extras[f"final_{name}"]
        image = reflection.apply(seen[:pairs])
        # a contact that one side has a bit earlier shows in the forces of that step
        torch.testing.assert_close(
            image[under_way], seen[pairs:][under_way], rtol=1e-3, atol=observation_tolerance
        )
    for name, term in extras["reward_terms"].items():
        a, b = term[:pairs][under_way], term[pairs:][under_way]
        torch.testing.assert_close(a, b, rtol=1e-3, atol=reward_tolerance, msg=name)


def assert_told_apart(differs: torch.Tensor, mirror: MirrorMap) -> None:
    """Check that no sign was compared with zero: what changes in the mirror differed in some pair.

    Args:
        differs: largest difference of each of the states' columns within any pair.
        mirror: of the task.
    """
    assert mirror.states is not None
    places = torch.arange(mirror.states.width)
    moved = torch.tensor(mirror.states.source) != places
    changing = moved | (torch.tensor(mirror.states.sign) < 0.0)
    assert (differs[changing] > 1e-3).all()


def assert_mirrored_steps(task: LeggedRobot, pairs: int) -> None:
    """Step humanoid24s whose second half is the first one in the mirror, with mirrored actions.

    Args:
        task: of 2 pairs environments.
        pairs: of environments.
    """
    mirror = task.mirror()
    assert mirror is not None
    draw = torch.Generator().manual_seed(1)
    under_way = torch.ones(pairs, dtype=torch.bool)  # a new episode begins with its own noise
    differs = torch.zeros(task.num_states)
    for _ in range(12):
        action = torch.randn(pairs, task.num_actions, generator=draw) * 0.4
        image = mirrored_joints(task.robot.joint_names, action)
        _, _, done, extras = task.step(torch.cat([action, image]))
        assert_mirrored_step(extras, mirror, under_way, 2e-3, 1e-3)
        torch.testing.assert_close(done[:pairs][under_way], done[pairs:][under_way])
        under_way &= ~done[:pairs].bool()
        states = extras["final_states"]
        differs = torch.maximum(differs, (states[:pairs] - states[pairs:]).abs().amax(0))
    assert under_way.sum() > pairs // 2
    assert_told_apart(differs, mirror)
