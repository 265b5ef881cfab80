"""What the GPU benchmarks share: the device, the clock, the file that results go to."""

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import torch


def parser(description: str) -> argparse.ArgumentParser:
    """Arguments that all of them have."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--device", default="cuda", help="cuda, cuda:N, or cpu for a dry run")
    made.add_argument("--out", type=Path, help="write the results there, as JSON")
    return made


def chosen_device(name: str) -> torch.device:
    """The device; on the CPU, physics is Warp's on its CPU device unless the environment says.

    Raises:
        SystemExit: there is no such GPU.
    """
    device = torch.device(name)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise SystemExit("PyTorch sees no CUDA device; --device cpu is a dry run")
    if device.type == "cpu":
        os.environ.setdefault("HUMANOID_GYM_BACKEND", "warp")
        return device
    device = torch.device("cuda", device.index or 0)
    torch.cuda.set_device(device)
    return device


def synchronize(device: torch.device) -> None:
    """Wait until the device has done everything."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds(function: Callable[[], None], device: torch.device) -> float:
    """Time of a function, measured by the GPU's own events where there is one."""
    if device.type == "cpu":
        start = time.perf_counter()
        function()
        return time.perf_counter() - start
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize(device)
    begin.record()
    function()
    end.record()
    end.synchronize()
    return 1e-3 * begin.elapsed_time(end)


def used_mib(device: torch.device) -> float:
    """Memory of the GPU that is taken, by anybody [MiB]; 0 on the CPU."""
    if device.type == "cpu":
        return 0.0
    free, total = torch.cuda.mem_get_info(device)
    return (total - free) / 2**20


def finish(results: object, out: Path | None) -> None:
    """Print the results, and write them where asked."""
    text = json.dumps(results, indent=1)
    print(text)
    if out is not None:
        out.write_text(text, encoding="utf-8")
