"""Memory and construction time of many humanoids, measured in this process.

python benchmarks/capacity.py [--num-envs 4096] [--steps 20]
"""

import argparse
import resource
import time

import humanoid_gym  # isort: skip (sets up `isaacgym` and OpenMP before torch loads)

import torch
from cases import make_task, versions


def resident_gib() -> float:
    """Largest resident memory of this process so far [GiB]; Linux counts in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main() -> None:
    """Construct, step, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--num-envs", type=int, default=4096)
    parser.add_argument("--steps", type=int, default=20)
    args = parser.parse_args()
    imports = resident_gib()
    start = time.perf_counter()
    task = make_task("humanoid", num_envs=args.num_envs)
    task.reset()
    construction = time.perf_counter() - start
    start = time.perf_counter()
    for _ in range(args.steps):
        task.step(2.0 * torch.rand(task.num_envs, task.num_actions) - 1.0)
    stepping = (time.perf_counter() - start) / args.steps
    print(f"humanoid_gym {humanoid_gym.__version__}, {versions()}")
    print(
        f"{args.num_envs} humanoids: construction and first reset {construction:.1f} s, "
        f"peak memory {resident_gib():.2f} GiB (imports alone {imports:.2f} GiB), "
        f"{1e3 * stepping:.0f} ms per step"
    )


if __name__ == "__main__":
    main()
