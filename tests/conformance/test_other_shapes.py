"""Environments may make an actor from assets with other shapes: meshes, kinds, numbers of them.

Each environment must move as if it were alone with its asset.
"""

import itertools

import numpy as np
import pytest
import torch
from photographer import DEPTH, Photographer

from humanoid_gym.engine import gymapi, gymtorch

G = 9.81
BOX = '<box size="0.2 0.3 0.1"/>'
BALL = '<sphere radius="0.12"/>'
ROD = '<cylinder radius="0.05" length="0.3"/>'
CUBE, WEDGE = '<mesh filename="cube.obj"/>', '<mesh filename="wedge.obj"/>'
OBJECTS = {
    "box": [(BOX, (0, 0, 0))],
    "ball": [(BALL, (0.02, 0, 0))],
    "rod": [(ROD, (0, 0.03, 0))],
    "cube": [(CUBE, (0, 0, 0))],
    "wedge": [(WEDGE, (-0.1, -0.1, 0.02))],
    "two boxes": [(BOX, (0, 0, 0)), (BOX, (0.15, 0, -0.1))],
    "wedge and cube": [(WEDGE, (-0.1, 0, 0)), (CUBE, (0.1, 0, 0))],
    "ball and wedge": [(BALL, (-0.1, 0.1, 0)), (WEDGE, (0.1, 0, 0))],
}
LEVEL = gymapi.Quat(0, 0, 0, 1)
TILT = gymapi.Quat.from_axis_angle(gymapi.Vec3(1, 2, 0.5), 0.7)


def write_meshes(folder):
    """A cube of edge 0.2 about the origin and a lopsided wedge next to it."""
    cube = [(x, y, z) for x, y, z in itertools.product((-0.1, 0.1), repeat=3)]
    wedge = [(0, 0, 0), (0.4, 0, 0), (0, 0.25, 0), (0.4, 0.25, 0), (0, 0, 0.15), (0, 0.25, 0.15)]
    quads = [(1, 2, 4, 3), (5, 7, 8, 6), (1, 5, 6, 2), (3, 4, 8, 7), (1, 3, 7, 5), (2, 6, 8, 4)]
    prism = [(1, 3, 4, 2), (1, 2, 5), (3, 6, 4), (1, 5, 6, 3), (2, 4, 6, 5)]
    for name, points, faces in (("cube", cube, quads), ("wedge", wedge, prism)):
        lines = [f"v {x} {y} {z}" for x, y, z in points]
        lines += ["f " + " ".join(map(str, face)) for face in faces]
        (folder / f"{name}.obj").write_text("\n".join(lines))


def thing(name, mass=2.0):
    """A free body with the shapes of an object."""
    shapes = "".join(
        f'<collision><origin xyz="{x} {y} {z}"/><geometry>{shape}</geometry></collision>'
        for shape, (x, y, z) in OBJECTS[name]
    )
    return f"""<robot name="{name.replace(" ", "_")}"><link name="body"><inertial>
      <mass value="{mass}"/><origin xyz="0.05 0.05 0.03"/><inertia ixx="0.02" iyy="0.03" izz="0.025"
      ixy="0" ixz="0" iyz="0"/></inertial>{shapes}</link></robot>"""


@pytest.fixture
def objects(world, tmp_path):
    """Factory of worlds whose environments hold, in one place, the objects named."""
    write_meshes(tmp_path)

    def make(names, *, position=(0, 0, 0.3), rotation=TILT, edit=None, before=None, **params):
        made = world(num_envs=len(names), **params)
        assets = {name: made.urdf(thing(name)) for name in dict.fromkeys(names)}
        if before:
            before(made)
        made.envs = []
        for index, name in enumerate(names):
            env = made.gym.create_env(made.sim, gymapi.Vec3(), gymapi.Vec3(), 4)
            made.envs.append(env)
            pose = gymapi.Transform(gymapi.Vec3(*position), rotation)
            made.gym.create_actor(env, assets[name], pose, "object", index, 0)
            if edit:
                edit(made, env, index)
        made.gym.prepare_sim(made.sim)
        wrap = gymtorch.wrap_tensor
        made.root = wrap(made.gym.acquire_actor_root_state_tensor(made.sim))
        made.contact = wrap(made.gym.acquire_net_contact_force_tensor(made.sim))
        return made

    return make


def run(made, steps):
    """Root states after some steps, shape (num_envs, actors, 13)."""
    for _ in range(steps):
        made.gym.simulate(made.sim)
    made.gym.refresh_actor_root_state_tensor(made.sim)
    made.gym.refresh_net_contact_force_tensor(made.sim)
    return made.root.view(len(made.envs), -1, 13).clone()


def second_material(made):
    """A patch of other friction under the objects: they meet it by explicit pairs."""
    slab = np.array(
        [(x, y, z) for x in (-9, 9) for y in (-9, 9) for z in (-0.2, 0.01)], dtype=np.float32
    )
    sides = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    triangles = np.array(
        [t for a, b, c, d in sides for t in ((a, b, c), (a, c, d))], dtype=np.uint32
    )
    params = gymapi.TriangleMeshParams()
    params.nb_vertices, params.nb_triangles = len(slab), len(triangles)
    params.static_friction = params.dynamic_friction = 0.3
    made.gym.add_triangle_mesh(made.sim, slab.ravel(), triangles.ravel(), params)


def field(made):
    """Rough ground: a height field whose corner is at (-5, -5)."""
    params = gymapi.HeightFieldParams()
    params.nbRows = params.nbColumns = 100
    params.row_scale = params.column_scale = 0.1
    params.vertical_scale = 0.01
    params.transform.p = gymapi.Vec3(-1, -1, 0)
    heights = np.random.default_rng(0).integers(0, 4, size=(100, 100)).astype(np.int16)
    made.gym.add_heightfield(made.sim, heights.ravel(), params)


GROUNDS = {"plane": None, "materials": second_material, "field": field}


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("first", ["box", "wedge and cube"])
def test_each_moves_as_if_it_were_alone(objects, tolerance, ground, first):
    names = [first, *(name for name in OBJECTS if name != first)]
    options = {"before": GROUNDS[ground], **({"ground": None} if ground == "field" else {})}
    together = run(objects(names, **options), 40)
    for index, name in enumerate(names):
        alone = run(objects([name], **options), 40)[0]
        # float32 forgets where a lopsided body went after its second bounce
        torch.testing.assert_close(together[index], alone, rtol=0, atol=tolerance(1e-6, 2e-2))
    spread = together[:, 0].unsqueeze(0) - together[:, 0].unsqueeze(1)
    apart = spread.abs().amax(dim=2) + torch.eye(len(names))
    assert apart.min() > 1e-3  # no two of them moved alike


def test_each_rests_on_its_own_shape(objects):
    heights = {"box": 0.05, "ball": 0.12, "cube": 0.1, "wedge": -0.02}
    made = objects(list(heights), rotation=LEVEL)
    roots = run(made, 150)
    expected = torch.tensor(list(heights.values()))
    # the ball's centre of mass is off its centre: it rolls, its height stays
    assert torch.allclose(roots[[0, 2, 3], 0, 2], expected[[0, 2, 3]], atol=2e-3)
    assert made.contact[[0, 2, 3], 2].tolist() == pytest.approx([2 * G] * 3, rel=0.02)


def test_two_actors_of_other_shapes_meet(world, tmp_path):
    """Something heavy lies still, and another shape in each environment is dropped on it."""
    write_meshes(tmp_path)
    made = world(num_envs=4)
    lower = [made.box(0.5, 0.5, 0.2), made.sphere(0.3), made.urdf(thing("cube", 30.0))]
    lower.append(lower[0])
    upper = [made.urdf(thing(name)) for name in ("cube", "two boxes", "ball", "wedge")]
    tops = [0.2, 0.6, 0.2, 0.2]
    made.envs = []
    for index in range(4):
        env = made.gym.create_env(made.sim, gymapi.Vec3(), gymapi.Vec3(), 4)
        made.envs.append(env)
        low = gymapi.Transform(gymapi.Vec3(0, 0, tops[index] / 2 + 0.001))
        made.gym.create_actor(env, lower[index], low, "lower", index, 0)
        high = gymapi.Transform(gymapi.Vec3(-0.05, -0.05, tops[index] + 0.15))
        made.gym.create_actor(env, upper[index], high, "upper", index, 0)
    made.gym.prepare_sim(made.sim)
    made.root = gymtorch.wrap_tensor(made.gym.acquire_actor_root_state_tensor(made.sim))
    made.contact = gymtorch.wrap_tensor(made.gym.acquire_net_contact_force_tensor(made.sim))
    fallen = run(made, 12)[:, 1, 2]
    free = torch.tensor(tops) + 0.15 - 0.5 * G * (12 / 60) ** 2
    assert (fallen > free + 5e-3).all()  # what is below held each of them up
    contact = made.gym.get_env_rigid_contacts(made.envs[0])
    assert {tuple(sorted((row["body0"], row["body1"]))) for row in contact} >= {(0, 1)}


def test_shape_properties_are_each_environments_own(objects):
    """Frictions of other shapes: what a sliding object has lost after half a second."""

    def edit(made, env, index):
        shapes = made.gym.get_actor_rigid_shape_properties(env, 0)
        for shape in shapes:
            shape.friction = frictions[index]
        assert made.gym.set_actor_rigid_shape_properties(env, 0, shapes)

    names, frictions = ["cube", "two boxes", "box", "wedge and cube"], [0.1, 0.3, 0.5, 0.2]
    heights = torch.tensor([0.1, 0.05, 0.05, 0.1])
    made = objects(names, rotation=LEVEL, position=(0, 0, 1.0), edit=edit, ground=0.2)
    counts = [made.gym.get_actor_rigid_shape_count(env, 0) for env in made.envs]
    assert counts == [1, 2, 1, 2]
    made.gym.refresh_actor_root_state_tensor(made.sim)
    states = made.root.clone()
    states[:, 2], states[:, 7] = heights, 3.0
    made.gym.set_actor_root_state_tensor(made.sim, gymtorch.unwrap_tensor(states))
    speeds = run(made, 30)[:, 0, 7]
    slid = [0, 2]  # the others' shapes are not below the centre of mass alone
    for index in slid:
        # Isaac Gym averages the two. The centre of mass is off the middle: it sways at first.
        expected = 3.0 - 0.5 * (frictions[index] + 0.2) * G * 0.5
        assert speeds[index].item() == pytest.approx(expected, abs=0.1)


def test_meshes_take_each_environments_scale(objects, tolerance):
    scales = [1.0, 2.0, 0.5]

    def edit(made, env, index):
        assert made.gym.set_actor_scale(env, 0, scales[index])

    made = objects(["cube"] * 3, rotation=LEVEL, position=(0, 0, 0.25), edit=edit)
    roots = run(made, 150)
    assert roots[:, 0, 2].tolist() == pytest.approx([0.1, 0.2, 0.05], abs=2e-3)
    made.gym.set_actor_scale(made.envs[2], 0, 3.0)
    states = made.root.clone()
    states[2, 2] = 0.4
    made.gym.set_actor_root_state_tensor(made.sim, gymtorch.unwrap_tensor(states))
    assert run(made, 150)[:, 0, 2].tolist() == pytest.approx([0.1, 0.2, 0.3], abs=3e-3)


def test_what_is_left_out_stays_out_when_properties_change(objects):
    """A scale writes an environment's sizes and places again: not those of shapes it lacks."""
    names = ["two boxes", "box", "ball"]
    made = objects(names, rotation=LEVEL)
    run(made, 1)
    for env in made.envs:
        made.gym.set_actor_scale(env, 0, 2.0)
    states = made.root.clone()
    states[:, 2] = torch.tensor([0.3, 0.1, 0.24]) + 0.01
    states[:, 7:] = 0
    made.gym.set_actor_root_state_tensor(made.sim, gymtorch.unwrap_tensor(states))
    roots = run(made, 120)[:, 0]
    # the second box would lie below the first
    assert roots[1, 2].item() == pytest.approx(0.1, abs=3e-3)
    assert roots[1, 3:7].abs().tolist() == pytest.approx([0, 0, 0, 1], abs=0.02)


def test_filters_are_of_shapes_that_an_environment_has(world, tmp_path):
    """Two bodies that may not touch fall through each other, whatever their shapes."""
    write_meshes(tmp_path)
    made = world(num_envs=3, ground=None, gravity=(0, 0, 0))
    assets = [made.urdf(thing(name)) for name in ("cube", "ball", "two boxes")]
    here = gymapi.Vec3()
    made.envs = [made.gym.create_env(made.sim, here, here, 2) for _ in range(3)]
    for index, env in enumerate(made.envs):
        for place in (0, 1, 2):
            pose = gymapi.Transform(gymapi.Vec3(0.1 * place, 0, 0))
            mask = (1, 1, 2)[place]  # the third one touches the others
            made.gym.create_actor(env, assets[(index + place) % 3], pose, str(place), index, mask)
    made.gym.prepare_sim(made.sim)
    made.root = gymtorch.wrap_tensor(made.gym.acquire_actor_root_state_tensor(made.sim))
    made.contact = gymtorch.wrap_tensor(made.gym.acquire_net_contact_force_tensor(made.sim))
    run(made, 1)
    for env in made.envs:
        pairs = {
            tuple(sorted((row["body0"], row["body1"])))
            for row in made.gym.get_env_rigid_contacts(env)
        }
        assert (0, 1) not in pairs
        assert pairs and all(2 in pair for pair in pairs)


MASS = """<inertial><mass value="1"/><inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/>
  </inertial>"""


def slider(*shapes):
    """A block that slides on another one inside it, with these shapes."""
    return f"""<robot name="slider"><link name="base">{MASS}<collision><geometry>
        <box size="0.4 0.4 0.4"/></geometry></collision></link>
      <link name="carriage">{MASS}</link><link name="block">{MASS}{"".join(shapes)}</link>
      <joint name="a" type="prismatic"><parent link="base"/><child link="carriage"/>
        <axis xyz="1 0 0"/><limit lower="-9" upper="9" effort="9" velocity="9"/></joint>
      <joint name="b" type="prismatic"><parent link="carriage"/><child link="block"/>
        <axis xyz="0 1 0"/><limit lower="-9" upper="9" effort="9" velocity="9"/></joint></robot>"""


def test_pairs_that_touch_against_the_rule_need_both_shapes(world):
    """The box may not touch the base, the ball may: only one environment has a ball."""
    made = world(num_envs=2, ground=None, gravity=(0, 0, 0))
    box, ball = (
        f'<collision><origin xyz="{x} 0 0"/><geometry>{shape}</geometry></collision>'
        for x, shape in ((0.1, BOX), (0.25, BALL))
    )
    made.envs = []
    for index, text in enumerate((slider(box, ball), slider(box))):
        env = made.gym.create_env(made.sim, gymapi.Vec3(), gymapi.Vec3(), 2)
        made.envs.append(env)
        made.gym.create_actor(env, made.urdf(text), gymapi.Transform(), "slider", index, 0)
        shapes = made.gym.get_actor_rigid_shape_properties(env, 0)
        shapes[0].filter = shapes[1].filter = 1
        made.gym.set_actor_rigid_shape_properties(env, 0, shapes)
    made.gym.prepare_sim(made.sim)
    overlaps = [made.gym.extensions.self_overlaps(env, [0.0, 0.0]) for env in made.envs]
    # the ball's far side is 0.13 from the middle, 7 cm inside the base
    assert overlaps == [[("base", "block", pytest.approx(0.07, abs=1e-6))], []]
    made.dof = gymtorch.wrap_tensor(made.gym.acquire_dof_state_tensor(made.sim))
    for _ in range(5):
        made.gym.simulate(made.sim)
    made.gym.refresh_dof_state_tensor(made.sim)
    slid = made.dof.view(2, 2, 2)[:, 0, 0]
    assert slid[0] > 1e-3
    assert slid[1] == 0.0


def test_cameras_see_each_environments_shape(objects):
    names = ["cube", "ball", "wedge", "cube"]
    made = objects(
        names,
        gravity=(0, 0, 0),
        ground=None,
        position=(0, 0, 0),
        rotation=LEVEL,
    )
    camera = Photographer(made, (0.02, 0.0, 2.0), (0.02, 0, 0), width=64, height=64).shoot()
    middle = [camera.image(DEPTH, index)[32, 32] for index in range(4)]
    assert middle[0] == middle[3] == pytest.approx(-1.9, abs=0.01)
    assert middle[1] == pytest.approx(-1.88, abs=0.01)
    wedge = np.isfinite(camera.image(DEPTH, 2))
    cube = np.isfinite(camera.image(DEPTH, 0))
    assert 0 < wedge.sum() != cube.sum()
    seen = camera.image(DEPTH, 2)[wedge]
    # its highest edge, 0.15 + 0.02 above the root, is as wide as a pixel: 3 cm
    assert seen.max() == pytest.approx(-(2.0 - 0.17), abs=0.03)
