"""Environment stepping against bare MuJoCo on the same work.

`VecTask.step` with random actions (physics, every state tensor, observation, reward, resets) is
timed step by step. Then bare `mujoco.batch` repeats the same substeps from the same states, with
the same torques and threads, on the same scene compiled without the engine's sensors and without
computing any stage at the end: once persistent and once not, and the faster one counts.

    python benchmarks/stepping.py [--num-envs 1024] [--steps 30] [--rounds 5] [--threads 0]
"""

import argparse
import time
from typing import List, NamedTuple

import humanoid_gym  # isort: skip (sets up `isaacgym` and OpenMP before torch loads)

import mujoco.batch
import numpy as np
import torch
from cases import make_task, versions

from humanoid_gym.engine.backend.cpu import usable_cores
from humanoid_gym.engine.compilation.compiled_scene import Served, compile_scene
from humanoid_gym.engine.model_fields.property_fields import PropertyFields
from humanoid_gym.tasks.vec_task import VecTask


class Work(NamedTuple):
    """One control step, as bare MuJoCo needs it."""

    state: np.ndarray
    """Integration states before the step, shape (num_envs, state size)."""
    torques: np.ndarray
    """Applied generalized forces, shape (num_envs, nv)."""


def step_task(task: VecTask, steps: int, work: List[Work]) -> float:
    """Seconds per step of the task; appends what each step did to `work`."""
    seconds = 0.0
    backend = task.sim.simulation.backend
    for _ in range(steps):
        actions = 2.0 * torch.rand(task.num_envs, task.num_actions) - 1.0
        state = backend.save().numpy()
        start = time.perf_counter()
        task.step(actions)
        seconds += time.perf_counter() - start
        torques = torch.zeros(task.num_envs, backend.model.nv)
        torques[:, -task.num_actions :] = task.torques
        work.append(Work(state, torques.double().numpy()))
    return seconds / steps


def step_bare(batch: mujoco.batch.Batch, work: List[Work], substeps: int) -> float:
    """Seconds per step of bare MuJoCo on the same work."""
    seconds = 0.0
    for state, torques in work:
        batch.state[:] = state
        batch.qfrc_applied[:] = torques
        start = time.perf_counter()
        batch.step(nstep=substeps)
        seconds += time.perf_counter() - start
    return seconds / len(work)


def bare_batches(task: VecTask, threads: int) -> List[mujoco.batch.Batch]:
    """The task's scene without sensors, persistent and not."""
    simulation = task.sim.simulation
    compiled = compile_scene(task.sim.scene, simulation.drives.driven, Served())
    fields = PropertyFields(
        task.sim.scene, simulation.layout, compiled, simulation.tables, simulation.drives
    )
    fields.write_model()
    return [
        mujoco.batch.Batch(compiled.model, task.num_envs, threads, persistent=persistent)
        for persistent in (True, False)
    ]


def main() -> None:
    """Alternate, and print the median ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--num-envs", type=int, default=1024)
    parser.add_argument("--steps", type=int, default=30, help="control steps per alternation")
    parser.add_argument("--rounds", type=int, default=5, help="alternations")
    parser.add_argument("--threads", type=int, default=0, help="0: every usable core")
    args = parser.parse_args()
    threads = args.threads or usable_cores()
    torch.manual_seed(0)
    start = time.perf_counter()
    task = make_task("humanoid", num_envs=args.num_envs, num_threads=threads)
    print(f"{versions()}; {args.num_envs} humanoids, {threads} threads")
    print(f"construction {time.perf_counter() - start:.1f} s")
    task.reset()
    batches = bare_batches(task, threads)
    substeps = task.config.sim.substeps
    step_task(task, 60, [])  # from the start pose to the mix of states that resets keep up
    ratios = []
    for round_ in range(args.rounds):
        work: List[Work] = []
        ours = step_task(task, args.steps, work)
        bare = [step_bare(batch, work, substeps) for batch in batches]
        ratios.append(min(bare) / ours)
        print(
            f"round {round_ + 1}: VecTask.step {1e3 * ours:.1f} ms, bare persistent "
            f"{1e3 * bare[0]:.1f} ms, bare shared {1e3 * bare[1]:.1f} ms, "
            f"ratio {ratios[-1]:.3f}"
        )
    rate = args.num_envs / ours
    print(f"median ratio {np.median(ratios):.3f} (bare / VecTask.step); {rate:,.0f} env steps/s")


if __name__ == "__main__":
    print(f"humanoid_gym {humanoid_gym.__version__}")
    main()
