"""What a picture of the browser viewer costs the program, with a page open that takes it.

    python benchmarks/browser_viewer.py --envs 1 64 1024

One simulate between two pictures; medians. The page only receives: what a browser needs to draw is
its own machine's matter.
"""

import argparse
import os
import statistics
import threading
import time
from pathlib import Path
from typing import List

import yaml

os.environ["HUMANOID_GYM_VIEWER"] = "browser:0"

import msgspec
import viser
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from humanoid_gym.config import build
from humanoid_gym.tasks.humanoid import Humanoid, HumanoidConfig

SETTINGS = Path(__file__).resolve().parents[1] / "cfg/task/humanoid.yaml"
CAMERA = {
    "type": "ViewerCameraMessage",
    "wxyz": (1.0, 0.0, 0.0, 0.0),
    "position": (3.0, 3.0, 2.0),
    "look_at": (0.0, 0.0, 1.0),
    "up_direction": (0.0, 0.0, 1.0),
    "fov": 1.0,
    "near": 0.01,
    "far": 100.0,
    "image_height": 600,
    "image_width": 1000,
}
SECONDS_BETWEEN = 0.05
"""So that the page has taken one picture before the next."""


class Page:
    """An open page that counts what it is sent."""

    def __init__(self, address: str) -> None:
        """Open it.

        Args:
            address: of the viewer.
        """
        protocol = f"viser-v{viser.__version__}"
        socket = connect(address.replace("http", "ws"), subprotocols=[protocol], max_size=None)
        self._socket: ClientConnection = socket
        self.received = 0
        threading.Thread(target=self._listen, daemon=True).start()
        socket.send(msgspec.msgpack.encode(CAMERA))

    def close(self) -> None:
        """Close it."""
        self._socket.close()

    def _listen(self) -> None:
        try:
            for packet in self._socket:
                self.received += len(packet)
        except ConnectionClosed:
            pass


def measure(num_envs: int, pictures: int) -> str:
    """Row of the table for a number of environments."""
    settings = {**yaml.safe_load(SETTINGS.read_text()), "num_envs": num_envs}
    config = build(HumanoidConfig, settings, "task")
    task = Humanoid(config, graphics_device_id=0, headless=False)
    page = Page(task.viewer.address)
    times: List[float] = []
    while not task.viewer.watched():
        time.sleep(SECONDS_BETWEEN)
    for _ in range(pictures + 1):
        task.gym.simulate(task.sim)
        start = time.perf_counter()
        task.gym.step_graphics(task.sim)
        task.gym.draw_viewer(task.viewer, task.sim, True)
        times.append(1e3 * (time.perf_counter() - start))
        time.sleep(SECONDS_BETWEEN)
        if len(times) == 1:
            first = page.received
    shown = len(task.viewer._scene._envs)
    kib = (page.received - first) / pictures / 1024
    page.close()
    task.close()
    median = statistics.median(times[1:])
    return f"{num_envs:6}{shown:7}{times[0]:12.0f}{first / 2**20:12.2f}{median:12.1f}{kib:14.1f}"


def main() -> None:
    """Read the command line, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--envs", type=int, nargs="+", default=[1, 64, 1024])
    parser.add_argument("--pictures", type=int, default=20)
    options = parser.parse_args()
    rows = [measure(count, options.pictures) for count in options.envs]
    print("  envs  shown  first [ms] first [MiB]     ms each      KiB each", *rows, sep="\n")


if __name__ == "__main__":
    main()
