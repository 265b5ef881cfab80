"""python -m humanoid_gym.export: a checkpoint becomes files that a robot's computer can run."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, Optional, Sequence

import torch

from humanoid_gym import __version__
from humanoid_gym.cli import pretrained, run_folder, trained
from humanoid_gym.cli.bad_input import one_line_errors
from humanoid_gym.cli.output_paths import check_folder
from humanoid_gym.cli.without_reader import ends_quietly
from humanoid_gym.config import ConfigError
from humanoid_gym.deployment.policy_interface import PolicyInterface, plain
from humanoid_gym.export.exporter import (
    FORMATS,
    PRECISIONS,
    TOLERANCE,
    Exported,
    Exporter,
    check_formats,
)
from humanoid_gym.export.recording import record
from humanoid_gym.export.verification import ExportError

FOLDER = "exported"
"""Folder of exported policies inside a run folder."""
EXIT_DIFFERS = 1
"""Exit code where an exported policy does not act as the trained one."""


class Prepared(NamedTuple):
    """An export of which nothing has been written."""

    exporter: Exporter
    checkpoint: Path
    folder: Path


@ends_quietly
def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Export as the command line says.

    Args:
        arguments: without the program's name; None: those of the process.

    Returns:
        Exit code: 0, or 1 if an exported policy differs from the trained one.

    Raises:
        SystemExit: with code 2 and one line on stderr if the input cannot be used.
    """
    options = parse(sys.argv[1:] if arguments is None else arguments)
    with one_line_errors():
        formats = check_formats(name for name in options.format.split(",") if name)
        prepared = prepare(options)
        try:
            exported = prepared.exporter.export(
                prepared.folder, options.name, formats, options.precision
            )
        except ExportError as error:
            print(f"error: {error}", file=sys.stderr)
            return EXIT_DIFFERS
    report(prepared, exported, options.name)
    return 0


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line.

    Raises:
        SystemExit: with code 2 if it cannot be read, with code 0 after --help.
    """
    parser = argparse.ArgumentParser(
        prog="python -m humanoid_gym.export", description="Write a trained policy for a robot."
    )
    add = parser.add_argument
    add("--checkpoint", nargs="?", const=trained.NEWEST, default=trained.NEWEST, metavar="PATH")
    add("--format", default="onnx", metavar="A,B", help=f"of {','.join(FORMATS)} (default: onnx)")
    add("--output", type=Path, metavar="FOLDER", help=f"default: {FOLDER}/ in the run's folder")
    add("--name", default="policy", help="of the files, without their ends (default: policy)")
    add("--precision", choices=list(PRECISIONS), default="fp32", help="of a TensorRT engine")
    add("--tolerance", type=float, default=TOLERANCE, help=f"of actions (default: {TOLERANCE:g})")
    add("--num-envs", type=int, default=16, metavar="N", help="that observations come from")
    add("--steps", type=int, default=100, help="of the rollout that observations come from")
    add("--seed", type=int, default=0, help="of that rollout")
    add("overrides", nargs="*", metavar="key=value", help="as for train.py")
    return parser.parse_intermixed_args(list(arguments))


def prepare(options: argparse.Namespace) -> Prepared:
    """Find the checkpoint, rebuild task and networks, and record observations.

    Raises:
        ConfigError: the task does not describe its robot, or a setting cannot be used.
        FileNotFoundError: there is no such checkpoint.
        ValueError: the checkpoint cannot be used.
    """
    _check(options)
    checkpoint = trained.find(options.checkpoint)
    run = run_folder.run_of(checkpoint)
    folder = options.output or pretrained.results_folder(checkpoint) / FOLDER
    check_folder(folder, f"--output {folder}")
    top = {"num_envs": options.num_envs, "seed": options.seed, "device": "cpu", "headless": True}
    policy = trained.read(checkpoint, top, options.overrides)
    env = policy.make_env()
    try:
        networks = policy.networks(env)
        description = env.deployment()
        recording = record(env, networks, options.steps)
    finally:
        env.close()
    origin = {
        "checkpoint": f"{run.parent.name}/{run.name}/{checkpoint.name}",
        "iteration": str(policy.content["counters"]["iteration"]),
        "humanoid_gym": __version__,
        "torch": str(torch.__version__),
    }
    if isinstance(description, PolicyInterface):
        description = replace(description, settings=plain(policy.settings["task"]))
    description = replace(description, task=policy.config.task_name, origin=origin)
    exporter = Exporter(networks, description, recording, options.tolerance)
    return Prepared(exporter, checkpoint, folder)


def _check(options: argparse.Namespace) -> None:
    if options.steps < 1:
        raise ConfigError(f"--steps: must be >= 1, got {options.steps}")
    if not options.name or options.name in (".", "..") or Path(options.name).name != options.name:
        raise ConfigError(f"--name: expected a plain name, got '{options.name}'")


def report(prepared: Prepared, exported: Sequence[Exported], name: str) -> None:
    """Print what was written, how far it is from the trained policy, and how fast it is."""
    description = prepared.exporter.description
    iteration = description.origin["iteration"]
    print(f"checkpoint  {prepared.checkpoint}, iteration {iteration}")
    for entry in exported:
        if entry.comparison is None:
            print(f"{entry.format:<12}not built: {entry.remedy}")
            continue
        comparison = entry.comparison
        print(
            f"{entry.format:<12}{entry.path}: largest difference "
            f"{comparison.largest_difference:.2g} in {comparison.samples} observations, "
            f"{comparison.latency * 1e6:.0f} us a step"
        )
    print(f"metadata    {prepared.folder / name}.json")
    if isinstance(description, PolicyInterface):
        print(
            f"robot       not described: what {description.num_obs} observations and "
            f"{description.num_actions} actions mean is up to {description.task_class}"
        )
