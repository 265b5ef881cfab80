"""MuJoCo Warp's float32 against MuJoCo's float64: the same scenes, inputs and properties.

One step agrees to float32's rounding, which forces on light bodies enlarge. From then on the
difference grows by the motion itself: slowly where it is regular, by ten every few steps where
things fall on each other. After that the two are compared by what does not depend on details.
"""

from pathlib import Path

import pytest
import torch
from worlds import World

from humanoid_gym.engine import gymapi

pytest.importorskip("mujoco_warp")

ROBOTS = Path(__file__).parents[2] / "resources" / "urdf"
WEIGHT = 9.81


@pytest.fixture
def both(tmp_path, monkeypatch):
    """Builds a world on each backend: MuJoCo's first, then Warp's."""

    def build(make, **options):
        worlds = []
        for backend in ("mujoco", "warp"):
            monkeypatch.setenv("HUMANOID_GYM_BACKEND", backend)
            worlds.append(make(World(tmp_path, dt=1 / 60, substeps=2, **options)))
        return worlds

    return build


def robot(name, height):
    def make(world):
        options = gymapi.AssetOptions()
        options.angular_damping = 0.0
        options.fix_base_link = name == "cartpole"
        options.default_dof_drive_mode = gymapi.DOF_MODE_EFFORT
        asset = world.gym.load_asset(world.sim, str(ROBOTS), f"{name}/{name}.urdf", options)
        return world.place(asset, (0, 0, height)).start()

    return make


def pile(world):
    """Five boxes one on another, turned and shifted."""
    box = world.box(0.2, 0.2, 0.2)
    for i in range(5):
        turned = (0, 0, 0.05 * i, (1 - (0.05 * i) ** 2) ** 0.5)
        world.place(box, (0.03 * i, 0.02 * i * (-1) ** i, 0.1 + 0.205 * i), turned)
    return world.start()


def rollout(worlds, num_steps, effort=0.0):
    """Step both with the same random efforts [N m or N]; yields the number of steps so far."""
    random = torch.Generator().manual_seed(0)
    for step in range(1, num_steps + 1):
        if effort:
            force = effort * torch.randn(worlds[0].dof.shape[0], generator=random)
            for world in worlds:
                world.set("dof_actuation_force", force)
        for world in worlds:
            world.step()
        yield step


def difference(worlds, name):
    expected, came = (getattr(world, name) for world in worlds)
    return (came - expected).abs()


def test_the_cartpole_agrees_for_a_hundred_steps(both):
    """Regular motion: 5e-5 was measured after 100 steps, growing by four in 60 steps."""
    worlds = both(robot("cartpole", 2.0), num_envs=3)
    for step in rollout(worlds, 100, effort=10.0):
        allowed = 1e-6 if step == 1 else 5e-4
        assert difference(worlds, "dof").max() < allowed
    assert worlds[0].dof[:, 1].abs().max() > 1.0


def test_the_humanoid_agrees_until_chaos_and_in_the_mean_after_it(both):
    """Measured: 5e-5 rad after one step, 2e-3 after ten, everything after 40."""
    worlds = both(robot("humanoid", 1.34), num_envs=16)
    start = worlds[0].dof.clone()  # limbs touch each other here and there
    start[:, 0] = 0.1 * torch.randn(len(start), generator=torch.Generator().manual_seed(1))
    for world in worlds:
        world.set("dof_state", start)
    for step in rollout(worlds, 100, effort=10.0):
        root, dof = difference(worlds, "root"), difference(worlds, "dof")
        if step == 1:
            assert root[:, :7].max() < 1e-5
            assert dof[:, 0].max() < 3e-4
            contact = worlds[0].contact.abs().max()
            assert difference(worlds, "contact").max() < 1e-3 * contact
        elif step <= 10:
            assert root[:, :7].max() < 1e-3
            assert dof[:, 0].max() < 2e-2
    heights = [world.root[:, 2].mean().item() for world in worlds]
    assert heights[1] == pytest.approx(heights[0], abs=0.05)  # from 1.34 m; each lies its own way
    speeds = [world.dof[:, 1].abs().mean().item() for world in worlds]
    assert speeds[1] == pytest.approx(speeds[0], rel=0.2)


def test_a_pile_of_boxes_agrees_until_it_tumbles_and_comes_to_the_same_rest(both):
    """Measured: 6e-5 within the first 40 steps, 1.5e-3 after 60."""
    worlds = both(pile, num_envs=2)
    for step in rollout(worlds, 120):
        if step == 1:
            assert difference(worlds, "root").max() < 1e-6
            assert difference(worlds, "contact").max() < 1e-2
        elif step <= 30:
            assert difference(worlds, "root").max() < 1e-3
    mass = 0.2**3 * 1000.0
    for world in worlds:
        assert world.root[:, 7:].abs().max() < 0.02
        load = world.contact.view(2, -1, 3)[..., 2].sum(dim=1)
        assert load.tolist() == pytest.approx([5 * mass * WEIGHT] * 2, rel=2e-3)
    assert difference(worlds, "root")[:, 2].max() < 0.02


def props(gym, env, dofs=(), bodies=(), shapes=()):
    """Set properties of an environment's first actor, each given as (name, value)."""
    properties = gym.get_actor_dof_properties(env, 0)
    for name, value in dofs:
        properties[name][:] = value
    gym.set_actor_dof_properties(env, 0, properties)
    body = gym.get_actor_rigid_body_properties(env, 0)
    for name, value in bodies:
        setattr(body[-1], name, value)
    gym.set_actor_rigid_body_properties(env, 0, body, True)
    shape = gym.get_actor_rigid_shape_properties(env, 0)
    for name, value in shapes:
        setattr(shape[-1], name, value)
    gym.set_actor_rigid_shape_properties(env, 0, shape)


def heavier(gym, env):
    props(gym, env, bodies=[("mass", 9.0)])


def other_com(gym, env):
    props(gym, env, bodies=[("com", gymapi.Vec3(0.1, 0.05, -0.02))])


def gains(gym, env):
    props(gym, env, dofs=[("stiffness", 80.0), ("damping", 4.0), ("armature", 0.05)])


def limits(gym, env):
    props(gym, env, dofs=[("lower", -0.1), ("upper", 0.15), ("effort", 5.0), ("velocity", 1.5)])


def slippery(gym, env):
    props(gym, env, shapes=[("friction", 0.02)])


def smaller(gym, env):
    gym.set_actor_scale(env, 0, 0.8)


ARM = """<robot name="arm"><link name="base"><inertial><mass value="3"/>
    <inertia ixx="0.05" iyy="0.06" izz="0.07" ixy="0.01" ixz="0" iyz="0"/></inertial>
    <collision><geometry><box size="0.4 0.3 0.2"/></geometry></collision></link>
  <link name="arm"><inertial><origin xyz="0.2 0 0"/><mass value="1"/>
    <inertia ixx="0.01" iyy="0.02" izz="0.02" ixy="0" ixz="0" iyz="0"/></inertial>
    <collision><origin xyz="0.4 0 0"/><geometry><sphere radius="0.06"/></geometry></collision>
  </link>
  <joint name="joint" type="revolute"><origin xyz="0.25 0 0.05"/><parent link="base"/>
    <child link="arm"/><axis xyz="0 1 0"/>
    <limit lower="-1" upper="1" effort="40" velocity="50"/></joint></robot>"""


@pytest.mark.parametrize("edit", [heavier, other_com, gains, limits, slippery, smaller])
def test_properties_of_one_environment_act_the_same(both, edit):
    def make(world):
        drive = {"driveMode": gymapi.DOF_MODE_POS, "stiffness": 30.0, "damping": 1.0}
        world.place(world.urdf(ARM), (0, 0, 0.12), dofs=drive).start()
        edit(world.gym, world.envs[1])
        world.root[:, 7] = 1.0
        world.set("actor_root_state", world.root)
        world.set("dof_position_target", [0.5, 0.5])
        return world

    worlds = both(make, num_envs=2)
    for _ in rollout(worlds, 20):
        pass
    for name in ("root", "dof"):
        own = getattr(worlds[0], name).view(2, -1)
        assert difference(worlds, name).max() < 2e-3
        if name == "dof":
            assert (own[0] - own[1]).abs().max() > 0.02


@pytest.mark.parametrize(("edit", "scales"), [(heavier, [1.0]), (smaller, [1.0, 0.8])])
def test_bounds_of_shapes_are_one_for_all_until_sizes_differ(both, edit, scales):
    def make(world):
        world.place(world.urdf(ARM), (0, 0, 0.12)).start()
        edit(world.gym, world.envs[1])
        return world.step()

    warp = both(make, num_envs=2)[1].simulation.backend
    box = torch.tensor([0.2, 0.15, 0.1])
    ball = torch.tensor([0.06, 0.06, 0.06])
    for name, expected in (
        ("geom_rbound", torch.stack([box.norm(), ball[0]])),
        ("geom_aabb", torch.stack([torch.zeros(2, 3), torch.stack([box, ball])], dim=1)),
    ):
        came = warp.constants(name)[:, 1:]  # without the plane
        wanted = torch.stack([scale * expected for scale in scales])
        torch.testing.assert_close(came, wanted, atol=1e-6, rtol=1e-6)


def test_gravity_changes_the_same(both):
    def make(world):
        world.place(world.sphere(0.1), (0, 0, 2.0)).start().step(5)
        params = world.gym.get_sim_params(world.sim)
        params.gravity = gymapi.Vec3(1.0, 0.0, -3.0)
        world.gym.set_sim_params(world.sim, params)
        return world

    worlds = both(make, num_envs=2)
    for _ in rollout(worlds, 20):
        pass
    assert worlds[0].root[0, 7] == pytest.approx(1.0 * 20 / 60, rel=1e-5)
    assert difference(worlds, "root").max() < 1e-5


def test_a_full_set_of_unchanged_values_changes_no_bit(both):
    for world in (both(robot("humanoid", 1.0), num_envs=3)[1],):
        world.step(30)
        state = world.simulation.backend.save()
        world.set("actor_root_state", world.root)
        world.set("dof_state", world.dof)
        assert torch.equal(world.simulation.backend.save(), state)
