"""python play.py: rebuild task and network of a run, play episodes, show, record, report them."""

import argparse
import os
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence

import torch

from humanoid_gym.cli import trained
from humanoid_gym.cli.bad_input import EXIT_BAD_INPUT, one_line_errors
from humanoid_gym.cli.output_paths import check_file
from humanoid_gym.cli.trained import NEWEST
from humanoid_gym.cli.video import VideoError, Writer, check_name, open_video
from humanoid_gym.cli.without_reader import ends_quietly
from humanoid_gym.config import ConfigError
from humanoid_gym.evaluation.episodes import Actions, Episodes, play_episodes
from humanoid_gym.evaluation.metrics import FROM_TASK_UNITS
from humanoid_gym.isaacgym_fallback import engine_choice
from humanoid_gym.rl.demonstrations import Recorder
from humanoid_gym.rl.networks import ActorCritic, Agent
from humanoid_gym.tasks.randomized_task import RandomizedTask
from humanoid_gym.tasks.vec_task import VecTask

OVERRIDES_HELP = "as for train.py, e.g. task.sim.dt=0.01; headless=true: no viewer window"
VIDEO_HELP = "record environment 0 as .mp4 or .gif, or all as .html, to be looked at from anywhere"
BROWSER_HELP = "show in a web browser instead of a window (default: port 8080 of this machine)"
VIEWER = "HUMANOID_GYM_VIEWER"
"""Environment variable that tells the engine where viewers open."""
EPISODES = 10
"""Played unless told otherwise."""
UNTIL_CLOSED = 1_000_000
"""Episodes in a browser, where somebody watches, or drives, for as long as they like."""
EPISODES_HELP = f"how many (default: {EPISODES}; in a browser until you close it)"
MAX_NUM_ENVS = 64
"""Environments that play at once unless told otherwise."""


class Player(NamedTuple):
    """A policy and the environments it plays in."""

    env: VecTask
    networks: ActorCritic
    video: Optional[Writer]
    recorder: Optional[Recorder]


@ends_quietly
def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Play as the command line says.

    Args:
        arguments: without the program's name; None: those of the process.

    Returns:
        Exit code 0, also if the user closed the viewer window or pressed Ctrl-C.

    Raises:
        SystemExit: with code 2 and one line on stderr if the input cannot be used.
    """
    options = parse(sys.argv[1:] if arguments is None else arguments)
    with one_line_errors():
        player = construct(options)
    env, networks = player.env, player.networks
    generator = torch.Generator(env.device).manual_seed(options.seed)
    agent = Agent(networks, env.num_envs, options.deterministic, generator)
    act: Actions = agent if player.recorder is None else player.recorder.watching(agent)
    shown = show_randomization(env) if options.show_randomization else nothing
    try:
        if player.video is None:
            episodes = play_episodes(env, act, options.episodes, shown, agent.forget)
        else:
            with player.video as video:
                watched = both(shown, video.add_frame)
                episodes = play_episodes(env, act, options.episodes, watched, agent.forget)
    except KeyboardInterrupt:
        print("stopped     before the episodes were over")
        return 0
    except VideoError as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_BAD_INPUT
    finally:
        env.close()
    report(episodes, options)
    if player.recorder is not None:
        with one_line_errors():
            print(f"recorded    {player.recorder.save()} pairs in {options.record}")
    return 0


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line.

    Raises:
        SystemExit: with code 2 if it cannot be read, with code 0 after --help.
    """
    parser = argparse.ArgumentParser(prog="play.py", description="Play a trained policy.")
    add = parser.add_argument
    add("--checkpoint", nargs="?", const=NEWEST, default=NEWEST, metavar="PATH")
    add("--episodes", type=_positive, metavar="N", help=EPISODES_HELP)
    add("--num-envs", type=_positive, metavar="N", help="played at once (default: the episodes)")
    add("--seed", type=int, default=0, help="of resets and of sampled actions (default: 0)")
    add("--device", default="auto", help="auto, cpu, cuda or cuda:N (default: auto)")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--video", type=Path, metavar="FILE", help=VIDEO_HELP)
    shown.add_argument(
        "--browser", nargs="?", const="", type=_address, metavar="[HOST:]PORT", help=BROWSER_HELP
    )
    add("--record", type=Path, metavar="FILE", help="write observations and actions as .npz")
    add("--show-randomization", action="store_true", help="what was drawn for the first episodes")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--deterministic", action="store_true", default=True, help="default")
    kind.add_argument("--stochastic", dest="deterministic", action="store_false")
    add("overrides", nargs="*", metavar="key=value", help=OVERRIDES_HELP)
    options = parser.parse_intermixed_args(list(arguments))
    if "=" in options.checkpoint and not Path(options.checkpoint).exists():
        # `--checkpoint task.x=1`: the path was left out
        options.overrides.insert(0, options.checkpoint)
        options.checkpoint = NEWEST
    if "=" in (options.browser or ""):
        options.overrides.insert(0, options.browser)
        options.browser = ""
    if options.episodes is None:
        options.episodes = EPISODES
        if options.browser is not None:
            options.num_envs, options.episodes = options.num_envs or EPISODES, UNTIL_CLOSED
    return options


def construct(options: argparse.Namespace) -> Player:
    """Find the checkpoint, rebuild its task and network, and look whether videos can be drawn.

    Raises:
        ConfigError: an override or the run's configuration cannot be used.
        FileNotFoundError: there is no such checkpoint.
        ValueError: the checkpoint cannot be used.
    """
    if options.video is not None:
        check_name(options.video)
        check_file(options.video, f"--video {options.video}")
    if options.record is not None:
        check_file(options.record, f"--record {options.record}")
    checkpoint = trained.find(options.checkpoint)
    engine = engine_choice()
    if options.browser is not None:
        if engine.name != "embedded":
            raise ConfigError(f"--browser is for the embedded engine; this is {engine.name}")
        os.environ[VIEWER] = f"browser:{options.browser}".rstrip(":")
    policy = trained.read(checkpoint, _top(options), options.overrides)
    config = policy.config
    recorder = Recorder(options.record, config.task_name) if options.record is not None else None
    env = policy.make_env()
    networks = policy.networks(env)
    print(f"checkpoint  {checkpoint}, iteration {policy.content['counters']['iteration']}")
    print(f"engine      {engine.name}: {engine.reason}")
    print(f"device      {config.device.value}: {config.device.reason}", flush=True)
    video = open_video(options.video, env) if options.video is not None else None
    return Player(env, networks, video, recorder)


def report(episodes: Episodes, options: argparse.Namespace) -> None:
    """Print mean and standard deviation over the episodes."""
    kind = "deterministic" if options.deterministic else "stochastic"
    print(f"episodes    {len(episodes.returns)}, {kind} actions")
    rows = {"return": (episodes.returns, ""), "length": (episodes.lengths, " steps")}
    for name, values in episodes.metrics.items():
        unit = FROM_TASK_UNITS.get(name)
        rows[name.replace("_", " ")] = (values, f" {unit}" if unit else "")
    width = max(12, *(len(name) + 2 for name in rows))
    for name, (values, unit) in rows.items():
        mean, spread = _mean_and_spread(values)
        print(f"{name:<{width}}{mean:.4g} ± {spread:.2g}{unit}")
    ends = {name: sum(values) for name, values in episodes.terminations.items()}
    causes = [f"{name.replace('_', ' ')} {count:.0f}" for name, count in ends.items() if count]
    if causes:
        print(f"{'ends':<{width}}{', '.join(causes)}")
    if episodes.faults:
        print(f"faults      {episodes.faults} times the simulation became unstable and was reset")
    if options.video is not None:
        print(f"video       {options.video}")


def show_randomization(env: VecTask) -> Callable[[], None]:
    """Return what prints a table of the randomization of a task when it is first called."""
    waiting = [env]

    def show() -> None:
        if not waiting:
            return
        task = waiting.pop()
        known = isinstance(task, RandomizedTask)
        lines = task.randomization.table() if known else ["this task knows none"]
        for i, line in enumerate(lines):
            print(f"{'' if i else 'randomized':<12}{line}")

    return show


def both(first: Callable[[], None], second: Callable[[], None]) -> Callable[[], None]:
    """Return what calls one function after the other."""

    def call() -> None:
        first()
        second()

    return call


def nothing() -> None:
    """Do nothing."""


def _top(options: argparse.Namespace) -> Dict[str, Any]:
    """Return what the command line sets in place of the run's own top-level settings.

    Without headless=true or a video, a window shows the environments where there is a display.
    """
    at_once = 1 if options.video is not None else min(options.episodes, MAX_NUM_ENVS)
    return {
        "num_envs": options.num_envs or at_once,
        "seed": options.seed,
        "device": options.device,
        "headless": options.video is not None,
    }


def _mean_and_spread(values: List[float]) -> List[float]:
    tensor = torch.tensor(values, dtype=torch.float64)
    return [float(tensor.mean()), float(tensor.std(unbiased=False))]


def _positive(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a whole number, got '{text}'") from None
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be >= 1, got {value}")
    return value


def _address(text: str) -> str:
    port = text.rpartition(":")[2]
    if text and "=" not in text and not port.isdecimal():
        raise argparse.ArgumentTypeError(f"expected PORT or HOST:PORT, got '{text}'")
    return text
