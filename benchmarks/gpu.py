"""Runs every GPU test and benchmark and writes one JSON and one table; see gpu.sh.

Each part is a process of its own with a time limit; what fails or takes too long is told in the
results and does not keep the others from running.
"""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

from gpu_tables import Results, markdown

HERE = Path(__file__).resolve().parent
RESERVE = 5.0
"""Seconds that are kept for writing the results."""
GRACE = 8.0
"""Seconds that a part whose time is over may take to write what it has."""


class Part(NamedTuple):
    """One process."""

    name: str
    command: list[str]
    """After `python`."""
    seconds: float
    """Longest time that it may take."""
    asked_for: bool = False
    """Whether it runs only where --parts names it, for it does not fit beside the others."""


def parts(args: argparse.Namespace) -> list[Part]:
    """All parts, the most important ones first."""
    real = args.device != "cpu"
    sizes = [str(n) for n in args.envs or (4096, 8192)]
    scaling = [str(n) for n in args.envs or (1024, 2048, 4096, 8192, 16384, 32768)]
    envs = f"num_envs={sizes[0]}"
    device = ["--device", args.device]
    rounds = [] if real else ["--rounds", "1", "--steps", "2"]
    tiny = [] if real else ["train.runner.horizon=4", "train.algorithm.num_epochs=1"]
    batch = tiny or ["train.runner.horizon=32", "train.algorithm.num_epochs=5"]
    iterations = ["--iterations", "30" if real else "1"]
    until = ["--until", "return>=5000", "--seconds", "120" if real else "3"]
    few = [] if real else [envs]
    until += few
    walking = ["task=humanoid_legs", "--until", "velocity_error<=0.25", "fall<=0.1"]
    rough = [*walking, "--seconds", "540" if real else "3", *few]
    rough += ["terrain=rough", "randomization=moderate"]
    walking += ["--seconds", "180" if real else "3", *few]
    scaled = [*device, "--only-steps", *rounds, "--envs"]
    # -v: the log tells what passed if time is over; -W: drivers and PyTorch may warn of their own
    report = ["-v", "-W", "default", "-p", "no:cacheprovider", "-n", str(args.processes)]
    report += ["--continue-on-collection-errors", "--junitxml"]  # a bare machine lacks packages
    first = [*device, "--only-steps", "--rounds", "1", "--steps", "2", "--envs", "8"]
    legs = ["task=humanoid_legs", "num_envs=64"]
    default = ["gpu_training.py", *device, *iterations, envs, *tiny]
    compiled = "train.execution.compile=true"
    return [
        Part("versions", ["gpu_versions.py", *device], 60),
        Part("kernels", ["gpu_stepping.py", *first], 300),  # where none are in Warp's cache yet
        Part("stepping", ["gpu_stepping.py", *device, "--envs", *sizes, *rounds], 240),
        Part("training", ["gpu_training.py", *device, *iterations, envs, *batch], 120),
        Part("default_training", default, 60),
        Part("time_to_return", ["gpu_training.py", *device, *until, *tiny], 170),
        Part("gpu_tests", ["-m", "pytest", "-m", "gpu", *gpu_tests(), *report], 120),
        Part("legs_kernels", ["gpu_training.py", *device, "--iterations", "1", *legs, *tiny], 200),
        Part("walking", ["gpu_training.py", *device, *walking, *tiny], 230),
        Part("compiled_training", [*default, compiled], 150, asked_for=True),
        *(Part(f"scaling_{n}", ["gpu_stepping.py", *scaled, n], 45) for n in scaling),
        Part("rough_walking", ["gpu_training.py", *device, *rough, *tiny], 590, asked_for=True),
        Part("conformance", ["-m", "pytest", "tests/conformance", "-k", "warp", *report], 300),
    ]


def gpu_tests() -> list[str]:
    """Files with tests for a GPU; collecting all the others takes minutes."""
    files = sorted((HERE.parent / "tests").rglob("test_*.py"))
    return [str(file) for file in files if "pytest.mark.gpu" in file.read_text(encoding="utf-8")]


def run(part: Part, seconds: float, folder: Path, log: Path) -> dict[str, Any]:
    """Run a part; its results, or why there are none, and how long it took."""
    found = folder / f"{part.name}.out"
    tests = part.command[0] == "-m"
    command = part.command if tests else [str(HERE / part.command[0]), *part.command[1:], "--out"]
    start = time.perf_counter()
    with log.open("a", encoding="utf-8") as output:
        output.write(f"\n== {part.name}: {' '.join(part.command)}\n")
        output.flush()
        process = subprocess.Popen(
            [sys.executable, *command, str(found)],
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        error = wait(process, seconds)
    result: dict[str, Any] = {"seconds": time.perf_counter() - start}
    if error:
        result["error"] = error
    if found.is_file():
        text = found.read_text(encoding="utf-8")
        # a part that was stopped may have written half of it
        with contextlib.suppress(ValueError, ElementTree.ParseError):
            result["result"] = test_counts(text) if tests else json.loads(text)
    return result


def wait(process: subprocess.Popen, seconds: float) -> str:
    """Wait for a process; why it did not succeed, or empty."""
    try:
        code = process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        stop(process)
        return f"stopped after {seconds:.0f} s"
    return "" if code == 0 else f"exit code {code}; see log.txt"


def stop(process: subprocess.Popen) -> None:
    """Ask a process to write what it has, as Ctrl-C does; then end it and what it started."""
    process.send_signal(signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=GRACE)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # its own group, of nobody else
    with contextlib.suppress(subprocess.TimeoutExpired):  # a driver that hangs holds it
        process.wait(timeout=GRACE)


def test_counts(text: str) -> dict[str, Any]:
    """Counts of a JUnit file, and the names of the tests that failed."""
    root = ElementTree.fromstring(text)
    counts = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for suite in root.iter("testsuite"):
        for name in counts:
            counts[name] += int(suite.get(name, "0"))
    bad = [
        f"{case.get('classname')}::{case.get('name')}"
        for case in root.iter("testcase")
        if case.find("failure") is not None or case.find("error") is not None
    ]
    return {**counts, "failed": bad[:50]}


def wanted(part: Part, asked: list[str] | None) -> bool:
    """Whether a part runs, given what --parts names."""
    return part.name.startswith(tuple(asked)) if asked else not part.asked_for


def write(results: Results, out: Path) -> None:
    """Write what is known so far."""
    (out / "results.json").write_text(json.dumps(results, indent=1), encoding="utf-8")
    (out / "results.md").write_text(markdown(results), encoding="utf-8")


def main() -> int:
    """Run all parts; 1 if one failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda", help="cuda, cuda:N, or cpu for a dry run")
    parser.add_argument(
        "--envs", type=int, nargs="+", help="in place of 4096 8192, and of 1K to 32K"
    )
    parser.add_argument("--out", type=Path, default=Path("gpu_results"))
    parser.add_argument("--minutes", type=float, default=9.5, help="that all may take")
    parser.add_argument("--parts", nargs="+", metavar="NAME", help="only those that begin so")
    parser.add_argument("--processes", type=int, default=8, help="that tests run in")
    args = parser.parse_args()
    # A shell that starts this in the background lets SIGINT be ignored, here and in the parts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    args.out.mkdir(parents=True, exist_ok=True)
    end = time.perf_counter() + 60.0 * args.minutes - RESERVE
    log = args.out / "log.txt"
    log.write_text("", encoding="utf-8")
    results: Results = {}
    with tempfile.TemporaryDirectory() as folder:
        for part in parts(args):
            if not wanted(part, args.parts):
                continue
            left = end - time.perf_counter()
            if left < 1.0:
                results[part.name] = {"seconds": 0.0, "error": "no time was left"}
            else:
                results[part.name] = run(part, min(part.seconds, left), Path(folder), log)
            state = results[part.name].get("error", "done")
            print(f"{part.name}: {state}, {results[part.name]['seconds']:.0f} s", flush=True)
            write(results, args.out)
    print(f"\n{markdown(results)}\nresults in {args.out}", flush=True)
    return 1 if any("error" in result for result in results.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
