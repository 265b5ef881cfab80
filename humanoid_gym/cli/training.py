"""python train.py: compose, check and construct; only then create the run folder and learn."""

import copy
import inspect
import logging
import os
import random
import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import List, NamedTuple, Optional, Sequence, Set

import numpy as np
import torch
import yaml

from humanoid_gym import __version__
from humanoid_gym.cli import resuming, run_folder
from humanoid_gym.cli.bad_input import one_line_errors
from humanoid_gym.cli.composing import Composed, tell_of_repetitions
from humanoid_gym.cli.hardware import ASKED
from humanoid_gym.cli.run_config import RunConfig, run_config
from humanoid_gym.cli.sweeping import JobError, check_launcher, combinations, sweep
from humanoid_gym.cli.without_reader import EXIT_NO_READER, OutputHandler, ends_quietly
from humanoid_gym.config import ConfigError
from humanoid_gym.isaacgym_fallback import EngineChoice, engine_choice
from humanoid_gym.rl import distributed
from humanoid_gym.rl.continuation import other_task_settings
from humanoid_gym.rl.logging.display import discard_output
from humanoid_gym.rl.runner import NonFiniteError, Runner
from humanoid_gym.rl.saving import SavingError
from humanoid_gym.tasks.legacy_task import make_legacy_task
from humanoid_gym.tasks.registry import task_class
from humanoid_gym.tasks.simulated_task import what_gpu_physics_lacks
from humanoid_gym.tasks.vec_task import VecTask

USAGE = """\
usage: python train.py [key=value …] [--multirun] [--cfg]

  python train.py task=humanoid num_envs=4096 seed=1 max_iterations=500 experiment=first
  python train.py task=humanoid task.sim.substeps=4 train.algorithm.gamma=0.98
  python train.py checkpoint=runs/humanoid/2026-01-31_12-00-00       that run, continued
  python train.py --multirun task=cartpole seed=1,2,3                one run for each value
  torchrun --nproc_per_node=4 train.py task=humanoid                 one process for each GPU

  --multirun, -m   one run for each combination of comma-separated values, through Hydra
  --cfg            print the checked and resolved configuration and stop
  --help, -h       print this
Settings and their defaults: cfg/config.yaml, cfg/task/*.yaml, cfg/train/*.yaml"""

FLAGS = ("--multirun", "-m", "--cfg", "--help", "-h")


class Session(NamedTuple):
    """A training that is constructed in full and has written nothing; its folder is empty."""

    config: RunConfig
    engine: EngineChoice
    env: VecTask
    runner: Runner


class Outcome(NamedTuple):
    """How a training ended."""

    exit_code: int
    """0, or 1 if it broke down."""
    interrupted: bool
    """Whether the user stopped it."""


@ends_quietly
def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Train as the command line says.

    Args:
        arguments: without the program's name; None: those of the process.

    Returns:
        Exit code: 0 at the end or after Ctrl-C, 1 if training broke down.

    Raises:
        SystemExit: with code 2 and one line on stderr if the input cannot be used.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    flags = {argument for argument in given if argument.startswith("-")}
    overrides = [argument for argument in given if argument not in flags]
    with one_line_errors():
        if not _process().speaks:
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - until the process ends
        logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=[OutputHandler()])
        _check_flags(flags)
        if flags & {"--help", "-h"}:
            print(USAGE)
            return 0
        sweeping = bool(flags & {"--multirun", "-m"})
        if sweeping and not _process().alone:
            raise ConfigError("--multirun starts jobs of one process each; leave torchrun out")
        check_launcher(overrides)
        if _process().speaks:
            tell_of_repetitions(overrides)
        jobs = [
            resuming.compose(job) for job in (combinations(overrides) if sweeping else [overrides])
        ]
        configs = [_checked(job) for job in jobs]
    if "--cfg" in flags:
        print(yaml.safe_dump_all([c.to_mapping() for c in configs], sort_keys=False), end="")
        return 0
    return _train_all(overrides) if sweeping else train(jobs[0]).exit_code


def train(composed: Composed) -> Outcome:
    """Construct everything, then create the run folder and learn.

    Raises:
        SystemExit: with code 2 if the configuration cannot be used.
    """
    with one_line_errors():
        config, process = _checked(composed), _process()
    device = torch.device(config.device.value)
    try:
        with distributed.connected(process, device, config.train.runner.process_timeout):
            return _train(composed)
    except distributed.LostProcessError as error:
        print(f"error: {error}", file=sys.stderr)
        return Outcome(exit_code=1, interrupted=False)
    except BrokenPipeError:  # nobody reads the output: the jobs of a sweep end, too
        discard_output()
        return Outcome(exit_code=EXIT_NO_READER, interrupted=True)


def _train(composed: Composed) -> Outcome:
    """Train in this process, which is connected to the others if there are any."""
    with one_line_errors():
        try:
            session = construct(composed)
            _begin_folder(session)
        except KeyboardInterrupt:
            print("stopped before the training began; nothing was written")
            return Outcome(exit_code=0, interrupted=True)
    runner = session.runner
    try:
        last = runner.learn()
    except NonFiniteError as error:
        print(f"error: {error}", file=sys.stderr)
        if error.path is not None:
            print(f"replay    python -m humanoid_gym.cli.replaying {error.path}", flush=True)
        return Outcome(exit_code=1, interrupted=False)
    except SavingError as error:
        print(f"error: {error}", file=sys.stderr)
        return Outcome(exit_code=1, interrupted=False)
    finally:
        session.env.close()
    word = "stopped" if runner.interrupted else "finished"
    print(f"{word} after {runner.iteration} iterations; saved {last}", flush=True)
    return Outcome(exit_code=0, interrupted=runner.interrupted)


def _begin_folder(session: Session) -> None:
    """Write the run's configuration, and say where; after an error nothing of it is left."""
    folder = session.runner.directory
    try:
        if _process().speaks:
            settings, heading = session.config.to_mapping(), _heading(session.engine)
            run_folder.begin(folder, settings, heading)
        print(f"run       {folder}", flush=True)
    except BaseException:
        session.env.close()
        if _process().speaks:
            run_folder.take_back(folder)
        raise


def _check_flags(flags: Set[str]) -> None:
    unknown = sorted(flags.difference(FLAGS))
    if unknown:
        raise ConfigError(f"unknown option {unknown[0]}; settings are key=value, see --help")


def _train_all(overrides: Sequence[str]) -> int:
    """Run the jobs of a sweep until all are done or the user stops one; return the exit code."""
    exit_codes, launcher = [0], os.getpid()

    def job(composed: Composed) -> bool:
        outcome = train(composed)
        if outcome.exit_code and os.getpid() != launcher:
            raise JobError(f"exit code {outcome.exit_code}")  # the list stays behind
        exit_codes.append(outcome.exit_code)
        return not outcome.interrupted

    sweep(overrides, job)
    return max(exit_codes)


def construct(composed: Composed) -> Session:
    """Check the configuration, build environment and learner, load the checkpoint.

    Nothing is written, but the run's folder is there, so that no other training takes its name; it
    is gone again after an error.

    Raises:
        ConfigError: the configuration cannot be used.
        FileNotFoundError: an asset or the checkpoint is missing.
        ValueError: an asset or the checkpoint cannot be used.
    """
    engine = engine_choice()
    config = _checked(composed)
    resume = config.launch.checkpoint
    checkpoint = run_folder.find_checkpoint(resume, resuming.LAST) if resume else None
    _print_choices(config, engine)
    if resume:
        print(f"settings  {composed.origin or 'cfg/: the checkpoint has no run configuration'}")
    if config.device.value == "cpu":
        distributed.divide_cores(_process())
    seed_everything(config.task.seed)
    env = make_env(config)
    folder = _reserve_folder(config)
    try:
        runner = Runner(
            *(env, config.train, folder, config.launch.seed, config.to_mapping()),
            writes=_process().speaks,
        )
        if checkpoint is not None:
            _continue(runner, config, checkpoint)
    except BaseException:
        if _process().speaks:
            run_folder.give_up(folder)
        raise
    return Session(config, engine, env, runner)


def _reserve_folder(config: RunConfig) -> Path:
    """Create the run's empty folder in one of the processes, and tell the others its name."""
    folder, experiment = "", config.launch.experiment
    if _process().speaks:
        folder = str(run_folder.reserve(Path(run_folder.RUNS), config.task_name, experiment))
    return Path(distributed.text_from_first(folder))


def _continue(runner: Runner, config: RunConfig, checkpoint: Path) -> None:
    """Load a checkpoint; what is set otherwise than in its run counts from here on.

    Raises:
        ConfigError: nothing is left to do.
        ValueError: the checkpoint cannot be used.
    """
    saved = runner.load(checkpoint)
    if runner.iteration >= runner.config.runner.max_iterations:
        raise ConfigError(
            f"{checkpoint} is at iteration {runner.iteration} already; set max_iterations "
            "above that to go on"
        )
    if runner.progress.finished():
        raise ConfigError(
            f"{checkpoint} has trained for {runner.progress.elapsed / 60:.3g} minutes already; set "
            "train.runner.max_minutes above that, or to null, to go on"
        )
    print(f"resumed   {checkpoint} at iteration {runner.iteration}")
    if other_task_settings(saved, runner.run_config):
        print("best.pt   begins anew: the task had other settings in the checkpoint's run")
    seed, algorithm = config.launch.seed, config.train.algorithm
    if saved.get("seed", seed) != seed:
        print(f"seed      {seed} from here on; the checkpoint's run had {saved['seed']}")
        seed_everything(config.task.seed)
        resuming.renew_random_numbers(runner, config.task.seed)
    if resuming.other_learning_rate(saved, algorithm):
        print(f"learning  at a rate of {algorithm.learning_rate:g}, as set, from here on")
        runner.algorithm.learning_rate.fill_(algorithm.learning_rate)


def seed_everything(seed: int) -> None:
    """Seed the generators that tasks of others draw from; ours and the learner have their own."""
    torch.manual_seed(seed)
    np.random.seed(seed)
    random.seed(seed)


def make_env(config: RunConfig) -> VecTask:
    """Build the environments of a run."""
    device, headless = config.device.value, config.launch.headless
    if device.startswith("cuda"):
        torch.cuda.set_device(device)  # for whatever does not say on which GPU
    cls = task_class(config.task_name, config.task_place)
    if config.legacy is not None:
        settings = copy.deepcopy(config.legacy)  # such a class writes into its settings
        return make_legacy_task(cls, settings, config.task, device, headless)
    settings = {
        "rl_device": device,
        "sim_device": device,
        "graphics_device_id": -1 if headless else 0,
        "headless": headless,
    }
    try:
        inspect.signature(cls).bind(config.task, **settings)
    except TypeError as error:
        raise ConfigError(
            f"{cls.__name__}.__init__: {error}; a task is made with (config, {', '.join(settings)})"
        ) from error
    env = cls(config.task, **settings)
    if not hasattr(env, "obs_buf"):
        raise ConfigError(f"{cls.__name__}.__init__ has to call super().__init__, with all it gets")
    return env


def _checked(composed: Composed) -> RunConfig:
    settings, lacks = composed.settings, what_gpu_physics_lacks()
    config = run_config(composed.task_name, settings, lacks, _process())
    named = {name: getattr(config, name) for name in composed.inherited}
    own = {k: v._replace(reason="as in its run") for k, v in named.items() if v.reason == ASKED}
    return replace(config, **own)


def _process() -> distributed.Launch:
    """Return which of torchrun's processes this is."""
    return distributed.launch_from(os.environ)


def _print_choices(config: RunConfig, engine: EngineChoice) -> None:
    print(f"engine    {engine.name}: {engine.reason}")
    print(f"device    {config.device.value}: {config.device.reason}")
    print(f"num_envs  {config.num_envs.value}: {config.num_envs.reason}")
    if config.for_gpu:
        print(f"learner   for a GPU: {config.for_gpu}; set train.… to change")
    print(f"task      {config.task_name}, seed {config.launch.seed}", flush=True)


def _heading(engine: EngineChoice) -> List[str]:
    simulator = f" on MuJoCo {version('mujoco')}" if engine.name == "embedded" else ""
    return [
        f"humanoid_gym {__version__}, engine {engine.name}{simulator} ({engine.reason})",
        f"torch {torch.__version__}, python {sys.version.split()[0]}",
        f"command: {' '.join(sys.argv)}",
    ]
