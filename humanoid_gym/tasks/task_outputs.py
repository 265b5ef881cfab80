"""What the methods of a task return, looked at before it is used: shapes only, no values."""

from typing import TYPE_CHECKING, Any, Dict, Mapping

import torch
from torch import Tensor

if TYPE_CHECKING:
    from humanoid_gym.tasks.vec_task import VecTask


def by_name(task: "VecTask", method: str, values: Any) -> Dict[str, Tensor]:  # noqa: ANN401
    """Return numbers by name as a method of a task returned them, shape (num_envs,) each.

    Raises:
        TypeError: it returned something else than a mapping of tensors.
        ValueError: a tensor has another shape.
    """
    if not isinstance(values, Mapping):
        raise TypeError(
            f"{_place(task, method)} has to return tensors by name, {{'upright': tensor}}, but "
            f"returned {_described(values)}"
        )
    for name, value in values.items():
        if not isinstance(value, Tensor):
            raise TypeError(
                f"{_place(task, method)}: '{name}' has to be a tensor, not {_described(value)}"
            )
        _check_shape(task, f"{_place(task, method)}: '{name}'", value)
    return dict(values)


def rewards(task: "VecTask", values: Any) -> Dict[str, Tensor]:  # noqa: ANN401
    """Return the reward terms of a task, as in `by_name`.

    Raises:
        TypeError, ValueError: as in `by_name`, or there is no term.
    """
    terms = by_name(task, "compute_reward", values)
    if not terms:
        raise ValueError(f"{_place(task, 'compute_reward')} returned no term; return at least one")
    return terms


def mask(task: "VecTask", method: str, value: Any) -> Tensor:  # noqa: ANN401
    """Return a mask as a method of a task returned it, shape (num_envs,) bool.

    Raises:
        TypeError: it returned something else than a tensor of truth values.
        ValueError: it has another shape.
    """
    if not isinstance(value, Tensor) or value.dtype != torch.bool:
        raise TypeError(
            f"{_place(task, method)} has to return a tensor of bool, such as height < 0.5, but "
            f"returned {_described(value)}"
        )
    _check_shape(task, _place(task, method), value)
    return value


def buffer(task: "VecTask", name: str, width: int) -> Tensor:
    """Return a buffer that a task filled, or put another tensor in the place of.

    Raises:
        ValueError: that tensor has another shape.
    """
    value = getattr(task, name)
    if value.shape != (task.num_envs, width):
        raise ValueError(
            f"{_place(task, name)} has to have the columns that the task states, shape "
            f"({task.num_envs}, {width}), but has shape {tuple(value.shape)}"
        )
    return value


def _check_shape(task: "VecTask", what: str, value: Tensor) -> None:
    if value.shape != (task.num_envs,):
        raise ValueError(
            f"{what} has to have one value for each environment, shape ({task.num_envs},), but has "
            f"shape {tuple(value.shape)}"
        )


def _place(task: "VecTask", method: str) -> str:
    return f"{type(task).__name__}.{method}"


def _described(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, Tensor):
        return f"a tensor of {str(value.dtype).replace('torch.', '')}, shape {tuple(value.shape)}"
    return f"{type(value).__name__}: {value!r}"[:80]
