"""Where random numbers go on when a run continues."""

import logging

import torch
from torch import Tensor

_log = logging.getLogger(__name__)


def continue_random_numbers(generator: torch.Generator, state: Tensor, whose: str) -> None:
    """Let a generator go on from a saved state, unless it is that of another kind of device.

    Args:
        generator: of this run.
        state: saved, on the CPU; the generator of a GPU has one of another size.
        whose: who drew from it, for the line that tells of another kind of device.
    """
    if len(state) == len(generator.get_state()):
        generator.set_state(state)
        return
    _log.warning(
        "the saved %s drew random numbers on another kind of device than %s; new ones follow from "
        "the seed",
        whose,
        generator.device,
    )
