"""python -m humanoid_gym.identification: a recording becomes properties of the robot."""

import argparse
import json
import sys
from pathlib import Path
from typing import List, NamedTuple, Optional, Sequence

from humanoid_gym.cli.bad_input import one_line_errors
from humanoid_gym.cli.composing import compose
from humanoid_gym.cli.output_paths import check_file
from humanoid_gym.cli.run_config import RunConfig, run_config
from humanoid_gym.cli.training import make_env
from humanoid_gym.config import ConfigError
from humanoid_gym.deployment.policy_interface import robot_of
from humanoid_gym.identification.fitting import Fit, fit
from humanoid_gym.identification.parameters import Parameter, parameters
from humanoid_gym.identification.recording import JointRecording, read_recording
from humanoid_gym.identification.rig import Rig
from humanoid_gym.randomization import RandomizationConfig
from humanoid_gym.tasks.simulated_task import what_gpu_physics_lacks
from humanoid_gym.tasks.task_config import find_asset

DESCRIPTION = """Fit properties of a robot to recorded joint trajectories. The robot is taken to be
on a stand, its base fixed. What is fitted, and in which range, the task's randomization says."""
EXAMPLE = """example: python -m humanoid_gym.identification --recording legs.csv task=humanoid_legs
"task.randomization.motor_strength={range: [0.7, 1.2], shared: true}" """


class Prepared(NamedTuple):
    """A fit that has not begun."""

    rig: Rig
    recording: JointRecording
    unknown: List[Parameter]


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Fit as the command line says.

    Args:
        arguments: without the program's name; None: those of the process.

    Returns:
        Exit code 0.

    Raises:
        SystemExit: with code 2 and one line on stderr if the input cannot be used.
    """
    parser = argparse.ArgumentParser(
        prog="python -m humanoid_gym.identification", description=DESCRIPTION, epilog=EXAMPLE
    )
    add = parser.add_argument
    add("--recording", type=Path, required=True, metavar="CSV")
    add("--output", type=Path, metavar="JSON", help="write what was found")
    add("overrides", nargs="*", metavar="key=value", help="as for train.py")
    options = parser.parse_intermixed_args(sys.argv[1:] if arguments is None else list(arguments))
    with one_line_errors():
        if options.output is not None:
            check_file(options.output, f"--output {options.output}")
        prepared = prepare(options.recording, options.overrides)
        found = fit(*prepared)
        prepared.rig.close()
        if options.output is not None:
            options.output.parent.mkdir(parents=True, exist_ok=True)
            options.output.write_text(json.dumps(found._asdict(), indent=1) + "\n")
    report(found, prepared.unknown)
    return 0


def prepare(path: Path, overrides: Sequence[str]) -> Prepared:
    """Read the recording and build a robot for every parameter, and one more.

    Raises:
        ConfigError: a setting or the recording cannot be used, or nothing is randomized.
        FileNotFoundError: there is no such recording.
    """
    config = configured(overrides)
    ranges = getattr(config.task, "randomization", None)
    if not isinstance(ranges, RandomizationConfig):
        raise ConfigError(f"task {config.task_name} cannot be randomized, which gives the ranges")
    env = make_env(config)
    try:
        deployment = robot_of(env.deployment(), config.task_name, "there is nothing to identify")
    finally:
        env.close()
    joints = [joint.name for joint in deployment.joints]
    driven = [actuator.joint for actuator in deployment.actuators]
    recording = read_recording(path, joints, driven, deployment.period)
    asset = find_asset(config.task.asset)
    sample = Rig(asset, deployment, config.task.sim, 1)
    try:
        unknown = parameters(ranges, sample.robot)
    finally:
        sample.close()
    rig = Rig(asset, deployment, config.task.sim, len(unknown) + 1)
    return Prepared(rig, recording, unknown)


def configured(overrides: Sequence[str]) -> RunConfig:
    """Return the configuration of a single environment on the CPU.

    Raises:
        ConfigError: a setting cannot be used.
    """
    composed = compose(["num_envs=1", "device=cpu", *overrides])
    return run_config(composed.task_name, composed.settings, what_gpu_physics_lacks())


def report(found: Fit, unknown: Sequence[Parameter]) -> None:
    """Print what was found, and how well the joints follow with it."""
    width = 2 + max(len(parameter.name) for parameter in unknown)
    for parameter in unknown:
        value, error = found.values[parameter.name], found.uncertainty[parameter.name]
        bounds = f"[{parameter.low:g}, {parameter.high:g}]"
        print(f"{parameter.name:<{width}}{value:.4g} ± {error:.2g} in {bounds}")
    print(f"error {found.error:.3g} rad, {found.error_before:.3g} in the middle of the ranges")
