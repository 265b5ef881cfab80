"""`simulate` and `VecTask.step` on a GPU against bare captured MuJoCo Warp, on the same work.

Humanoids with random actions. What each control step began with (state, solver warm start, joint
forces) is recorded; then `VecTask.step`, the engine's `simulate` and bare `mujoco_warp.step` are
timed in turns, round after round, the latter two on the recorded work. Bare stepping has the same
model, room for contacts and substeps in one CUDA graph, and nothing else; a second one has a model
without the task's sensors. Copying the recorded work into place is timed alone and taken off.

    python benchmarks/gpu_stepping.py [--envs 4096 8192] [--rounds 5] [--steps 50] [--only-steps]
"""

import copy
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import humanoid_gym  # isort: skip  # noqa: F401 (sets up `isaacgym` before torch loads)

import mujoco
import mujoco_warp
import torch
import warp as wp
from cases import make_task
from gpu_timing import chosen_device, finish, parser, seconds, synchronize, used_mib
from torch import Tensor

from humanoid_gym.engine.backend.warp import UNSUPPORTED_FLAGS, WarpBackend
from humanoid_gym.engine.compilation.compiled_scene import Served, compile_scene
from humanoid_gym.engine.model_fields.property_fields import PropertyFields
from humanoid_gym.tasks.vec_task import VecTask

INPUTS = ("qpos", "qvel", "qacc_warmstart", "qfrc_applied")
"""What a control step begins with."""
WARM_UP = 60
"""Steps from the start pose to the mix of states that resets keep up."""
Work = list[dict[str, Tensor]]


class Bare:
    """MuJoCo Warp and nothing else.

    Args:
        model: of one world.
        like: backend whose number of worlds and room for contacts it has.
        substeps: in one graph.
    """

    def __init__(self, model: mujoco.MjModel, like: WarpBackend, substeps: int) -> None:
        self._substeps = substeps
        self._device = wp.device_from_torch(like.device)
        host = copy.copy(model)
        host.opt.disableflags &= ~int(UNSUPPORTED_FLAGS)
        with wp.ScopedDevice(self._device):
            self._model = mujoco_warp.put_model(host)
            self._model.opt.warn_overflow = 0
            sizes = like._data
            self._data = mujoco_warp.make_data(
                host, like.num_envs, naconmax=sizes.naconmax, njmax=sizes.njmax
            )
            self.inputs = {name: wp.to_torch(getattr(self._data, name)) for name in INPUTS}
            self._advance()  # loads the kernels
            with wp.ScopedCapture() as capture:
                self._advance()
            self._graph = capture.graph

    def step(self) -> None:
        """Advance by the substeps of one `simulate`."""
        with wp.ScopedDevice(self._device):
            wp.capture_launch(self._graph)

    def _advance(self) -> None:
        for _ in range(self._substeps):
            mujoco_warp.step(self._model, self._data)


class Case:
    """One number of environments.

    Args:
        num_envs: humanoids.
        device: of everything.
        steps: in a round.
    """

    def __init__(self, num_envs: int, device: torch.device, steps: int) -> None:
        self.device, self.num_envs, self.steps = device, num_envs, steps
        before, start = used_mib(device), time.perf_counter()
        self.task: VecTask = make_task("humanoid", num_envs, device=str(device))
        self.task.reset()
        self.construction = time.perf_counter() - start
        generator = torch.Generator(device).manual_seed(0)
        shape = (steps, num_envs, self.task.num_actions)
        self.actions = torch.rand(shape, generator=generator, device=device) * 2.0 - 1.0
        start = time.perf_counter()
        for index in range(WARM_UP if device.type == "cuda" else 4):
            self.task.step(self.actions[index % steps])
        synchronize(device)
        self.first_steps = time.perf_counter() - start
        self.memory_mib = used_mib(device) - before
        self.backend: Any = self.task.sim.simulation.backend

    def record(self) -> Work:
        """What the steps of a round begin with."""
        work: Work = []
        for action in self.actions:
            before = {name: self.backend.state(name).clone() for name in INPUTS[:-1]}
            self.task.step(action)
            work.append({**before, "qfrc_applied": self.backend.state("qfrc_applied").clone()})
        return work

    def step_task(self) -> None:
        """Steps of a round."""
        for action in self.actions:
            self.task.step(action)

    def time_task(self) -> float:
        """Seconds per `VecTask.step`; what it returns is poisoned before."""
        task = self.task
        task.obs_buf.fill_(torch.nan)
        task.rew_buf.fill_(torch.nan)
        result = seconds(self.step_task, self.device) / self.steps
        if not bool(task.obs_buf.isfinite().all() and task.rew_buf.isfinite().all()):
            raise RuntimeError("VecTask.step left observations or rewards that are not finite")
        return result

    def simulate(self) -> None:
        """The engine's part of a step, alone."""
        self.task.gym.simulate(self.task.sim)


def repeat(
    work: Work, inputs: dict[str, Tensor], step: Callable[[], None], device: torch.device
) -> float:
    """Seconds per step of recorded work, copying included; the state is poisoned before."""
    inputs["qpos"].fill_(torch.nan)

    def run() -> None:
        for item in work:
            for name in INPUTS:
                inputs[name].copy_(item[name])
            step()

    result = seconds(run, device) / len(work)
    if not bool(inputs["qpos"].isfinite().all()):
        raise RuntimeError("stepping left positions that are not finite")
    return result


def measured(case: Case, rounds: int) -> dict[str, float]:
    """Medians over alternating rounds [s]."""
    task, device = case.task, case.device
    simulation = task.sim.simulation
    substeps = task.config.sim.substeps
    compiled = compile_scene(task.sim.scene, simulation.drives.driven, Served())
    PropertyFields(
        task.sim.scene, simulation.layout, compiled, simulation.tables, simulation.drives
    ).write_model()
    bare = Bare(case.backend.model, case.backend, substeps)
    lean = Bare(compiled.model, case.backend, substeps)
    saved = task.state_dict()
    work = case.record()
    own = {name: case.backend.state(name) for name in INPUTS}
    times: dict[str, list[float]] = {}
    for index in range(rounds + 1):
        task.load_state_dict(saved)
        taken = {"step": case.time_task()}
        taken["copy"] = repeat(work, bare.inputs, lambda: None, device)
        taken["simulate"] = repeat(work, own, case.simulate, device)
        taken["bare"] = repeat(work, bare.inputs, bare.step, device)
        taken["bare_without_sensors"] = repeat(work, lean.inputs, lean.step, device)
        if index:  # the first round captures graphs
            for name, value in taken.items():
                times.setdefault(name, []).append(value)
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name in ("simulate", "bare", "bare_without_sensors"):
        medians[name] -= medians["copy"]
    return medians


def row(num_envs: int, device: torch.device, rounds: int, steps: int, only_steps: bool) -> dict:
    """Results for one number of environments."""
    case = Case(num_envs, device, steps)
    result: dict[str, Any] = {
        "envs": num_envs,
        "construction_s": case.construction,
        "first_steps_s": case.first_steps,
        "gpu_memory_mib": case.memory_mib,
        "bytes_per_env_of_physics": case.backend.bytes_per_env,
        "captured": case.task._step.captured,
    }
    if only_steps:
        taken = {"step": statistics.median(case.time_task() for _ in range(rounds))}
    else:
        taken = measured(case, rounds)
        result["simulate_vs_bare"] = taken["bare"] / taken["simulate"]
        result["simulate_vs_bare_without_sensors"] = (
            taken["bare_without_sensors"] / taken["simulate"]
        )
        result["step_vs_bare"] = taken["bare"] / taken["step"]
        result["bare_env_steps_per_s"] = num_envs / taken["bare"]
    result["env_steps_per_s"] = num_envs / taken["step"]
    result.update({f"{name}_ms": 1e3 * value for name, value in taken.items()})
    case.task.close()
    return result


def main() -> None:
    """One row for each number of environments."""
    arguments = parser(Path(__file__).stem + ": stepping on a GPU against bare MuJoCo Warp")
    arguments.add_argument("--envs", type=int, nargs="+", default=[4096, 8192])
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--steps", type=int, default=50, help="control steps of a round")
    arguments.add_argument("--only-steps", action="store_true", help="VecTask.step and memory")
    args = arguments.parse_args()
    device = chosen_device(args.device)
    rows = []
    for num_envs in args.envs:
        rows.append(row(num_envs, device, args.rounds, args.steps, args.only_steps))
        finish(rows, args.out)  # what there is, should a larger one fail


if __name__ == "__main__":
    main()
