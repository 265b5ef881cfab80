"""Saved networks: the names of earlier versions, and words for how two of them differ."""

from typing import Dict, List, Tuple

from torch import Tensor

_RENAMED = {"log_std": "action_std.raw"}
"""New names by those of checkpoints of format 1."""
_GATES = {3: "gru", 4: "lstm"}
"""Recurrent cells by their number of gates."""

State = Dict[str, Tensor]
"""An `ActorCritic`'s `state_dict()`."""


def upgraded(state: State) -> State:
    """Return saved tensors under the names that they have today."""
    return {_RENAMED.get(name, name): tensor for name, tensor in state.items()}


def difference(saved: State, own: State) -> Tuple[str, str]:
    """Describe how two networks differ, if they do.

    Args:
        saved: from a checkpoint, upgraded.
        own: of the networks that it is to be loaded into.

    Returns:
        Words for each of them; two empty strings if one can be loaded into the other.
    """
    shapes = [{name: tuple(t.shape) for name, t in state.items()} for state in (saved, own)]
    if shapes[0] == shapes[1]:
        return "", ""
    words = describe_network(saved), describe_network(own)
    if words[0] != words[1]:
        return words
    names = sorted({name for name, _ in set(shapes[0].items()) ^ set(shapes[1].items())})
    one, other = ([_shaped(name, shape) for name in names] for shape in shapes)
    return ", ".join(one), ", ".join(other)


def _shaped(name: str, shapes: Dict[str, Tuple[int, ...]]) -> str:
    return f"{name} {list(shapes[name])}" if name in shapes else f"no {name}"


def describe_network(state: State) -> str:
    """Name layer widths, for instance "actor 108-lstm 256-400-21, critic 108-lstm 256-400-1"."""
    parts = ["shared"] if any(name.startswith("shared.") for name in state) else []
    return ", ".join(f"{part} {_widths(state, part)}" for part in (*parts, "actor", "critic"))


def _widths(state: State, part: str) -> str:
    linear = [t for name, t in state.items() if name.startswith(f"{part}.") and t.dim() == 2]
    if not linear:
        return "(none)"
    cells = [t for name, t in state.items() if name.startswith(f"{part}_memory.") and t.dim() == 2]
    layers: List[str] = [str((*cells, *linear)[0].shape[1])]
    layers += [f"{_GATES[t.shape[0] // t.shape[1]]} {t.shape[1]}" for t in cells[1::2]]
    return "-".join([*layers, *(str(t.shape[0]) for t in linear)])
