"""Command line, device strings and configuration dictionaries of Isaac Gym programs.

The names for drawing and for domain randomization are not here yet.
"""

import argparse
import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

import torch

from humanoid_gym.engine.enums import SimType
from humanoid_gym.engine.fields import BoolField, FloatField, Record, as_scalar
from humanoid_gym.engine.parameters import FlexParams, PhysXParams, SimParams

__all__ = [
    "_indent_xml",
    "parse_arguments",
    "parse_bool",
    "parse_device_str",
    "parse_flex_config",
    "parse_float_int_bool",
    "parse_physx_config",
    "parse_sim_config",
]

logger = logging.getLogger(__name__)

_TRUE = ("true", "yes", "on", "t", "y", "1")
_FALSE = ("false", "no", "off", "f", "n", "0")


def parse_arguments(
    description: str = "Isaac Gym program",
    headless: bool = False,
    no_graphics: bool = False,
    custom_parameters: Sequence[Mapping[str, Any]] = (),
) -> argparse.Namespace:
    """Parse the process's command line.

    Where there is no CUDA, defaults that name it become the CPU, with one notice; an explicit
    request for it ends the program with an error.

    Args:
        description: text of --help.
        headless: offer --headless.
        no_graphics: offer --nographics, which implies headless.
        custom_parameters: the program's own arguments, each with a name, a type or an action, and
            optionally default and help.

    Returns:
        The arguments, and derived from them sim_device_type, compute_device_id, use_gpu_pipeline,
        use_gpu, physics_engine and slices.
    """
    parser = _parser(description, headless, no_graphics)
    moved = [_add_custom(parser, parameter) for parameter in custom_parameters]
    args = parser.parse_args()
    _choose_devices(parser, args, any(moved))
    args.physics_engine = SimType.SIM_FLEX if args.flex else SimType.SIM_PHYSX
    if args.slices is None:
        args.slices = args.subscenes
    if no_graphics and args.nographics:
        args.headless = True
    return args


def _parser(description: str, headless: bool, no_graphics: bool) -> argparse.ArgumentParser:
    """Parser with Isaac Gym's own arguments. Devices default to None to tell what was asked for."""
    parser = argparse.ArgumentParser(description=description)
    if headless:
        parser.add_argument("--headless", action="store_true", help="run without a viewer")
    if no_graphics:
        parser.add_argument("--nographics", action="store_true", help="no graphics at all")
    parser.add_argument("--sim_device", help="device of the physics: cpu, cuda or cuda:N")
    parser.add_argument("--pipeline", help="device of the tensors: cpu, gpu or cuda")
    parser.add_argument("--graphics_device_id", type=int, default=0, help="GPU that draws")
    engine = parser.add_mutually_exclusive_group()
    engine.add_argument("--flex", action="store_true", help="ask for Flex")
    engine.add_argument("--physx", action="store_true", help="ask for PhysX (default)")
    parser.add_argument("--num_threads", type=int, default=0, help="threads of PhysX")
    parser.add_argument("--subscenes", type=int, default=0, help="sub-scenes of PhysX")
    parser.add_argument("--slices", type=int, help="client threads; default: sub-scenes")
    return parser


def _add_custom(parser: argparse.ArgumentParser, parameter: Mapping[str, Any]) -> bool:
    """Add one of the program's arguments; True where its default moved from CUDA to the CPU."""
    if "name" not in parameter or not ("type" in parameter or "action" in parameter):
        logger.error(
            "parse_arguments: parameter %s skipped: it needs a name, and a type or an action",
            dict(parameter),
        )
        return False
    known = ("action",) if "action" in parameter else ("type", "default")
    options = {key: parameter[key] for key in (*known, "help") if key in parameter}
    on_cuda = re.fullmatch(r"cuda(:\d+)?", str(options.get("default"))) is not None
    moved = on_cuda and not torch.cuda.is_available()
    if moved:
        options["default"] = "cpu"
    parser.add_argument(parameter["name"], **options)
    return moved


def _choose_devices(
    parser: argparse.ArgumentParser, args: argparse.Namespace, already_moved: bool
) -> None:
    """Fill in the devices that were not asked for, and check those that were."""
    available = torch.cuda.is_available()
    moved = already_moved or (not available and None in (args.sim_device, args.pipeline))
    args.sim_device = args.sim_device or ("cuda:0" if available else "cpu")
    args.pipeline = args.pipeline or ("gpu" if available else "cpu")
    try:
        args.sim_device_type, args.compute_device_id = parse_device_str(args.sim_device)
    except ValueError as error:
        parser.error(f"--sim_device: {error}")
    if args.pipeline.lower() not in ("cpu", "gpu", "cuda"):
        parser.error(f"--pipeline: {args.pipeline!r} is none of cpu, gpu, cuda")
    args.use_gpu = args.sim_device_type == "cuda"
    args.use_gpu_pipeline = args.pipeline.lower() in ("gpu", "cuda")
    if not available and (args.use_gpu or args.use_gpu_pipeline):
        parser.error(
            f"--sim_device {args.sim_device} --pipeline {args.pipeline} need CUDA, which PyTorch "
            "does not find on this machine; use --sim_device cpu --pipeline cpu"
        )
    if moved:
        logger.warning("No CUDA on this machine: device defaults that name it are now the CPU")
    if args.use_gpu_pipeline and not args.use_gpu:
        logger.warning("The physics runs on the CPU, so the tensors stay there too")
        args.pipeline, args.use_gpu_pipeline = "cpu", False


def parse_device_str(device_str: str) -> tuple[str, int]:
    """Type and number of a device: "cpu" and "cuda" are number 0.

    Raises:
        ValueError: not of the form cpu, cpu:0, cuda or cuda:N.
    """
    match = re.fullmatch(r"(cpu|cuda)(?::(\d+))?", str(device_str))
    if match is None or (match[1] == "cpu" and int(match[2] or 0) != 0):
        raise ValueError(f"device {device_str!r} is none of cpu, cuda, cuda:N")
    return match[1], int(match[2] or 0)


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
                value = float(value) if isinstance(field, FloatField) else int(value)
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


def _indent_xml(elem: ElementTree.Element, level: int = 0) -> None:
    """Indent an XML tree in place, two spaces per level."""
    ElementTree.indent(elem, level=level)
