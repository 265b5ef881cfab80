"""MJCF files: shapes, meshes, what bodies weigh."""

import logging

import numpy as np
import pytest
from mjcf_text import (
    RICH,
    assert_same_masses,
    body,
    both,
    load,
    robot,
)

from humanoid_gym.engine.assets.geometry import rotation_matrix


def test_shapes_as_mujoco_reads_them(tmp_path):
    ours, theirs = both(tmp_path, RICH)
    kinds = ["plane", "hfield", "sphere", "capsule", "ellipsoid", "cylinder", "box", "mesh"]
    for entry in ours.bodies:
        index = theirs.body(entry.name).id
        first = theirs.body_geomadr[index]
        assert len(entry.shapes) == theirs.body_geomnum[index]
        for shape, geom in zip(entry.shapes, range(first, first + len(entry.shapes)), strict=True):
            assert shape.kind == kinds[theirs.geom_type[geom]]
            assert shape.friction == theirs.geom_friction[geom, 0]
            if shape.kind == "mesh":  # MuJoCo moves it to its own centre
                continue
            np.testing.assert_allclose(shape.pose.position, theirs.geom_pos[geom], atol=1e-12)
            size = theirs.geom_size[geom, : len(shape.size)]
            np.testing.assert_allclose(shape.size, size, atol=1e-12)
            np.testing.assert_allclose(
                rotation_matrix(shape.pose.rotation),
                rotation_matrix(np.roll(theirs.geom_quat[geom], -1)),
                atol=1e-12,
            )


@pytest.mark.parametrize("word", ["true", "false", "auto"])
def test_inertia_from_geom(tmp_path, word):
    inertial = '<inertial pos="0 0 1" mass="3" diaginertia="1 1 1"/>'
    text = robot(
        f'<body name="a"><freejoint/>{inertial}<geom size=".1"/></body>',
        before=f'<compiler inertiafromgeom="{word}"/>',
    )
    ours, theirs = both(tmp_path, text)
    assert_same_masses(ours, theirs)
    assert ours.bodies[0].mass == pytest.approx(3.0 if word != "true" else 4000 / 3 * np.pi * 1e-3)


def test_total_mass_is_scaled(tmp_path):
    text = RICH.replace('eulerseq="zyx"', 'eulerseq="zyx" settotalmass="30"')
    ours, theirs = both(tmp_path, text)  # MuJoCo says that it is deprecated; files have it
    assert sum(b.mass for b in ours.bodies) == pytest.approx(30.0)
    assert_same_masses(ours, theirs)


def test_light_bodies_are_raised_to_the_files_bounds(tmp_path):
    bounds = 'eulerseq="zyx" boundmass="1.5" boundinertia="0.003"'
    ours, theirs = both(tmp_path, RICH.replace('eulerseq="zyx"', bounds))
    assert body(ours, "hand").mass == 1.5
    assert_same_masses(ours, theirs)


@pytest.mark.parametrize("inertia", ["legacy", "convex", "exact", "shell"])
def test_mesh_masses_in_every_way(tmp_path, inertia):
    # An L-shaped prism: not convex, so that the ways differ.
    corners = np.array([[0, 0], [2, 0], [2, 1], [1, 1], [1, 2], [0, 2]], dtype=float)
    vertices = np.concatenate([np.column_stack([corners, np.full(6, z)]) for z in (0.0, 0.5)])
    faces = [(0, 3, 1), (1, 3, 2), (0, 4, 3), (0, 5, 4)]
    faces += [(a + 6, c + 6, b + 6) for a, b, c in faces]
    faces += [(i, (i + 1) % 6, i + 6) for i in range(6)]
    faces += [((i + 1) % 6, (i + 1) % 6 + 6, i + 6) for i in range(6)]
    numbers = [" ".join(map(str, np.ravel(rows))) for rows in (vertices, faces)]
    mesh = f'<mesh name="l" scale=".1 .2 .3" vertex="{numbers[0]}" face="{numbers[1]}"'
    text = robot(
        '<body name="a"><geom type="mesh" mesh="l" pos="1 0 0" euler="20 0 10"/></body>',
        before=f'<asset>{mesh} inertia="{inertia}"/></asset>',
    )
    ours, theirs = both(tmp_path, text)
    assert_same_masses(ours, theirs, tolerance=2e-6)  # MuJoCo stores vertices in float32


def test_density_of_the_options_counts_where_the_file_gives_none(tmp_path):
    text = robot('<body name="a"><geom size=".1"/><geom size=".1" density="7"/></body>')
    volume = 4 / 3 * np.pi * 1e-3
    assert load(tmp_path, text, density=50.0).bodies[0].mass == pytest.approx(57 * volume)


def test_overrides_take_the_shapes(tmp_path):
    inertial = '<inertial pos="0 0 1" mass="3" diaginertia="1 1 1"/>'
    geoms = '<geom size=".1" density="10" pos="1 0 0"/>'
    visual = '<geom size=".3" contype="0" conaffinity="0"/>'
    text = robot(f'<body name="a">{inertial}{geoms}{visual}</body>')
    mass = 10 * 4 / 3 * np.pi * 1e-3
    both_ways = load(tmp_path, text, override_com=True, override_inertia=True).bodies[0]
    np.testing.assert_allclose(both_ways.com, [1, 0, 0])
    np.testing.assert_allclose(both_ways.inertia, 0.4 * mass * 0.01 * np.eye(3))
    assert both_ways.mass == pytest.approx(mass)
    only_com = load(tmp_path, text, override_com=True).bodies[0]
    assert only_com.mass == 3.0
    np.testing.assert_allclose(only_com.com, [1, 0, 0])


def test_cylinders_become_capsules(tmp_path):
    geoms = '<geom type="cylinder" size=".1 .2"/>'
    geoms += '<geom type="cylinder" size=".1 .2" contype="0" conaffinity="0"/>'
    text = robot(f'<body name="a">{geoms}</body>')
    shapes = load(tmp_path, text, replace_cylinder_with_capsule=True).bodies[0].shapes
    assert [(s.kind, s.size) for s in shapes] == [
        ("capsule", (0.1, 0.2)), ("cylinder", (0.1, 0.2))
    ]  # fmt: skip
    assert {s.kind for s in load(tmp_path, text).bodies[0].shapes} == {"cylinder"}


def test_armature_of_the_file_or_the_options(tmp_path):
    text = robot(
        '<body name="a"><geom size=".1"/><body name="b"><joint name="j" armature=".2"/>'
        '<joint name="k" axis="1 0 0"/><geom size=".1"/></body></body>'
    )
    assert [j.armature for j in load(tmp_path, text, armature=0.1).dof_joints] == [0.2, 0.1]
    plain = load(tmp_path, text).bodies[1].inertia
    added = load(tmp_path, text, armature=0.1, use_physx_armature=False)
    np.testing.assert_allclose(added.bodies[1].inertia, plain + 0.1 * np.eye(3))
    assert [j.armature for j in added.dof_joints] == [0.2, 0.0]


@pytest.mark.parametrize("file", ["a.xyz", "missing.stl"])
def test_visual_meshes_that_cannot_be_read_are_left_out(tmp_path, caplog, file):
    (tmp_path / "a.xyz").write_bytes(b"x")
    geom = '<geom type="mesh" mesh="a" contype="0" conaffinity="0"/>'
    text = robot(
        f'<body name="a">{geom}{geom}<geom size=".1"/></body>',
        before=f'<asset><mesh name="a" file="{file}"/></asset>',
    )
    with caplog.at_level(logging.WARNING):
        assert len(load(tmp_path, text).bodies[0].shapes) == 1
    assert caplog.text.count("left out") == 1


def test_meshes_from_meshdir(tmp_path):
    (tmp_path / "meshes").mkdir()
    lines = ["v 0 0 0", "v 1 0 0", "v 0 2 0", "v 0 0 3", "f 1 3 2", "f 1 2 4", "f 1 4 3", "f 2 3 4"]
    (tmp_path / "meshes" / "tetra.obj").write_text("\n".join(lines))
    text = robot(
        '<body name="a"><freejoint/><geom type="mesh" mesh="tetra" density="6"/></body>',
        before='<compiler meshdir="meshes"/>'
        '<asset><mesh file="tetra.obj" scale="1 1 2" refpos="1 0 0"/></asset>',
    )
    ours, theirs = both(tmp_path, text)
    assert ours.bodies[0].mass == pytest.approx(12.0)
    assert ours.bodies[0].com == pytest.approx([-0.75, 0.5, 1.5], abs=1e-6)
    assert_same_masses(ours, theirs, tolerance=1e-6)


def test_undefined_materials_do_not_matter(tmp_path):
    text = robot('<body name="a"><geom size=".1" material="gone"/></body>')
    assert load(tmp_path, text).bodies[0].name == "a"


def test_visual_colours_come_from_rgba_or_the_material(tmp_path):
    visual = '<geom size=".1" contype="0" conaffinity="0"'
    text = robot(
        f'<body>{visual} rgba="1 0 0 1"/>{visual} material="m"/></body>',
        before='<asset><material name="m" rgba="0 1 0 .5"/></asset>',
    )
    colors = [shape.color for shape in load(tmp_path, text).bodies[0].shapes]
    assert colors == [(1.0, 0.0, 0.0, 1.0), (0.0, 1.0, 0.0, 0.5)]
