"""python -m humanoid_gym.evaluation report: one or several runs as one HTML page."""

import argparse
import logging
from dataclasses import replace
from pathlib import Path
from typing import List, Sequence

import numpy as np

from humanoid_gym.cli import run_folder, trained
from humanoid_gym.cli.bad_input import one_line_errors
from humanoid_gym.cli.output_paths import check_file, check_folder
from humanoid_gym.cli.video import FollowCamera
from humanoid_gym.config import ConfigError
from humanoid_gym.evaluation.report.figures import write_png
from humanoid_gym.evaluation.report.page import make_page
from humanoid_gym.evaluation.report.run import Picture, ReportedRun, names_of, read_run
from humanoid_gym.rl.networks import Agent

PICTURE_SIZE = (384, 384)
"""Width and height of a still [pixels]."""
PICTURE_INTERVAL = 0.4
"""Time between two stills [s], about a step of a walk."""
DESCRIPTION = """Write one HTML page about runs that opens without a network: configuration,
learning curves, the newest evaluation of each run, pictures."""

_log = logging.getLogger(__name__)


def main(arguments: Sequence[str]) -> int:
    """Write the page that the command line asks for.

    Args:
        arguments: without the program's name.

    Returns:
        Exit code 0.

    Raises:
        SystemExit: with code 2 and one line on stderr if the input cannot be used.
    """
    options = parse(arguments)
    with one_line_errors():
        _check(options)
        runs = read_runs(options.runs)
        if options.frames:
            runs = [_with_pictures(run, options.frames) for run in runs]
        video = options.video.read_bytes() if options.video else None
        page = make_page(runs, options.smoothing, options.png is not None, video)
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(page.html, encoding="utf-8")
        if options.png is not None:
            write_png(page.plots, options.png)
    size = options.out.stat().st_size / 1e6
    print(f"written     {options.out}, {size:.2g} MB, {len(page.plots)} plots")
    return 0


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line.

    Raises:
        SystemExit: with code 2 if it cannot be read, with code 0 after --help.
    """
    parser = argparse.ArgumentParser(
        prog="python -m humanoid_gym.evaluation report", description=DESCRIPTION
    )
    add = parser.add_argument
    add("runs", nargs="+", type=Path, metavar="RUN", help="folder of a run; several are compared")
    add(
        "--out", type=Path, default=Path("report.html"), metavar="FILE", help="default: report.html"
    )
    add("--png", type=Path, metavar="DIR", help="write each plot as PNG there, too")
    add("--frames", type=int, default=8, metavar="N", help="stills of the policy (default: 8)")
    add("--video", type=Path, metavar="FILE", help="an .mp4 to show, as play.py --video records it")
    add(
        "--smoothing", type=float, default=0.9, metavar="W", help="of curves, 0 to 1 (default: 0.9)"
    )
    return parser.parse_args(list(arguments))


def read_runs(folders: Sequence[Path]) -> List[ReportedRun]:
    """Read what the page shows of each run.

    Raises:
        ConfigError: a folder is missing or not a run's, or what is in it cannot be read.
    """
    for folder in folders:
        if not folder.is_dir():
            raise ConfigError(f"run {folder}: no such folder")
    return [
        read_run(folder, run_folder.read_settings(folder), folder / run_folder.CONFIG_FILE, name)
        for folder, name in zip(folders, names_of(folders))
    ]


def _check(options: argparse.Namespace) -> None:
    if not 0.0 <= options.smoothing < 1.0:
        raise ConfigError(f"--smoothing: must be >= 0 and < 1, got {options.smoothing:g}")
    if options.frames < 0:
        raise ConfigError(f"--frames: must be >= 0, got {options.frames}")
    if options.video is not None and options.video.suffix != ".mp4":
        raise ConfigError(f"--video {options.video}: expected a name that ends in .mp4")
    if options.out.suffix not in (".html", ".htm"):
        raise ConfigError(f"--out {options.out}: expected a name that ends in .html")
    check_file(options.out, f"--out {options.out}")
    if options.png is not None:
        check_folder(options.png, f"--png {options.png}")


def _with_pictures(run: ReportedRun, count: int) -> ReportedRun:
    """Return the run with a frame strip; without one, and a warning, where none can be made."""
    try:
        return replace(run, pictures=_pictures(run, count))
    except (ValueError, OSError, RuntimeError, NotImplementedError) as error:
        _log.warning("no pictures of %s: %s", run.folder, " ".join(str(error).split()))
        return run


def _pictures(run: ReportedRun, count: int) -> List[Picture]:
    """Play one episode from its beginning and take stills."""
    checkpoint = run_folder.find_checkpoint(str(run.folder), "best.pt")
    top = {"num_envs": 1, "seed": 0, "device": "cpu", "headless": True}
    policy = trained.read(checkpoint, top, [])
    env = policy.make_env()
    try:
        agent = Agent(policy.networks(env), env.num_envs)
        duration = env.dt * env.config.control_frequency_inv
        camera = FollowCamera(duration, env.camera_offset)
        stride = max(round(PICTURE_INTERVAL / duration), 1)
        obs, pictures = env.reset()["obs"], []
        for step in range(stride * (count - 1) + 1):
            eye, target = camera.follow(env.camera_target(0))
            if step % stride == 0:
                frame = env.render_frame(0, eye, target, *PICTURE_SIZE)
                pictures.append(Picture(step * duration, _jpeg(frame)))
            obs, _, done, _ = env.step(agent(obs))
            obs = obs["obs"]
            agent.forget(done)
        return pictures
    finally:
        env.close()


def _jpeg(frame: np.ndarray) -> bytes:
    import imageio.v3 as imageio  # only pictures need it

    return imageio.imwrite("<bytes>", frame, extension=".jpeg", quality=85)
