"""python -m humanoid_gym.evaluation monitor: watch a training and flag what is wrong with it."""

import argparse
import sys
import time
from pathlib import Path
from typing import List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from rich.console import Console, RenderableType
from rich.live import Live

from humanoid_gym.cli import run_folder
from humanoid_gym.cli.bad_input import one_line_errors
from humanoid_gym.config import ConfigError
from humanoid_gym.evaluation.history import HistoryReader
from humanoid_gym.evaluation.monitor.rules import STALLS, WARNING, Finding, Thresholds, find
from humanoid_gym.evaluation.monitor.screen import screen
from humanoid_gym.rl.logging.report import FRACTION, STEPS_PER_SECOND

EXIT_FLAGGED = 1
"""Exit code of --once where a training diverges or stalls."""
LONGEST_SILENCE = 120.0
"""Seconds without anything new in the log after which an unfinished training is flagged."""
WIDTH = 110
"""Of the screen where there is no terminal [characters]."""
PATIENCE_HELP = "iterations without a better return that are a stall"
DESCRIPTION = """Watch a run while it trains; exit with Ctrl-C. With --once: print one screen and
exit with 0, or 1 if the training diverges or stalls."""


class Watched(NamedTuple):
    """A run that is watched."""

    run: Path
    reader: HistoryReader
    thresholds: Thresholds
    max_iterations: Optional[int]


def main(arguments: Sequence[str]) -> int:
    """Watch as the command line says.

    Args:
        arguments: without the program's name.

    Returns:
        Exit code: 1 if --once found the training diverging or stalling, else 0.

    Raises:
        SystemExit: with code 2 and one line on stderr if the input cannot be used.
    """
    options = parse(arguments)
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    with one_line_errors():
        watched = construct(options)
        view, findings = look(watched)
    if options.once:
        console.print(view)
        return EXIT_FLAGGED if any(f.severity != WARNING for f in findings) else 0
    try:
        with Live(view, console=console, auto_refresh=False) as live, one_line_errors():
            while True:
                time.sleep(options.interval)
                live.update(look(watched)[0], refresh=True)
    except KeyboardInterrupt:
        return 0


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line.

    Raises:
        SystemExit: with code 2 if it cannot be read, with code 0 after --help.
    """
    parser = argparse.ArgumentParser(
        prog="python -m humanoid_gym.evaluation monitor", description=DESCRIPTION
    )
    add = parser.add_argument
    add("run", nargs="?", default=run_folder.RUNS, metavar="RUN", help="default: the newest run")
    add("--once", action="store_true", help="print one screen and exit")
    add("--interval", type=float, default=5.0, metavar="S", help="seconds between looks")
    add("--window", type=int, default=Thresholds.window, metavar="N", help="iterations averaged")
    add("--patience", type=int, default=Thresholds.patience, metavar="N", help=PATIENCE_HELP)
    return parser.parse_args(list(arguments))


def construct(options: argparse.Namespace) -> Watched:
    """Find the run and open its log.

    Raises:
        ConfigError: an option or the run cannot be used.
        FileNotFoundError: there is no run.
    """
    for name in ("interval", "window", "patience"):
        if getattr(options, name) <= 0:
            raise ConfigError(f"--{name}: must be above 0, got {getattr(options, name):g}")
    given = Path(options.run).expanduser()
    run = run_folder.newest(given) if _holds_runs(given) else given
    thresholds = Thresholds(window=options.window, patience=options.patience)
    reader = HistoryReader(run)
    settings = run_folder.read_settings(run)
    limit = settings.get("max_iterations") or settings["train"]["runner"].get("max_iterations")
    return Watched(run, reader, thresholds, limit)


def look(watched: Watched) -> Tuple[RenderableType, List[Finding]]:
    """Return the present screen and what is wrong.

    Raises:
        ConfigError: the log is damaged.
    """
    history = watched.reader.read()
    curves = {name: curve.values for name, curve in history.items()}
    findings = find(curves, watched.thresholds)
    done = curves[FRACTION][-1] >= 1.0 if FRACTION in curves else False
    silent = time.time() - watched.reader.last_change()
    if not done and silent > max(LONGEST_SILENCE, 10.0 * _usual_seconds(curves)):
        reason = f"nothing new for {silent:.0f} s; the process ended or hangs"
        findings.insert(0, Finding(STALLS, "silent", reason))
    view = screen(watched.run, history, findings, watched.thresholds.window, watched.max_iterations)
    return view, findings


def _holds_runs(folder: Path) -> bool:
    """Whether a folder is one of runs, such as `runs` or `runs/humanoid`, not a run itself."""
    return folder.is_dir() and not (folder / run_folder.CONFIG_FILE).is_file()


def _usual_seconds(curves: Mapping[str, np.ndarray]) -> float:
    """Seconds that an iteration takes; 0 before the first."""
    parts = [
        values[-10:].mean()
        for name, values in curves.items()
        if name.startswith("speed/") and name != STEPS_PER_SECOND
    ]
    return float(sum(parts))
