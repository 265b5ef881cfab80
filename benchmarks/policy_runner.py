"""Control steps per second of PolicyRunner on one core, with and without its safety filter.

python benchmarks/policy_runner.py --policy runs/humanoid/…/exported/policy.onnx

Times `PolicyRunner.step`: sensors are checked, the observation is assembled, the policy answers and
the safety filter bounds the command, the check of stability included where the robot has a body.
"""

import argparse
import os
import statistics
import time
from pathlib import Path
from typing import Callable

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy loads

import numpy as np  # noqa: E402

from humanoid_gym.deployment import Deployment, PolicyFile, PolicyRunner  # noqa: E402

STEPS = 2000
ROUNDS = 5


def main() -> None:
    """Time and print."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n")[0])
    parser.add_argument("--policy", type=Path, required=True)
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    policy = PolicyFile(options.policy)
    deployment = policy.deployment
    watched = deployment
    if deployment.body is not None:  # checked, and never the reason for a stop
        watched = deployment.with_safety(stability_margin=-1e3)
    observation = np.zeros((1, deployment.num_obs), np.float32)
    memory = policy.no_memory()
    _report("policy alone", _seconds(lambda: policy(observation, memory)))
    for name, described in (("step", deployment), ("step with stability", watched)):
        runner = PolicyRunner(policy, described)
        sensors = _sensors(runner, described)
        _report(name, _seconds(lambda: runner.step(sensors)))  # noqa: B023 - called right here
        if runner.stopped:
            raise SystemExit(f"error: {runner.reason}")


def _sensors(runner: PolicyRunner, deployment: Deployment) -> "dict[str, np.ndarray]":
    sensors = {name: np.zeros(width) for name, width in runner.sensors.items()}
    sensors.update({k: np.array(v) for k, v in deployment.constants.items()})
    if "base_orientation" in sensors:
        sensors["base_orientation"] = np.array([0.0, 0.0, 0.0, 1.0])
    return sensors


def _seconds(call: Callable[[], object]) -> "list[tuple[float, float]]":
    """Return wall and CPU time of one call in each of some rounds [s]."""
    rounds = []
    for _ in range(ROUNDS):
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(STEPS):
            call()
        ends = time.perf_counter(), time.process_time()
        rounds.append(((ends[0] - wall) / STEPS, (ends[1] - cpu) / STEPS))
    return rounds


def _report(name: str, rounds: "list[tuple[float, float]]") -> None:
    wall, cpu = (statistics.median(times) for times in zip(*rounds, strict=True))
    print(f"{name:<20}{wall * 1e6:7.0f} us: {1 / wall:6.0f} Hz; CPU time {cpu * 1e6:5.0f} us")


if __name__ == "__main__":
    main()
