"""One formula for NumPy and torch: which of them an array is of, without importing torch.

The functions of this package take arrays of either kind and use only what both call the same:
`where`, `clip`, `stack`, `isfinite`, and reductions with the axis as second argument.
"""

import sys
from typing import Any

import numpy as np

Array = Any  # numpy.ndarray or torch.Tensor; they share no type that could be named
Namespace = Any  # the module numpy or torch
Values = Any  # numbers, and nested sequences of them


def namespace(array: Array) -> Namespace:
    """Return the module, numpy or torch, whose functions take this array."""
    return sys.modules[type(array).__module__.partition(".")[0]]


def like(example: Array, values: Values) -> Array:
    """Return values as an array of the kind, precision and device of another.

    Args:
        example: floating-point array.
        values: numbers.
    """
    if namespace(example) is np:
        return np.asarray(values, dtype=example.dtype)
    return example.new_tensor(np.asarray(values))


def indices_like(example: Array, values: Values) -> Array:
    """Return whole numbers as an array that indexes arrays of the kind and device of another."""
    if namespace(example) is np:
        return np.asarray(values, dtype=np.int64)
    return namespace(example).as_tensor(values, device=example.device).long()
