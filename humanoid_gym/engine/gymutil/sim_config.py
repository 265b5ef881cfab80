"""Reading simulation parameters from the dictionaries of Isaac Gym programs."""

import argparse
from collections.abc import Mapping
from typing import Any

from humanoid_gym.engine.values.fields import BoolField, FloatField, Record, as_scalar
from humanoid_gym.engine.values.parameters import FlexParams, PhysXParams, SimParams

_TRUE = ("true", "yes", "on", "t", "y", "1")
_FALSE = ("false", "no", "off", "f", "n", "0")


def parse_bool(value: object) -> bool:
    """Truth of a bool, a number or a word such as true, yes, on, y, 1, false, no, off, n, 0.

    Raises:
        argparse.ArgumentTypeError: anything else.
    """
    if isinstance(value, bool | int | float):
        return bool(value)
    word = value.strip().lower() if isinstance(value, str) else ""
    if word not in _TRUE + _FALSE:
        raise argparse.ArgumentTypeError(f"a truth value expected, got {value!r}")
    return word in _TRUE


def parse_float_int_bool(options: Mapping[str, Any], params: Record) -> None:
    """Set those attributes of params that the options name; others are ignored.

    Numbers may be given as text, as YAML gives `1e-3`.

    Raises:
        ValueError: a value that cannot be converted, named with its key.
    """
    for name, value in options.items():
        field = params._fields.get(name)
        if field is None or isinstance(value, Mapping):
            continue
        try:
            if isinstance(field, BoolField):
                value = parse_bool(as_scalar(value) if not isinstance(value, str) else value)
            elif isinstance(value, str):
                whole = not isinstance(field, FloatField) and value.strip().lstrip("+-").isdigit()
                value = int(value) if whole else float(value)
            setattr(params, name, value)
        except (TypeError, ValueError, argparse.ArgumentTypeError) as error:
            raise ValueError(f"simulation parameter {name} = {value!r}: {error}") from None


def parse_physx_config(options: Mapping[str, Any], physx_params: PhysXParams) -> None:
    """Set the attributes of physx_params that the options name."""
    parse_float_int_bool(options, physx_params)


def parse_flex_config(options: Mapping[str, Any], flex_params: FlexParams) -> None:
    """Set the attributes of flex_params that the options name."""
    parse_float_int_bool(options, flex_params)


def parse_sim_config(config: Mapping[str, Any], sim_params: SimParams) -> None:
    """Set the attributes of sim_params that a configuration names; unknown keys are ignored.

    Args:
        config: dt, substeps, up_axis (0: y, 1: z), gravity (3 numbers), use_gpu_pipeline, ..., and
            nested mappings physx and flex.
        sim_params: object that is changed.

    Raises:
        ValueError: a value that cannot be converted, named with its key.
    """
    parse_float_int_bool(config, sim_params)
    parse_physx_config(config.get("physx") or {}, sim_params.physx)
    parse_flex_config(config.get("flex") or {}, sim_params.flex)
