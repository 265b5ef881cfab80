"""The command line that Isaac Gym programs share."""

import argparse
import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from humanoid_gym.engine.backend.choice import what_gpu_physics_lacks
from humanoid_gym.engine.values.enums import SimType

logger = logging.getLogger(__name__)


class DeviceError(AssertionError, ValueError):
    """A device or pipeline that is no such thing; Isaac Gym raises either of the two kinds."""


def gpu_physics() -> bool:
    """Whether this engine can simulate on a GPU on this machine."""
    return what_gpu_physics_lacks() is None


def parse_arguments(
    description: str = "Isaac Gym program",
    headless: bool = False,
    no_graphics: bool = False,
    custom_parameters: Sequence[Mapping[str, Any]] = (),
) -> argparse.Namespace:
    """Parse the process's command line.

    Where physics cannot run on a GPU, defaults that name one become the CPU, with one notice; an
    explicit request for one ends the program with an error.

    Args:
        description: text of --help.
        headless: offer --headless.
        no_graphics: offer --nographics, which implies headless.
        custom_parameters: the program's own arguments, each with a name, a type or an action, and
            optionally default (which counts with a type only) and help.

    Returns:
        The arguments, and derived from them sim_device_type, compute_device_id, use_gpu_pipeline,
        use_gpu, physics_engine and slices.

    Raises:
        DeviceError: --sim_device or --pipeline is no device or pipeline.
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
    available = gpu_physics()
    moved = already_moved or (not available and None in (args.sim_device, args.pipeline))
    args.sim_device = args.sim_device or ("cuda:0" if available else "cpu")
    args.pipeline = args.pipeline or ("gpu" if available else "cpu")
    args.sim_device_type, args.compute_device_id = parse_device_str(args.sim_device)
    if args.pipeline.lower() not in ("cpu", "gpu", "cuda"):
        raise DeviceError(f"--pipeline: {args.pipeline!r} is none of cpu, gpu, cuda")
    args.use_gpu = args.sim_device_type == "cuda"
    args.use_gpu_pipeline = args.pipeline.lower() in ("gpu", "cuda")
    if not available and (args.use_gpu or args.use_gpu_pipeline):
        parser.error(
            f"--sim_device {args.sim_device} --pipeline {args.pipeline} need physics on a GPU, "
            f"but {what_gpu_physics_lacks()}, or use --sim_device cpu --pipeline cpu"
        )
    if moved:
        reason = what_gpu_physics_lacks() or "PyTorch sees no CUDA device"
        logger.warning("Device defaults that name a GPU are now the CPU: %s", reason)
    if args.flex and not args.use_gpu and available:
        logger.warning("Flex needs a GPU: --sim_device %s is now cuda:0", args.sim_device)
        args.sim_device, args.sim_device_type, args.use_gpu = "cuda:0", "cuda", True
    if args.use_gpu_pipeline and not args.use_gpu:
        logger.warning("The physics runs on the CPU, so the tensors stay there too")
        args.pipeline, args.use_gpu_pipeline = "cpu", False


def parse_device_str(device_str: str) -> tuple[str, int]:
    """Type and number of a device: "cpu" and "cuda" are number 0.

    Raises:
        DeviceError: not of the form cpu, cpu:0, cuda or cuda:N.
    """
    match = re.fullmatch(r"(cpu|cuda)(?::(\d+))?", str(device_str))
    if match is None or (match[1] == "cpu" and int(match[2] or 0) != 0):
        raise DeviceError(f"device {device_str!r} is none of cpu, cuda, cuda:N")
    return match[1], int(match[2] or 0)
