"""Typed attributes of the value and parameter classes that a program sets by assignment.

A class that derives from `Record` lists its attributes as fields: `dt = FloatField(1 / 60)`.
Assignment coerces and checks; a name that is not a field is an AttributeError with the nearest one.
"""

import difflib
import math
from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar, overload

import numpy as np

Value = TypeVar("Value")
Enum = TypeVar("Enum", bound=IntEnum)


def as_scalar(value: Any) -> Any:  # noqa: ANN401 (what a program assigns; float() and int() judge it)
    """The one number in a 0-d or one-element array or tensor; other values as they are.

    Raises:
        TypeError: value is an array or tensor of another size, a string or None.
    """
    if hasattr(value, "item") and hasattr(value, "shape"):
        # NumPy's float() refuses 1-d arrays, which programs do assign.
        if math.prod(value.shape) != 1:
            raise TypeError(f"one number expected, got shape {tuple(value.shape)}")
        return value.item()
    if isinstance(value, str | bytes) or value is None:
        raise TypeError(f"a number expected, got {value!r}")
    return value


class Field(Generic[Value]):
    """One attribute of a Record.

    Args:
        default: value of a new object.
        has_effect: False where MuJoCo has no counterpart and the value is only stored.
        read_only: True where only the engine sets it.
    """

    name: str = ""

    def __init__(self, default: Value, *, has_effect: bool = True, read_only: bool = False) -> None:
        self.default = default
        self.has_effect = has_effect
        self.read_only = read_only

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type) -> Value: ...

    def __get__(self, instance: object | None, owner: type) -> "Self | Value":
        return self if instance is None else instance.__dict__[self.name]

    def __set__(self, instance: object, value: object) -> None:
        if self.read_only:
            raise AttributeError(f"{type(instance).__name__}.{self.name} is read-only")
        self.store(instance, value)

    def store(self, instance: object, value: object) -> None:
        """Set the attribute, read-only or not.

        Raises:
            TypeError: value cannot be converted.
            ValueError: value is not one of the allowed ones.
        """
        try:
            instance.__dict__[self.name] = self.coerce(value)
        except (TypeError, ValueError, OverflowError) as error:
            kind = ValueError if isinstance(error, ValueError) else TypeError
            raise kind(f"{type(instance).__name__}.{self.name}: {error}") from None

    def coerce(self, value: object) -> Value:
        """Value as this field stores it."""
        raise NotImplementedError

    def new_default(self) -> Value:
        """Value of the attribute in a new object."""
        return self.default

    def is_default(self, instance: object) -> bool:
        """Whether the attribute still has the value of a new object."""
        return instance.__dict__[self.name] == self.default


class FloatField(Field[float]):
    """A number; one-element arrays and tensors are accepted."""

    def coerce(self, value: object) -> float:
        """Value as float."""
        return value if type(value) is float else float(as_scalar(value))


class Float32Field(FloatField):
    """A number that reads as the nearest float32, which is what Isaac Gym stores.

    Programs round what they read up or down: ceil(0.02 / 0.005) is 4, but 5 with the float32 next
    to 0.005, and a buffer made by a program for Isaac Gym has that many places.
    """

    if not TYPE_CHECKING:  # typed as the base class types it

        def __get__(self, instance: object | None, owner: type) -> object:
            return self if instance is None else float(np.float32(self.as_set(instance)))

    def as_set(self, instance: object) -> float:
        """The number that was assigned."""
        return instance.__dict__[self.name]


class IntField(Field[int]):
    """A whole number; a float is accepted where it is whole."""

    def coerce(self, value: object) -> int:
        """Value as int."""
        scalar = as_scalar(value)
        if isinstance(scalar, float) and not scalar.is_integer():
            raise TypeError(f"a whole number expected, got {scalar!r}")
        return int(scalar)


class BoolField(Field[bool]):
    """A truth value; strings are refused, since bool("False") is True."""

    def coerce(self, value: object) -> bool:
        """Value as bool."""
        scalar = as_scalar(value)
        if not isinstance(scalar, bool | int | float):
            raise TypeError(f"a truth value expected, got {scalar!r}")
        return bool(scalar)


class StringField(Field[str]):
    """A text."""

    def coerce(self, value: object) -> str:
        """Value as str."""
        if not isinstance(value, str):
            raise TypeError(f"a str expected, got {value!r}")
        return value


class EnumField(Field[Enum]):
    """A member of an enumeration, or its integer."""

    def __init__(
        self,
        kind: type[Enum],
        default: Enum,
        *,
        has_effect: bool = True,
        read_only: bool = False,
    ) -> None:
        super().__init__(default, has_effect=has_effect, read_only=read_only)
        self.kind = kind

    def coerce(self, value: object) -> Enum:
        """Value as a member."""
        kind = self.kind
        scalar = as_scalar(value)
        try:
            return kind(scalar)
        except ValueError:
            names = ", ".join(f"{member.name}={int(member)}" for member in kind)
            raise ValueError(f"{scalar!r} is none of {names}") from None


class Record:
    """A set of typed attributes: positional values in field order, keywords, defaults for the rest.

    Equality compares values; objects are mutable and therefore not hashable.
    """

    _fields: ClassVar[dict[str, Field]] = {}
    _nested: ClassVar[tuple[str, ...]] = ()
    """Fields that hold records."""

    def __init_subclass__(cls) -> None:
        own = {name: value for name, value in vars(cls).items() if isinstance(value, Field)}
        cls._fields = {**cls._fields, **own}
        cls._nested = tuple(n for n, field in cls._fields.items() if isinstance(field, RecordField))

    def __init__(self, *values: object, **named: object) -> None:
        fields = self._fields
        if len(values) > len(fields):
            raise TypeError(
                f"{type(self).__name__} takes at most {len(fields)} values, got {len(values)}"
            )
        for name, field in fields.items():
            self.__dict__[name] = field.new_default()
        for name, value in zip(fields, values, strict=False):
            fields[name].store(self, value)
        for name, value in named.items():
            if name not in fields:
                raise TypeError(self._unknown(name))
            fields[name].store(self, value)

    def __setattr__(self, name: str, value: object) -> None:
        field = self._fields.get(name)
        if field is None:
            raise AttributeError(self._unknown(name))
        field.__set__(self, value)

    if not TYPE_CHECKING:  # a visible __getattr__ would hide wrong names from the type checker

        def __getattr__(self, name: str) -> object:
            # Only reached for a missing name; protocols such as copy and NumPy probe dunder names.
            raise AttributeError(name if name.startswith("__") else self._unknown(name))

    def __deepcopy__(self, memo: object) -> Self:
        return copy_of(self)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self._fields)

    __hash__ = None  # pyright: ignore[reportAssignmentType] (mutable, compared by value)

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._fields)
        return f"{type(self).__name__}({values})"

    def _unknown(self, name: str) -> str:
        nearest = difflib.get_close_matches(name, self._fields, n=1, cutoff=0.0)
        hint = f"; nearest: {nearest[0]!r}" if nearest else ""
        return f"{type(self).__name__} has no attribute {name!r}{hint}"


SomeRecord = TypeVar("SomeRecord", bound=Record)


def copy_of(record: SomeRecord) -> SomeRecord:
    """Independent copy, nested records included.

    Programs copy hundreds of thousands of property objects, hence no constructor and no loop over
    the values.
    """
    twin = object.__new__(type(record))
    values = twin.__dict__
    values.update(record.__dict__)
    for name in record._nested:
        nested = values[name]
        values[name] = nested if type(nested) is list else copy_of(nested)
    return twin


def record_of(kind: type[SomeRecord], values: Iterable[Any]) -> SomeRecord:
    """A record of values that are known to be right, one per field in their order.

    A nested record may be given as the list of its values, which is never changed in place.
    """
    record = object.__new__(kind)
    record.__dict__.update(zip(kind._fields, values, strict=True))
    return record


def values_of(record: Record | list[Any]) -> list[Any]:
    """The values of a record in the order of its fields; those of nested ones as lists in it."""
    if type(record) is list:
        return record
    return [
        values_of(value) if isinstance(value, Record) else value
        for value in record.__dict__.values()
    ]


class RecordField(Field[SomeRecord]):
    """A nested record: reading gives the live object, assigning copies the value into it.

    Until it is first read, the record may be kept as the list of its values: making thousands of
    objects that nobody looks at takes long.

    Assignment also accepts the values as a tuple, list, array, tensor or structured NumPy scalar.
    """

    if not TYPE_CHECKING:  # typed as the base class types it

        def __get__(self, instance: object | None, owner: type) -> object:
            value = self if instance is None else instance.__dict__[self.name]
            if type(value) is list:
                value = instance.__dict__[self.name] = record_of(type(self.default), value)
            return value

    def new_default(self) -> SomeRecord:
        """Copy of the default that belongs to one object."""
        return copy_of(self.default)

    def coerce(self, value: object) -> SomeRecord:
        """Value as a record of its own."""
        kind = type(self.default)
        if isinstance(value, kind):
            return copy_of(value)
        if isinstance(value, np.ndarray | np.void) and value.dtype.names and value.size == 1:
            value = value.item()  # the fields as nested tuples
        if isinstance(value, Record | Mapping | str) or not isinstance(value, Iterable):
            raise TypeError(f"{kind.__name__} expected, got {value!r}")
        values = list(value)
        if len(values) != len(kind._fields):
            raise TypeError(f"{kind.__name__} has {len(kind._fields)} values, got {len(values)}")
        return kind(*values)
