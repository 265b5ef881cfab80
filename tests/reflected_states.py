"""States of a robot in the mirror, written out by hand."""

import torch

from humanoid_gym.mirror import MirrorMap


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
        seen = extras[f"final_{name}"]
        image = reflection.apply(seen[:pairs])
        # a contact that one side has a bit earlier shows in the forces of that step
        torch.testing.assert_close(
            image[under_way], seen[pairs:][under_way], rtol=1e-3, atol=observation_tolerance
        )
    for name, term in extras["reward_terms"].items():
        a, b = term[:pairs][under_way], term[pairs:][under_way]
        torch.testing.assert_close(a, b, rtol=1e-3, atol=reward_tolerance, msg=name)
