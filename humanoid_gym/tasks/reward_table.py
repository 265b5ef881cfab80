"""Reward terms by name and scale: which are evaluated, and what they come to."""

import dataclasses
from functools import partial
from typing import Any, Callable, Dict, Mapping, NamedTuple

from torch import Tensor


class RewardTerm(NamedTuple):
    """One row of the reward table."""

    quantity: Callable[[Any], Tensor]
    """Returns the unscaled term, shape (num_envs,), of the step's named quantities."""
    scale: float
    """Factor to the reward, negative for a cost."""


def check_scales(scales: Any) -> None:  # noqa: ANN401 (a dataclass of numbers)
    """Refuse a table without any term.

    Raises:
        ValueError: every scale is 0.
    """
    if not any(getattr(scales, entry.name) for entry in dataclasses.fields(scales)):
        raise ValueError("every scale is 0; set at least one")


def terms_to_evaluate(
    scales: Any,  # noqa: ANN401 (a dataclass of numbers)
    functions: object,
    arguments: Mapping[str, Mapping[str, Any]],
    other: str,
) -> Dict[str, RewardTerm]:
    """Return the terms whose scale is not 0, by name.

    Args:
        scales: of all terms.
        functions: module with a function of the quantities for each term.
        arguments: what else these functions want, by term.
        other: the one term that is not a function of the quantities.
    """
    wanted = {entry.name: getattr(scales, entry.name) for entry in dataclasses.fields(scales)}
    return {
        name: RewardTerm(partial(getattr(functions, name), **arguments.get(name, {})), scale)
        for name, scale in wanted.items()
        if name != other and scale != 0.0
    }


def scaled(terms: Mapping[str, RewardTerm], quantities: object) -> Dict[str, Tensor]:
    """Return each term of a step times its scale, shape (num_envs,)."""
    return {name: term.quantity(quantities) * term.scale for name, term in terms.items()}
