"""Pickles of arrays and plain containers, of which nothing else is ever called.

A pickle is a program that may call anything. Here it can call what is in this file: stand-ins for
what NumPy's arrays are made with, as NumPy's own believe what a file says of memory. All else is
refused by name. joblib writes pickles, too, with an array's bytes behind the place where it
belongs.
"""

import collections
import io
import pickle
import re
import struct
from pathlib import Path
from typing import Any, Callable, ClassVar, Dict, Mapping, Optional, Tuple, cast

import numpy as np

from humanoid_gym.config import ConfigError
from humanoid_gym.motion.stored_arrays import printable, reason

_PYTHON_UNPICKLER: Any = cast(Any, pickle)._Unpickler  # the one that subclasses can extend
_BUILD, _BYTEARRAY8 = pickle.BUILD[0], pickle.BYTEARRAY8[0]
_PLAIN = re.compile(r"[biufcSU][1-9][0-9]{0,5}")
"""Codes of dtypes: truth values, numbers and texts."""
_State = Any  # whatever plain data a file holds


class _Refused(pickle.UnpicklingError):
    """Something that is no plain data."""


class _Dtype:
    """Stands for `numpy.dtype`."""

    def __init__(self, code: str, align: bool = False, copy: bool = False) -> None:
        if not (isinstance(code, str) and _PLAIN.fullmatch(code)):
            raise _Refused(f"an array of dtype {code}")
        self.dtype = np.dtype(code)

    def __setstate__(self, state: _State) -> None:
        self.dtype = self.dtype.newbyteorder(state[1])


class _Array:
    """Stands for `numpy.ndarray`: made empty, given its shape and bytes afterwards."""

    value: Optional[np.ndarray] = None

    def __setstate__(self, state: _State) -> None:
        _, shape, dtype, columns_first, content = state
        self.value = _filled(shape, dtype, "F" if columns_first else "C", content)

    def __array__(
        self, dtype: Optional[np.dtype] = None, copy: Optional[bool] = None
    ) -> np.ndarray:
        if self.value is None:
            raise ValueError("an array without content")
        return self.value if dtype is None else self.value.astype(dtype)


class _BytesBehind:
    """Stands for an array in a file of joblib: what its bytes mean, which come next."""

    def __setstate__(self, state: Mapping[str, _State]) -> None:
        self.shape, self.dtype, self.order = (state[k] for k in ("shape", "dtype", "order"))
        self.aligned = "numpy_array_alignment_bytes" in state

    def read(self, file: io.BytesIO) -> np.ndarray:
        """Return the array whose bytes the file has next."""
        if self.aligned:
            file.read(file.read(1)[0])
        size = int(np.prod(self.shape, dtype=np.int64)) * self.dtype.dtype.itemsize
        return _filled(self.shape, self.dtype, self.order, file.read(size))


def _filled(shape: _State, dtype: _State, order: _State, content: _State) -> np.ndarray:
    """Return an array of bytes that it checks to be enough."""
    if not isinstance(dtype, _Dtype):
        raise _Refused(f"an array of {type(dtype).__name__}")
    return np.ndarray(shape, dtype.dtype, buffer=content, order="F" if order == "F" else "C")


def _empty(kind: _State, shape: _State, code: _State) -> _Array:
    """Stand for what arrays begin with."""
    return _Array()


def _scalar(dtype: _State, content: _State) -> _State:
    """Return a number."""
    return _filled((1,), dtype, "C", content)[0]


def _of_buffer(content: _State, dtype: _State, shape: _State, order: _State) -> np.ndarray:
    """Return an array as protocol 5 stores it."""
    return _filled(shape, dtype, order, content)


def _latin(text: str, encoding: str) -> bytes:
    """Return bytes that an old protocol wrote as text."""
    if encoding != "latin1":
        raise _Refused(f"bytes as {encoding}")
    return text.encode("latin1")


_ADMITTED: Mapping[Tuple[str, str], Callable[..., Any]] = {
    **{
        (f"numpy.{core}.{module}", name): function
        for core in ("core", "_core")  # of NumPy 1 and 2
        for module, name, function in (
            ("multiarray", "_reconstruct", _empty),
            ("multiarray", "scalar", _scalar),
            ("numeric", "_frombuffer", _of_buffer),
        )
    },
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Dtype,
    ("joblib.numpy_pickle", "NumpyArrayWrapper"): _BytesBehind,
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("builtins", "set"): set,
    ("builtins", "frozenset"): frozenset,
    ("_codecs", "encode"): _latin,
}
"""What a pickle may call, by module and name."""


class _ArrayUnpickler(_PYTHON_UNPICKLER):
    """Makes plain data only."""

    dispatch: ClassVar[Dict[int, Callable[..., None]]] = dict(_PYTHON_UNPICKLER.dispatch)

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self._file = file

    def find_class(self, module: str, name: str) -> Callable[..., Any]:
        """Return what a pickle names, if it may be called."""
        found = _ADMITTED.get((module, name))
        if found is None:
            raise _Refused(f"{module}.{name}")
        return found

    def load_build(self) -> None:
        """Give an object its state, and an array of joblib its bytes."""
        state, made = self.stack.pop(), self.stack[-1]
        if not isinstance(made, (_Dtype, _Array, _BytesBehind)):
            raise _Refused(f"a state of {type(made).__name__}")
        made.__setstate__(state)
        if isinstance(made, _BytesBehind):
            self.stack[-1] = made.read(self._file)

    def load_bytearray8(self) -> None:
        """Read bytes of an array; a length that the file does not have takes no memory."""
        (length,) = struct.unpack("<Q", self.read(8))
        self.append(self.read(length))

    dispatch[_BUILD] = load_build
    dispatch[_BYTEARRAY8] = load_bytearray8


def load_arrays(path: Path) -> Any:  # noqa: ANN401 - whatever plain data the file holds
    """Return what a pickle of NumPy arrays, numbers, texts and plain containers holds.

    Raises:
        ConfigError: it holds anything else, which is not made, or is damaged.
        OSError: the file cannot be read.
    """
    file = io.BytesIO(path.read_bytes())
    try:
        return _ArrayUnpickler(file).load()
    except _Refused as error:
        raise ConfigError(
            f"{path}: refused, as pickles may run programs: it holds {printable(str(error))}; only "
            "NumPy arrays, numbers, texts and containers of them are read, so write them as such"
        ) from error
    except Exception as error:  # a damaged one can fail in any way
        raise ConfigError(f"{path}: not readable as a pickle: {reason(error)}") from error
