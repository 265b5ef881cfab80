"""`simulate` and the refreshes of all state tensors against bare MuJoCo on the same work.

An Isaac Gym program in miniature: random actuation forces, `simulate`, and the root, DOF, body and
contact tensors refreshed, timed step by step; robots that have fallen are put back in between.
Then bare `mujoco.batch` repeats the same substeps from the same states, with the same forces and
threads, on the same scene compiled without sensors and without computing any stage at the end:
once persistent and once not, and the faster one counts.

    python benchmarks/refreshing.py [--asset FILE] [--height 1.34] [--num-envs 1024] [--steps 30]
"""

import argparse
import time
from pathlib import Path
from typing import Any, List

import humanoid_gym  # isort: skip (sets up `isaacgym` and OpenMP before torch loads)

import mujoco.batch
import numpy as np
import torch
from cases import versions
from isaacgym import gymapi, gymtorch
from stepping import Work, step_bare

from humanoid_gym.engine.assets.asset import Asset
from humanoid_gym.engine.backend.cpu import usable_cores
from humanoid_gym.engine.compilation.compiled_scene import Served, compile_scene
from humanoid_gym.engine.model_fields.property_fields import PropertyFields

HUMANOID = "resources/urdf/humanoid/humanoid.urdf"
TENSORS = ("actor_root_state", "dof_state", "rigid_body_state", "net_contact_force")
FALLEN = 0.6
"""A root below this fraction of its initial height is put back."""


class Program:
    """The legacy program: one robot per environment, forces on its joints.

    Args:
        args: command line.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        self.gym: Any = gymapi.acquire_gym()
        params = gymapi.SimParams()
        params.dt, params.substeps, params.up_axis = 1 / 60, 2, gymapi.UP_AXIS_Z
        params.gravity = gymapi.Vec3(0, 0, -9.81)
        self.sim: Any = self.gym.create_sim(0, -1, gymapi.SIM_PHYSX, params)
        plane = gymapi.PlaneParams()
        plane.normal = gymapi.Vec3(0, 0, 1)
        self.gym.add_ground(self.sim, plane)
        options = gymapi.AssetOptions()
        options.default_dof_drive_mode = gymapi.DOF_MODE_EFFORT
        options.armature = 0.01
        path = Path(args.asset)
        asset = self.gym.load_asset(self.sim, str(path.parent), path.name, options)
        pose = gymapi.Transform(p=gymapi.Vec3(0, 0, args.height))
        corner = gymapi.Vec3(1, 1, 1)
        for index in range(args.num_envs):
            env = self.gym.create_env(self.sim, -corner, corner, 32)
            self.gym.create_actor(env, asset, pose, "robot", index, 0)
        self.gym.prepare_sim(self.sim)
        self.root, self.dof, self.body, self.contact = (
            gymtorch.wrap_tensor(getattr(self.gym, f"acquire_{name}_tensor")(self.sim))
            for name in TENSORS
        )
        self.refresh()
        self.first_root, self.first_dof = self.root.clone(), self.dof.clone()
        self.effort = args.effort * self.efforts(asset).repeat(args.num_envs)
        self.num_dofs = len(self.dof) // args.num_envs

    def efforts(self, asset: Asset) -> torch.Tensor:
        """Largest force of each joint [N m], shape (num_dofs,): the file's limit or motor gear."""
        motors = self.gym.get_asset_actuator_properties(asset)
        if motors:
            return torch.tensor([motor.motor_effort for motor in motors])
        return torch.from_numpy(self.gym.get_asset_dof_properties(asset)["effort"].copy())

    def refresh(self) -> None:
        """Copy the state into all tensors."""
        for name in TENSORS:
            getattr(self.gym, f"refresh_{name}_tensor")(self.sim)

    def step(self) -> float:
        """Apply forces, simulate and refresh; seconds of the last two."""
        self.forces = self.effort * (2.0 * torch.rand(len(self.dof)) - 1.0)
        self.gym.set_dof_actuation_force_tensor(self.sim, gymtorch.unwrap_tensor(self.forces))
        start = time.perf_counter()
        self.gym.simulate(self.sim)
        self.refresh()
        return time.perf_counter() - start

    def restart_fallen(self) -> None:
        """Put robots that lie on the ground back to their first state."""
        fallen = self.root[:, 2] < FALLEN * self.first_root[:, 2]
        self.root[fallen] = self.first_root[fallen]
        joints = fallen.repeat_interleave(self.num_dofs)
        self.dof[joints] = self.first_dof[joints]
        self.gym.set_actor_root_state_tensor(self.sim, gymtorch.unwrap_tensor(self.root))
        self.gym.set_dof_state_tensor(self.sim, gymtorch.unwrap_tensor(self.dof))


def step_program(program: Program, steps: int, work: List[Work]) -> float:
    """Seconds per step; appends what each step did to `work`."""
    seconds = 0.0
    simulation = program.sim.simulation
    for _ in range(steps):
        program.restart_fallen()
        state = simulation.backend.save().numpy()
        seconds += program.step()
        torques = np.zeros((simulation.num_envs, simulation.backend.model.nv))
        torques[:, simulation.compiled.dof_qvel] = program.forces.view(simulation.num_envs, -1)
        work.append(Work(state, torques))
    return seconds / steps


def main() -> None:
    """Alternate, and print the median ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--asset", default=HUMANOID, help="URDF or MJCF file")
    parser.add_argument("--height", type=float, default=1.34, help="of the root at the start [m]")
    parser.add_argument("--effort", type=float, default=0.5, help="largest force over the joint's")
    parser.add_argument("--num-envs", type=int, default=1024)
    parser.add_argument("--steps", type=int, default=30, help="control steps per alternation")
    parser.add_argument("--rounds", type=int, default=5, help="alternations")
    args = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    program = Program(args)
    simulation = program.sim.simulation
    print(f"{versions()}; {args.num_envs} x {args.asset}, {usable_cores()} threads")
    compiled = compile_scene(program.sim.scene, simulation.drives.driven, Served())
    fields = PropertyFields(
        simulation.scene, simulation.layout, compiled, simulation.tables, simulation.drives
    )
    fields.write_model()
    batches = [
        mujoco.batch.Batch(compiled.model, args.num_envs, usable_cores(), persistent=persistent)
        for persistent in (True, False)
    ]
    step_program(program, 60, [])
    ratios = []
    for round_ in range(args.rounds):
        work: List[Work] = []
        ours = step_program(program, args.steps, work)
        bare = [step_bare(batch, work, program.sim.scene.params.substeps) for batch in batches]
        ratios.append(min(bare) / ours)
        print(
            f"round {round_ + 1}: simulate + refreshes {1e3 * ours:.1f} ms, bare persistent "
            f"{1e3 * bare[0]:.1f} ms, bare shared {1e3 * bare[1]:.1f} ms, ratio {ratios[-1]:.3f}"
        )
    print(f"median ratio {np.median(ratios):.3f} (bare / simulate + refreshes)")


if __name__ == "__main__":
    print(f"humanoid_gym {humanoid_gym.__version__}")
    main()
