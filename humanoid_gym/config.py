"""Strict configuration: nested mappings become frozen dataclasses, or an error that says why not.

A configuration class is a frozen dataclass with a docstring under each field. YAML and command
line only fill it; `build` is the one border where mappings become objects. A field states its
allowed range in its metadata::

    @dataclass(frozen=True)
    class PPOConfig:
        gamma: float = field(default=0.99, metadata={"min": 0.0, "max": 1.0})
        \"\"\"Discount per control step.\"\"\"

A class with an attribute `lists_keys = True` has all its keys named where one is unknown.

Metadata keys: `min` and `max` (inclusive), `above` and `below` (exclusive), `choices`. On a list,
tuple or dictionary they hold for each element. Numbers have to be finite; `infinite: True` allows
infinity where it means "no limit".
"""

import contextlib
import dataclasses
import difflib
import math
import typing
from dataclasses import dataclass, field
from typing import Any, Callable, Iterable, Mapping, Tuple, Type, TypeVar, Union

T = TypeVar("T")
Value = Any  # whatever YAML can hold
Hint = Any  # a resolved type annotation; typing offers no common base class

_NONE = type(None)
_BOUNDS: Tuple[Tuple[str, str, Callable[[Any, Any], bool]], ...] = (
    ("min", ">=", lambda value, bound: value >= bound),
    ("above", ">", lambda value, bound: value > bound),
    ("max", "<=", lambda value, bound: value <= bound),
    ("below", "<", lambda value, bound: value < bound),
)


class ConfigError(ValueError):
    """A configuration that cannot be used; the message is one line that says where and why."""


def nearest(name: str, names: Iterable[str]) -> str:
    """Return the valid name closest in spelling to `name`, or '' if there are no names at all."""
    lowered = {str(valid).lower(): str(valid) for valid in names}
    matches = difflib.get_close_matches(str(name).lower(), list(lowered), n=1, cutoff=0.0)
    return lowered[matches[0]] if matches else ""


def build(cls: Type[T], mapping: Mapping[str, Any], where: str) -> T:
    """Build a configuration dataclass from a nested mapping, strictly.

    Args:
        cls: dataclass to build. Supported field types: bool, int, float, str, nested dataclasses,
            Optional, Union, List, Tuple, Dict and Any.
        mapping: one entry per field; fields with a default may be missing.
        where: dotted path of the mapping in the whole configuration, for messages; '' at its top.

    Returns:
        The object. An int given for a float becomes a float; nothing else is converted.

    Raises:
        ConfigError: unknown or missing key, wrong type, or a value outside its allowed range.
    """
    if not isinstance(mapping, Mapping):
        raise ConfigError(_at(where, f"expected a group of settings, got {_shown(mapping)}"))
    fields = {f.name: f for f in dataclasses.fields(typing.cast(Any, cls)) if f.init}
    _check_keys(fields, mapping, where, list_all=getattr(cls, "lists_keys", False))
    hints = typing.get_type_hints(cls)
    values = {
        name: _field_value(
            mapping[name], hints[name], fields[name].metadata, f"{where}.{name}".lstrip(".")
        )
        for name in fields
        if name in mapping
    }
    try:
        return cls(**values)
    except ConfigError:
        raise
    except ValueError as error:  # a __post_init__ that checks fields against each other
        raise ConfigError(_at(where, str(error))) from error


def to_dict(config: object) -> Value:
    """Turn a configuration into plain dictionaries, lists and scalars, ready to write as YAML."""
    if dataclasses.is_dataclass(config):
        return {f.name: to_dict(getattr(config, f.name)) for f in dataclasses.fields(config)}
    if isinstance(config, Mapping):
        return {key: to_dict(value) for key, value in config.items()}
    if isinstance(config, (list, tuple)):
        return [to_dict(value) for value in config]
    return config


def _check_keys(
    fields: Mapping[str, "dataclasses.Field[Any]"],
    mapping: Mapping[str, Any],
    where: str,
    list_all: bool = False,
) -> None:
    for key in mapping:
        if key not in fields:
            hint = f"; nearest: '{nearest(key, fields)}'" if fields else ""
            hint += f" (available: {', '.join(fields)})" if list_all else ""
            raise ConfigError(_at(where, f"unknown key '{key}'{hint}"))
    for name, entry in fields.items():
        required = (
            entry.default is dataclasses.MISSING and entry.default_factory is dataclasses.MISSING
        )
        if required and name not in mapping:
            raise ConfigError(_at(where, f"missing key '{name}'"))


def _at(where: str, message: str) -> str:
    return f"{where}: {message}" if where else message


def _field_value(value: Value, hint: Hint, metadata: Mapping[str, Any], where: str) -> Value:
    value = _coerce(value, hint, where)
    _check_finite(value, metadata.get("infinite", False), where)
    if isinstance(value, (list, tuple)):
        elements = {f"{where}[{i}]": element for i, element in enumerate(value)}
    elif isinstance(value, Mapping):
        elements = {f"{where}.{key}": element for key, element in value.items()}
    else:
        elements = {where: value}
    for place, element in elements.items():
        if element is not None and not dataclasses.is_dataclass(element):
            _check_range(element, metadata, place)
    return value


def _check_finite(value: Value, infinite: bool, where: str) -> None:
    """Refuse NaN, and infinity unless it is allowed, in a number or in containers of numbers."""
    if isinstance(value, (list, tuple)):
        for i, element in enumerate(value):
            _check_finite(element, infinite, f"{where}[{i}]")
    elif isinstance(value, Mapping):
        for key, element in value.items():
            _check_finite(element, infinite, f"{where}.{key}")
    elif isinstance(value, float) and (math.isnan(value) or (math.isinf(value) and not infinite)):
        expected = "a number" if infinite else "a finite number"
        raise ConfigError(f"{where}: expected {expected}, got {value}")


def _check_range(value: Value, metadata: Mapping[str, Any], where: str) -> None:
    choices = metadata.get("choices")
    if choices is not None and value not in choices:
        names = ", ".join(str(choice) for choice in choices)
        hint = f"; nearest: '{nearest(value, choices)}'" if isinstance(value, str) else ""
        raise ConfigError(f"{where}: {value!r} is not one of {names}{hint}")
    rules = [(sign, metadata[key], holds) for key, sign, holds in _BOUNDS if key in metadata]
    if not all(holds(value, bound) for _, bound, holds in rules):
        allowed = " and ".join(
            f"{sign} {bound if isinstance(bound, int) else format(bound, 'g')}"
            for sign, bound, _ in rules
        )
        raise ConfigError(f"{where}: must be {allowed}, got {value!r}")


def _coerce(value: Value, hint: Hint, where: str) -> Value:
    if hint is Any:
        return value
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return value if isinstance(value, hint) else build(hint, value, where)
    origin = typing.get_origin(hint)
    if origin is Union:
        return _coerce_union(value, hint, where)
    if origin in _CONTAINERS:
        return _CONTAINERS[origin](value, hint, where)
    return _coerce_scalar(value, hint, where)


def _coerce_scalar(value: Value, hint: Hint, where: str) -> Value:
    # bool is a subclass of int, but `num_envs: true` is a mistake
    given = type(value)
    if hint is float and given in (int, float):
        return float(value)
    if hint is not float and issubclass(given, hint) and (given is bool) == (hint is bool):
        return value
    raise _wrong_type(value, hint, where)


def _coerce_union(value: Value, hint: Hint, where: str) -> Value:
    options = typing.get_args(hint)
    if value is None and _NONE in options:
        return None
    candidates = [option for option in options if option is not _NONE]
    if len(candidates) == 1:
        return _coerce(value, candidates[0], where)
    for option in candidates:
        with contextlib.suppress(ConfigError):
            return _coerce(value, option, where)
    raise _wrong_type(value, hint, where)


def _coerce_list(value: Value, hint: Hint, where: str) -> Value:
    if not isinstance(value, (list, tuple)):
        raise _wrong_type(value, hint, where)
    (element,) = typing.get_args(hint)
    return [_coerce(v, element, f"{where}[{i}]") for i, v in enumerate(value)]


def _coerce_tuple(value: Value, hint: Hint, where: str) -> Value:
    if not isinstance(value, (list, tuple)):
        raise _wrong_type(value, hint, where)
    elements = typing.get_args(hint)
    if len(elements) == 2 and elements[1] is Ellipsis:
        elements = (elements[0],) * len(value)
    if len(elements) != len(value):
        raise ConfigError(
            f"{where}: expected {len(elements)} values, got {len(value)}: {list(value)!r}"
        )
    return tuple(_coerce(v, e, f"{where}[{i}]") for i, (v, e) in enumerate(zip(value, elements)))


def _coerce_dict(value: Value, hint: Hint, where: str) -> Value:
    if not isinstance(value, Mapping):
        raise _wrong_type(value, hint, where)
    key_type, element = typing.get_args(hint)
    return {
        _coerce(k, key_type, f"{where} (key)"): _coerce(v, element, f"{where}.{k}")
        for k, v in value.items()
    }


_CONTAINERS = {list: _coerce_list, tuple: _coerce_tuple, dict: _coerce_dict}


def _wrong_type(value: Value, hint: Hint, where: str) -> ConfigError:
    return ConfigError(f"{where}: expected {_type_name(hint)}, got {_shown(value)}")


def _type_name(hint: Hint) -> str:
    if hint is _NONE:
        return "null"
    arguments = typing.get_args(hint)
    if typing.get_origin(hint) is Union:
        return " or ".join(_type_name(option) for option in arguments)
    if typing.get_origin(hint) in (list, tuple):
        names = [_type_name(option) for option in arguments if option is not Ellipsis]
        return f"a list of {', '.join(names)}"
    if typing.get_origin(hint) is dict or dataclasses.is_dataclass(hint):
        return "a group of settings"
    if isinstance(hint, type):
        return hint.__name__
    return str(hint).replace("typing.", "")


def _shown(value: Value) -> str:
    return "null" if value is None else f"{type(value).__name__} {value!r}"


@dataclass(frozen=True)
class PhysXConfig:
    """Contact solver settings of Isaac Gym's PhysX engine.

    They take effect where NVIDIA's package runs the simulation. The embedded engine has one
    documented table of contact parameters of its own and logs once that these have no effect.
    """

    solver_type: int = field(default=1, metadata={"choices": (0, 1)})
    """0: projected Gauss-Seidel, 1: temporal Gauss-Seidel."""
    num_position_iterations: int = field(default=4, metadata={"min": 1, "max": 255})
    """Solver iterations for positions, per substep."""
    num_velocity_iterations: int = field(default=0, metadata={"min": 0, "max": 255})
    """Solver iterations for velocities, per substep."""
    contact_offset: float = field(default=0.02, metadata={"min": 0.0})
    """Distance at which contacts are generated [m]."""
    rest_offset: float = 0.0
    """Distance at which shapes come to rest [m]."""
    bounce_threshold_velocity: float = field(default=0.2, metadata={"min": 0.0})
    """Relative speed below which a contact does not bounce [m/s]."""
    max_depenetration_velocity: float = field(default=10.0, metadata={"above": 0.0})
    """Largest speed that pushes overlapping shapes apart [m/s]."""


@dataclass(frozen=True)
class SimConfig:
    """Simulation settings shared by every task."""

    dt: float = field(default=1.0 / 60.0, metadata={"above": 0.0, "max": 1.0})
    """Time that one simulation step advances [s]."""
    substeps: int = field(default=2, metadata={"min": 1, "max": 1000})
    """Physics steps per simulation step; each advances dt / substeps."""
    up_axis: str = field(default="z", metadata={"choices": ("y", "z")})
    """World axis that points up."""
    gravity: Tuple[float, float, float] = (0.0, 0.0, -9.81)
    """Gravitational acceleration, world frame [m/s^2]."""
    num_threads: int = field(default=0, metadata={"min": 0})
    """Threads of the CPU simulation; 0: all cores available to the process."""
    physx: PhysXConfig = field(default_factory=PhysXConfig)
    """Contact solver of NVIDIA's engine."""
