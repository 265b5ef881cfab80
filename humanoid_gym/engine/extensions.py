"""What Isaac Gym's API cannot say, in one small object: `getattr(gym, "extensions", None)`.

NVIDIA's Gym has none; programs that use it need a fallback. Here VecTask is its only user.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from humanoid_gym.engine.backend.capture import CapturedFunction
from humanoid_gym.engine.backend.choice import what_gpu_physics_lacks
from humanoid_gym.engine.forces.overlaps import overlaps
from humanoid_gym.engine.graphics.page_recording import PageRecording
from humanoid_gym.engine.graphics.rendering import Poses
from humanoid_gym.engine.graphics.viewer import Viewer
from humanoid_gym.engine.graphics.viewer_choice import why_no_viewer
from humanoid_gym.engine.scene.scene import Env
from humanoid_gym.engine.sim import Sim, sim_of


class Extensions:
    """Exact state, faults, timings and pictures of a simulation."""

    def save_state(self, sim: Sim) -> dict[str, Any]:
        """Everything that decides how the simulation goes on, as new tensors.

        The integration state in float64 (positions, velocities, solver warm start, applied
        forces), drive targets, fault and step counts, and the tensors of the last substep.
        """
        simulation = sim.running("save_state")
        return {
            "state": simulation.backend.save(),
            "position_target": simulation.drives.position_target.clone(),
            "velocity_target": simulation.drives.velocity_target.clone(),
            "fault_counts": simulation.fault_counts.clone(),
            "num_steps": simulation.num_steps,
            "sensed": sim.tensors.save(simulation),
        }

    def load_state(self, sim: Sim, saved: dict[str, Any]) -> None:
        """Continue from `save_state`, bit for bit on the CPU.

        Args:
            sim: a simulation of the same scene, with the same tensors acquired.
            saved: what `save_state` returned.

        Raises:
            ValueError: the state is of another scene.
        """
        simulation = sim.running("load_state")
        came, expected = tuple(saved["state"].shape), tuple(simulation.backend.save().shape)
        if came != expected:
            raise ValueError(
                f"load_state: a state of shape {came} (environments, numbers) does not fit this "
                f"scene, which has {expected}; use the same task, robot and num_envs"
            )
        device = simulation.device
        simulation.restore(
            saved["state"].to(device),
            saved["position_target"].to(device),
            saved["velocity_target"].to(device),
            saved["fault_counts"].to(device),
            saved["num_steps"],
        )
        sim.tensors.load(simulation, saved["sensed"])

    def why_no_display(self) -> str:
        """Why this process cannot show viewers; empty if it may."""
        return why_no_viewer()

    def watched(self, viewer: Viewer) -> bool:
        """Whether somebody may see what a viewer draws: a page is open in a browser, a window."""
        return viewer.watched()

    def what_gpu_physics_lacks(self) -> str | None:
        """The reason why physics cannot run on a GPU here, with its remedy; None if it can."""
        return what_gpu_physics_lacks()

    def fault_counts(self, sim: Sim) -> Tensor:
        """How often each environment became unstable and was reset, shape (num_envs,), int64."""
        return sim.running("fault_counts").fault_counts.clone()

    def self_overlaps(
        self, env: Env, dof_positions: Sequence[float]
    ) -> list[tuple[str, str, float]]:
        """Links whose collision shapes overlap in a pose: joints between them are stuck there.

        Args:
            env: of a prepared simulation.
            dof_positions: of all its actors [rad or m], shape (num_dofs,).

        Returns:
            Names of two links of the same actor that may collide, and how deep they overlap [m];
            the deepest pair first.
        """
        simulation = sim_of(env, "self_overlaps").running("self_overlaps")
        return overlaps(simulation, env, np.asarray(dof_positions, dtype=float))

    def capture(
        self,
        sim: Sim,
        function: Callable[[], None],
        generators: Sequence[torch.Generator] = (),
    ) -> Callable[[], None] | None:
        """A function's work on the GPU without the host's part of it.

        The result does what the function does. At its first call it records, in CUDA graphs, all
        that the function has PyTorch and the simulation do; from then on it replays that.

        Args:
            sim: prepared.
            function: simulates, refreshes and sets tensors, computes. It must have run a few times
                before (which loads kernels), must not ask the device for a value, and has to leave
                its results in the same tensors each time: what it does in Python alone happens only
                while recording.
            generators: random number generators that it draws from, on the GPU.

        Returns:
            None where physics is not on a GPU.
        """
        if sim.running("capture").device.type != "cuda":
            return None
        return CapturedFunction(sim, function, generators)

    def timings(self, sim: Sim) -> dict[str, float]:
        """Seconds spent so far: `physics` in simulate."""
        return {"physics": sim.running("timings").seconds_in_physics}

    def render(
        self,
        sim: Sim,
        env_index: int,
        eye: tuple[float, float, float],
        target: tuple[float, float, float],
        width: int,
        height: int,
    ) -> np.ndarray:
        """Picture of one environment, rendered off screen.

        Args:
            sim: prepared.
            env_index: environment.
            eye: camera position [m], relative to the environment's origin.
            target: point it looks at [m].
            width: [pixels]
            height: [pixels]

        Returns:
            RGB, shape (height, width, 3), uint8.

        Raises:
            RuntimeError: no OpenGL library can render here; names what to install.
        """
        simulation = sim.running("render")
        return sim.graphics.picture(
            env_index,
            Poses.of(simulation),
            np.array(eye, dtype=float),
            np.array(target, dtype=float),
            (width, height),
        )

    def record_page(
        self, sim: Sim, env_index: int, eye: tuple[float, float, float]
    ) -> PageRecording:
        """Begin to record a simulation as one web page, in which the camera can be turned.

        Args:
            sim: prepared.
            env_index: environment whose frame points are in.
            eye: where the camera is at first, relative to what it follows [m].

        Raises:
            ModuleNotFoundError: viser is not installed; names what to install.
        """
        simulation = partial(sim.running, "record_page")
        return PageRecording(sim.graphics, simulation, env_index, np.array(eye, dtype=float))
