"""Environments may make an actor from different assets: numbers; `test_other_shapes` has shapes."""

import numpy as np
import pytest
import torch
from photographer import DEPTH, Photographer
from worlds import make_options

from humanoid_gym.engine import gymapi, gymtorch

G = 9.81
CORNER = gymapi.Vec3(1, 1, 1)


def simulate(made, assets_of_env, poses, steps, before=None):
    """One environment per row of assets; returns (roots, dofs, contacts) after some steps."""
    gym, sim = made.gym, made.sim
    for index, assets in enumerate(assets_of_env):
        env = gym.create_env(sim, -CORNER, CORNER, 4)
        for handle, asset in enumerate(assets):
            pose = gymapi.Transform(gymapi.Vec3(*poses[index][handle]))
            gym.create_actor(env, asset, pose, f"actor{handle}", index, 0)
            if before:
                before(env, index, handle)
    gym.prepare_sim(sim)
    wrap = gymtorch.wrap_tensor
    names = ("actor_root_state", "dof_state", "net_contact_force")
    tensors = [wrap(getattr(gym, f"acquire_{name}_tensor")(sim)) for name in names]
    for _ in range(steps):
        gym.simulate(sim)
    for name in names:
        getattr(gym, f"refresh_{name}_tensor")(sim)
    return tensors


@pytest.mark.parametrize("edges", [[0.1, 0.4, 1.0], [1.0, 0.1, 0.4]])
def test_boxes_of_other_sizes_rest_at_half_their_height(world, edges):
    made = world()
    assets = [[made.box(edge, edge, edge)] for edge in edges]
    root, _, contact = simulate(made, assets, [[(0, 0, 0.5 * e + 0.01)] for e in edges], 120)
    assert root[:, 2].tolist() == pytest.approx([0.5 * edge for edge in edges], abs=2e-3)
    weights = [1000 * edge**3 * G for edge in edges]
    assert contact[:, 2].tolist() == pytest.approx(weights, rel=0.02)


@pytest.mark.parametrize("radii", [[0.05, 0.5], [0.5, 0.05]])
def test_moving_shapes_of_other_sizes_meet(world, radii):
    """A ball set upon a box of its own size: both rest where geometry says."""
    made = world()
    assets = [[made.box(2 * r, 2 * r, 2 * r), made.sphere(r)] for r in radii]
    poses = [[(0, 0, r), (0, 0, 3 * r + 0.002)] for r in radii]
    root, _, contact = simulate(made, assets, poses, 60)
    heights = root[:, 2].view(2, 2)
    for row, r in enumerate(radii):
        assert heights[row].tolist() == pytest.approx([r, 3 * r], abs=0.02 * r + 1e-3)
        ball = 1000 * 4 / 3 * np.pi * r**3 * G
        assert contact.view(2, 2, 3)[row, 1, 2].item() == pytest.approx(ball, rel=0.05)


def test_robots_of_other_lengths_and_masses_move_like_each_alone(world, robots):
    """To rounding: compared with worlds that hold one of them only."""

    def swing(env, index, handle):
        states = np.zeros(1, gymapi.DofState.dtype)
        states["pos"] = 0.5
        assert made.gym.set_actor_dof_states(env, handle, states, gymapi.STATE_ALL)

    texts = [robots.pendulum(mass=m, length=x) for m, x in ((2.0, 0.8), (0.5, 0.3), (4.0, 1.1))]
    made = world(ground=None)
    assets = [[made.urdf(text, fix_base_link=True)] for text in texts]
    _, together, _ = simulate(made, assets, [[(0, 0, 2)]] * 3, 90, swing)
    together = together.clone()
    for index, text in enumerate(texts):
        made = world(ground=None)
        asset = made.urdf(text, fix_base_link=True)
        _, alone, _ = simulate(made, [[asset]], [[(0, 0, 2)]], 90, swing)
        assert torch.allclose(together[index], alone[0], atol=1e-5)
    assert (together[0] - together[1]).abs().max() > 0.1


def test_scale_multiplies_each_environments_own_size(world):
    made = world()
    edges, factors = [0.2, 0.4], [2.0, 0.5]

    def scale(env, index, handle):
        assert made.gym.set_actor_scale(env, handle, factors[index])

    assets = [[made.box(edge, edge, edge)] for edge in edges]
    sizes = [edge * factor for edge, factor in zip(edges, factors, strict=True)]
    root, _, _ = simulate(made, assets, [[(0, 0, 0.5 * s + 0.01)] for s in sizes], 120, scale)
    assert root[:, 2].tolist() == pytest.approx([0.5 * size for size in sizes], abs=2e-3)


def test_one_file_loaded_for_every_environment(world, robots):
    made = world(ground=None)
    text = robots.pendulum()
    assets = [[made.urdf(text, fix_base_link=True)] for _ in range(3)]
    assert assets[0][0] is not assets[1][0]
    _, dof, _ = simulate(made, assets, [[(0, 0, 2)]] * 3, 5)
    assert torch.equal(dof[0], dof[1])


def unlike(made, robots):
    """Pairs of assets that no model can hold in one place, and what the error says."""
    box = made.box(0.1, 0.1, 0.1)
    pendulum = robots.pendulum()
    sensed = made.box(0.1, 0.1, 0.1)
    made.gym.create_asset_force_sensor(sensed, 0, gymapi.Transform())
    return [
        (box, made.urdf(pendulum), "bodies"),
        (
            box,
            made.gym.create_box(made.sim, 1, 1, 1, make_options({"fix_base_link": True})),
            "base",
        ),
        (made.urdf(pendulum), made.urdf(robots.pendulum(joint="prismatic")), "joints"),
        (box, made.box(0.1, 0.1, 0.1, max_linear_velocity=3.0), "max_linear_velocity"),
        (box, sensed, "force sensors"),
    ]


@pytest.mark.parametrize("case", range(5))
def test_assets_that_differ_in_more_are_refused(world, robots, case):
    made = world()
    first, second, reason = unlike(made, robots)[case]
    with pytest.raises(ValueError, match=f"environment 1: actor 0 .*{reason}"):
        simulate(made, [[first], [second]], [[(0, 0, 1)]] * 2, 0)


def test_cameras_see_each_environments_own_sizes(world):
    made = world(gravity=(0, 0, 0), ground=None)
    edges = [0.2, 1.0, 0.6]
    assets = [[made.box(edge, edge, edge)] for edge in edges]
    simulate(made, assets, [[(0, 0, 0)]] * 3, 0)
    made.envs = [made.gym.get_env(made.sim, index) for index in range(3)]
    camera = Photographer(made, (0.001, 0, 3), (0, 0, 0), width=64, height=64).shoot()
    for index, edge in enumerate(edges):
        depth = camera.image(DEPTH, index)
        assert depth[32, 32] == pytest.approx(-(3 - 0.5 * edge), abs=0.01)
        # 90 degrees wide: half the picture is as wide as the distance.
        width = np.isfinite(depth[32]).sum() / 64 * 2 * (3 - 0.5 * edge)
        assert width == pytest.approx(edge, abs=0.1)
