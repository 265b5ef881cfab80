"""Memory and speed of many quadrupeds on rough terrain, measured in this process.

python benchmarks/terrain.py [--num-envs 1024] [--samples 1000] [--steps 50] [--ground plane]
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

import humanoid_gym  # isort: skip (sets up `isaacgym` and OpenMP before torch loads)

from isaacgym import gymapi, gymtorch, terrain_utils  # isort: skip (after the line above)

import numpy as np
import torch
from cases import versions
from legged_robot import legged_robot

CELL, UNIT = 0.1, 0.005
"""Distance of samples and height of one unit [m]."""


def resident_gib() -> float:
    """Largest resident memory of this process so far [GiB]; Linux counts in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def rough_terrain(samples: int) -> np.ndarray:
    """Heights of sub-terrains of 80 x 80 samples: stairs, slopes, stones, obstacles, bumps."""
    heights = np.zeros((samples, samples), dtype=np.int16)
    makers = [
        lambda t: terrain_utils.pyramid_stairs_terrain(t, 0.31, 0.1, 3.0),
        lambda t: terrain_utils.pyramid_stairs_terrain(t, 0.31, -0.15, 3.0),
        lambda t: terrain_utils.pyramid_sloped_terrain(t, 0.3, 3.0),
        lambda t: terrain_utils.random_uniform_terrain(t, -0.05, 0.05, 0.005, 0.2),
        lambda t: terrain_utils.discrete_obstacles_terrain(t, 0.15, 1.0, 2.0, 20, 3.0),
        lambda t: terrain_utils.stepping_stones_terrain(t, 1.0, 0.1, 0.0, 4.0),
    ]
    count = samples // 80
    for row in range(count):
        for column in range(count):
            tile = terrain_utils.SubTerrain("tile", 80, 80, UNIT, CELL)
            makers[(row + column) % len(makers)](tile)
            place = slice(80 * row, 80 * row + 80), slice(80 * column, 80 * column + 80)
            heights[place] = tile.height_field_raw
    return heights


def add_terrain(gym: gymapi.Gym, sim: gymapi.Sim, heights: np.ndarray, kind: str) -> None:
    """Add the ground of a kind: plane, heightfield or trimesh."""
    if kind == "plane":
        plane = gymapi.PlaneParams()
        plane.normal = gymapi.Vec3(0, 0, 1)
        gym.add_ground(sim, plane)
    elif kind == "heightfield":
        field = gymapi.HeightFieldParams()
        field.nbColumns, field.nbRows = heights.shape
        field.row_scale = field.column_scale = CELL
        field.vertical_scale = UNIT
        gym.add_heightfield(sim, heights.flatten(), field)
    else:
        mesh = gymapi.TriangleMeshParams()
        vertices, triangles = terrain_utils.convert_heightfield_to_trimesh(
            heights, CELL, UNIT, slope_threshold=0.75
        )
        mesh.nb_vertices, mesh.nb_triangles = len(vertices), len(triangles)
        gym.add_triangle_mesh(sim, vertices.flatten(), triangles.flatten(), mesh)


def make_scene(args: argparse.Namespace) -> tuple[gymapi.Gym, gymapi.Sim]:
    """Robots in the middles of sub-terrains, each with its own friction and trunk mass."""
    gym, params, options = gymapi.acquire_gym(), gymapi.SimParams(), gymapi.AssetOptions()
    params.dt, params.substeps, params.up_axis = 0.005, 1, gymapi.UP_AXIS_Z
    params.gravity = gymapi.Vec3(0, 0, -9.81)
    sim = gym.create_sim(0, -1, gymapi.SIM_PHYSX, params)
    options.default_dof_drive_mode = gymapi.DOF_MODE_POS
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "quadruped.urdf").write_text(legged_robot())
        robot = gym.load_asset(sim, folder, "quadruped.urdf", options)
    heights = rough_terrain(args.samples)
    add_terrain(gym, sim, heights, args.ground)
    rng = np.random.default_rng(0)
    for index in range(args.num_envs):
        env = gym.create_env(sim, gymapi.Vec3(), gymapi.Vec3(), 1)
        tile = rng.integers(0, args.samples // 80, 2) * 80 + 40
        z = 0.0 if args.ground == "plane" else heights[tuple(tile)] * UNIT
        pose = gymapi.Transform(gymapi.Vec3(*(CELL * tile), z + 0.5))
        shapes = gym.get_asset_rigid_shape_properties(robot)
        for shape in shapes:
            shape.friction = rng.uniform(0.5, 1.25)
        gym.set_asset_rigid_shape_properties(robot, shapes)
        handle = gym.create_actor(env, robot, pose, "robot", index, 0)
        dofs = gym.get_actor_dof_properties(env, handle)
        dofs["driveMode"], dofs["stiffness"], dofs["damping"] = gymapi.DOF_MODE_POS, 80.0, 2.0
        gym.set_actor_dof_properties(env, handle, dofs)
        bodies = gym.get_actor_rigid_body_properties(env, handle)
        bodies[0].mass += rng.uniform(-1.0, 1.0)
        gym.set_actor_rigid_body_properties(env, handle, bodies, recomputeInertia=True)
    gym.prepare_sim(sim)
    return gym, sim


def main() -> None:
    """Construct, step, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--num-envs", type=int, default=1024)
    parser.add_argument("--samples", type=int, default=1000, help="per side of the height field")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--ground", default="trimesh", choices=["plane", "heightfield", "trimesh"])
    args = parser.parse_args()
    imports, start = resident_gib(), time.perf_counter()
    gym, sim = make_scene(args)
    acquired = ("actor_root_state", "dof_state", "rigid_body_state", "net_contact_force")
    tensors = [getattr(gym, f"acquire_{name}_tensor")(sim) for name in acquired]
    gym.simulate(sim)
    construction = time.perf_counter() - start
    stance = torch.tensor([0.0, 0.6, -1.2]).repeat(4)
    elapsed = busy = 0.0
    for _ in range(args.steps):
        targets = stance + 0.3 * torch.randn(args.num_envs, 12)
        gym.set_dof_position_target_tensor(sim, gymtorch.unwrap_tensor(targets))
        start, cpu_start = time.perf_counter(), time.process_time()
        gym.simulate(sim)
        for name in acquired:
            getattr(gym, f"refresh_{name}_tensor")(sim)
        elapsed += time.perf_counter() - start
        busy += time.process_time() - cpu_start
    root, num_steps = gymtorch.wrap_tensor(tensors[0]), args.num_envs * args.steps
    print(f"humanoid_gym {humanoid_gym.__version__}, {versions()}")
    print(
        f"{args.ground}, {args.samples} x {args.samples} samples, {args.num_envs} quadrupeds of "
        f"own friction and mass: construction {construction:.1f} s, peak memory "
        f"{resident_gib():.2f} GiB (imports alone {imports:.2f} GiB), "
        f"{num_steps / elapsed:.0f} environment steps/s of {1e3 * sim.scene.params.dt:.0f} ms "
        f"({1e6 * busy / num_steps:.0f} us of CPU time each), all finite: "
        f"{bool(torch.isfinite(root).all())}"
    )


if __name__ == "__main__":
    main()
