"""Time to build environments the way legacy programs do: properties read and set per actor.

As legged_gym's create_envs: per environment the asset's shape properties are changed and set, an
actor is made of it, and its DOF, body and shape properties are read, changed and set one by one.
Then every property is randomized again between two steps, as domain randomization does.

    python benchmarks/properties.py [--num-envs 4096]
"""

import argparse
import itertools
import random
import time
from pathlib import Path
from typing import List

import humanoid_gym  # isort: skip (sets up `isaacgym` and OpenMP before torch loads)

from cases import versions
from isaacgym import gymapi

ROBOT = Path(__file__).resolve().parents[1] / "resources/urdf/humanoid"


def make_sim(gym: gymapi.Gym) -> gymapi.Sim:
    """An empty scene with a ground."""
    params = gymapi.SimParams()
    params.up_axis, params.gravity = gymapi.UP_AXIS_Z, gymapi.Vec3(0.0, 0.0, -9.81)
    sim = gym.create_sim(0, -1, gymapi.SIM_PHYSX, params)
    plane = gymapi.PlaneParams()
    plane.normal = gymapi.Vec3(0.0, 0.0, 1.0)
    gym.add_ground(sim, plane)
    return sim


def create_env(gym: gymapi.Gym, sim: gymapi.Sim, asset: gymapi.Asset, index: int) -> gymapi.Env:
    """One environment, as legged_gym makes it."""
    env = gym.create_env(sim, gymapi.Vec3(), gymapi.Vec3(), 64)
    shapes = gym.get_asset_rigid_shape_properties(asset)
    friction = random.uniform(0.5, 1.25)
    for shape in shapes:
        shape.friction = friction
    gym.set_asset_rigid_shape_properties(asset, shapes)
    pose = gymapi.Transform(p=gymapi.Vec3(0.0, 0.0, 1.3))
    gym.create_actor(env, asset, pose, "robot", index, 1, 0)
    dofs = gym.get_asset_dof_properties(asset)
    dofs["driveMode"].fill(gymapi.DOF_MODE_EFFORT)
    gym.set_actor_dof_properties(env, 0, dofs)
    randomize(gym, env)
    return env


def randomize(gym: gymapi.Gym, env: gymapi.Env) -> None:
    """Masses and centres of mass, joint armature, friction of one actor: read, change, set."""
    bodies = gym.get_actor_rigid_body_properties(env, 0)
    bodies[0].mass *= random.uniform(0.9, 1.1)
    bodies[0].com.x += random.uniform(-0.01, 0.01)
    gym.set_actor_rigid_body_properties(env, 0, bodies, recomputeInertia=True)
    dofs = gym.get_actor_dof_properties(env, 0)
    dofs["armature"] = random.uniform(0.01, 0.02)
    gym.set_actor_dof_properties(env, 0, dofs)
    shapes = gym.get_actor_rigid_shape_properties(env, 0)
    for shape in shapes:
        shape.friction = random.uniform(0.5, 1.25)
    gym.set_actor_rigid_shape_properties(env, 0, shapes)


def main() -> None:
    """Create, prepare, step, randomize again; print the time of each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--num-envs", type=int, default=4096)
    num_envs = parser.parse_args().num_envs
    random.seed(0)
    gym = gymapi.acquire_gym()
    sim = make_sim(gym)
    options = gymapi.AssetOptions()
    asset = gym.load_asset(sim, str(ROBOT), "humanoid.urdf", options)
    times = [time.perf_counter()]
    envs: List[gymapi.Env] = [create_env(gym, sim, asset, i) for i in range(num_envs)]
    times.append(time.perf_counter())
    gym.prepare_sim(sim)
    times.append(time.perf_counter())
    gym.simulate(sim)
    times.append(time.perf_counter())
    for env in envs:
        randomize(gym, env)
    times.append(time.perf_counter())
    gym.simulate(sim)
    times.append(time.perf_counter())
    create, prepare, step, again, apply = (b - a for a, b in itertools.pairwise(times))
    bodies = gym.get_asset_rigid_body_count(asset)
    shapes = gym.get_asset_rigid_shape_count(asset)
    print(f"humanoid_gym {humanoid_gym.__version__}, {versions()}")
    print(
        f"{num_envs} humanoids ({bodies} bodies, {shapes} shapes): created and set {create:.1f} s, "
        f"prepared {prepare:.1f} s, stepped {step:.2f} s; "
        f"read and set again {again:.1f} s, applied and stepped {apply:.2f} s"
    )


if __name__ == "__main__":
    main()
