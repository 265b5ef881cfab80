"""Each randomized property changes the motion as mechanics says, in every environment its own way.

Expected values follow from the drawn numbers by textbook formulas.
"""

import itertools
import math

import pytest
import torch
from isaacgym import gymapi, gymtorch
from small_tasks import ABOUT_AXIS, ARM, ARMATURE, DT, MASS, THICKNESS, run, spread

from humanoid_gym.config import ConfigError

TORQUE, STIFFNESS, DAMPING = 3.0, 40.0, 6.0
ARM_AND_MOTOR = ABOUT_AXIS + ARMATURE


def close(actual, expected, rtol=1e-4, atol=1e-6):
    torch.testing.assert_close(actual, expected.to(actual.dtype), rtol=rtol, atol=atol)


def test_mass_factor_divides_the_acceleration_under_a_force(small, backend):
    task = small(randomization={"link_mass": {"range": [0.8, 1.2]}}, gravity=0.0)
    drawn = run(task, 10, force=(5.0, 0.0, 0.0))["link_mass"]
    assert spread(drawn) > 0.1
    close(task.root[:, 7], 5.0 / (MASS * drawn[:, 0]) * 10 * DT)


def test_mass_factor_multiplies_the_inertia(small, backend):
    task = small(randomization={"link_mass": {"range": [0.5, 2.0]}}, gravity=0.0)
    drawn = task.randomization.draws()
    inertia = [
        task.gym.get_actor_rigid_body_properties(task.gym.get_env(task.sim, i), 0)[0].inertia.y.y
        for i in range(task.num_envs)
    ]
    close(torch.tensor(inertia), 0.03 * drawn["link_mass"][:, 0])


def test_payload_weighs_on_the_ground(small, backend):
    task = small(randomization={"payload": {"range": [-0.5, 3.0]}}, height=THICKNESS / 2)
    drawn = run(task, 100)["payload"]
    assert spread(drawn) > 1.0
    close(task.contact[:, 0, 2], (MASS + drawn[:, 0]) * 9.81, rtol=2e-3)


def test_displaced_centre_of_mass_tilts_under_a_force_at_the_geometric_centre(small):
    """Torque about the centre of mass: minus its offset times the force."""
    task = small(randomization={"com_offset": {"range": [-0.02, 0.02]}}, gravity=0.0)
    offset = run(task)["com_offset"]
    assert spread(offset) > 0.02
    forces = torch.tensor([0.0, 0.0, 0.5]).repeat(task.num_envs, 1, 1)
    points = task.root[:, :3].clone().view(-1, 1, 3)
    task.gym.apply_rigid_body_force_at_pos_tensors(
        task.sim, gymtorch.unwrap_tensor(forces), gymtorch.unwrap_tensor(points), gymapi.ENV_SPACE
    )
    run(task)
    torque = torch.linalg.cross(-offset, forces[:, 0])
    close(task.root[:, 10], torque[:, 0] / 0.02 * DT, rtol=1e-3)
    close(task.root[:, 11], torque[:, 1] / 0.03 * DT, rtol=1e-3)


@pytest.mark.parametrize("ground", [0.3, 1.0])
def test_friction_decides_which_boxes_slide(small, ground):
    """A horizontal force of mu m g moves a box if and only if its contact has less friction."""
    task = small(
        randomization={"friction": {"range": [0.1, 1.5]}},
        num_envs=32,
        height=THICKNESS / 2,
        plane={"static_friction": ground, "dynamic_friction": ground},
    )
    run(task, 30)
    before = task.root[:, 0].clone()
    pull = 0.5 * (0.8 + ground)
    drawn = run(task, 60, force=(pull * MASS * 9.81, 0.0, 0.0))["friction"][:, 0]
    friction = 0.5 * (drawn + ground)
    moved = task.root[:, 0] - before
    slides, holds = friction < pull - 0.03, friction > pull + 0.03
    assert slides.sum() > 2
    assert holds.sum() > 2
    # MuJoCo's friction yields a little: creep of mm/s
    assert moved[holds].abs().max() < 0.005
    close(moved[slides], 0.5 * 9.81 * (pull - friction[slides]) * (60 * DT) ** 2, rtol=0.08)


def test_ground_friction_is_one_number_for_all(small):
    task = small(
        randomization={
            "ground_friction": {"range": [0.2, 0.4]},
            "friction": {"range": [0.4, 0.4]},
        },
        height=THICKNESS / 2,
    )
    run(task, 30)
    speed = task.root[:, 7].clone()
    drawn = run(task, 50, force=(0.8 * MASS * 9.81, 0.0, 0.0))["ground_friction"]
    assert spread(drawn) == 0.0
    friction = 0.5 * (0.4 + drawn[:, 0])
    close(task.root[:, 7] - speed, (0.8 - friction) * 9.81 * 50 * DT, rtol=0.02)


def test_motor_strength_multiplies_computed_torques(small, backend):
    randomization = {"motor_strength": {"range": [0.8, 1.2]}}
    task = small(ARM, randomization, fixed=True)
    drawn = run(task, 20, action=TORQUE)["motor_strength"][:, 0]
    assert spread(drawn) > 0.1
    close(task.joint[:, 1], TORQUE * drawn / ARM_AND_MOTOR * 20 * DT)


def test_motor_strength_multiplies_the_limit_of_a_drive(small):
    """A drive far from its target pushes with all it has."""
    randomization = {"motor_strength": {"range": [0.5, 1.5]}}
    weak = ARM.replace('effort="1000"', 'effort="2"')
    task = small(
        weak, randomization, fixed=True, mode=int(gymapi.DOF_MODE_POS), stiffness=100.0, damping=0.0
    )
    drawn = run(task, 5, action=2.0)["motor_strength"][:, 0]
    close(task.joint[:, 1], 2.0 * drawn / ARM_AND_MOTOR * 5 * DT, rtol=1e-3)


def test_stiffness_factor_divides_the_deflection_under_a_load(small, backend):
    task = small(
        ARM,
        {"stiffness": {"range": [0.5, 2.0], "distribution": "log_uniform"}},
        fixed=True,
        stiffness=STIFFNESS,
        damping=DAMPING,
    )
    drawn = run(task, 400, action=TORQUE)["stiffness"][:, 0]
    close(task.joint[:, 0], TORQUE / (STIFFNESS * drawn), rtol=2e-3)


def test_damping_factor_divides_the_final_speed_under_a_torque(small):
    task = small(ARM, {"damping": {"range": [0.5, 2.0]}}, fixed=True, damping=DAMPING)
    drawn = run(task, 300, action=1.0)["damping"][:, 0]
    close(task.joint[:, 1], 1.0 / (DAMPING * drawn), rtol=1e-3)


def test_armature_factor_adds_to_the_inertia(small, backend):
    task = small(ARM, {"armature": {"range": [0.2, 5.0]}}, fixed=True)
    drawn = run(task, 10, action=TORQUE)["armature"][:, 0]
    assert spread(drawn) > 1.0
    close(task.joint[:, 1], TORQUE / (ABOUT_AXIS + ARMATURE * drawn) * 10 * DT)


def test_joint_friction_takes_its_part_of_the_torque(small):
    """Isaac Gym's joint friction is a coefficient: friction torque over joint torque."""
    task = small(ARM, {"joint_friction": {"range": [0.1, 0.4]}}, fixed=True)
    drawn = run(task, 20, action=TORQUE)["joint_friction"][:, 0]
    assert spread(drawn) > 0.05
    close(task.joint[:, 1], TORQUE * (1.0 - drawn) / ARM_AND_MOTOR * 20 * DT, rtol=0.02)


def test_gravity_offset_is_the_acceleration_of_free_fall(small, backend):
    task = small(randomization={"gravity": {"range": [-0.1, 0.1]}}, height=50.0)
    drawn = run(task, 20)["gravity"]
    assert (drawn == drawn[0]).all()
    assert drawn.abs().max() > 0.0
    gravity = drawn + torch.tensor([0.0, 0.0, -9.81])
    close(task.root[:, 7:10], gravity * 20 * DT)


def test_gravity_is_drawn_again_after_its_interval(small):
    randomization = {"gravity": {"range": [-0.1, 0.1]}, "gravity_interval": 5 * DT}
    task = small(randomization=randomization, height=50.0)
    seen = []
    for _ in range(3):
        speed = task.root[:, 7:10].clone()
        seen.append(run(task)["gravity"][0].clone())
        gained = (task.root[:, 7:10] - speed) / DT
        close(gained, (seen[-1] + torch.tensor([0.0, 0.0, -9.81])).expand(8, 3), 1e-3, 2e-4)
        run(task, 4)
    assert len({float(g[2]) for g in seen}) == 3


def test_gravity_stays_for_its_interval(small):
    randomization = {"gravity": {"range": [-0.1, 0.1]}, "gravity_interval": 3 * DT}
    task = small(randomization=randomization, height=50.0)
    seen = [float(run(task)["gravity"][0, 2]) for _ in range(60)]
    assert [len([*alike]) for _, alike in itertools.groupby(seen)] == [3] * 20
    assert max(map(abs, seen)) <= 0.1  # each time anew, not added to the last


def test_properties_drawn_at_each_reset_act_from_the_next_episode_on(small, backend):
    draw = {"range": [0.5, 2.0], "when": "reset"}
    task = small(ARM, {"armature": draw}, fixed=True, num_envs=4)
    before = run(task)["armature"].clone()
    mask = torch.tensor([True, False, True, False])
    task.restart(mask)
    speed = task.joint[:, 1].clone()
    after = run(task, 5, action=TORQUE)["armature"]
    assert ((after != before)[:, 0] == mask).all()
    gained = (task.joint[:, 1] - speed) / (5 * DT)
    close(gained, TORQUE / (ABOUT_AXIS + ARMATURE * after[:, 0]))


def test_parts_that_are_not_named_keep_their_own(small):
    randomization = {"link_mass": {"range": [0.5, 0.6], "only": ["arm"]}}
    task = small(ARM, randomization, fixed=True)
    drawn = task.randomization.draws()["link_mass"]
    assert drawn.shape == (8, 1)
    for i in range(8):
        props = task.gym.get_actor_rigid_body_properties(task.gym.get_env(task.sim, i), 0)
        assert props[0].mass == 5.0
        assert props[1].mass == pytest.approx(1.5 * float(drawn[i, 0]), rel=1e-6)


def test_shared_numbers_are_the_same_for_all_parts(small):
    randomization = {"link_mass": {"range": [0.5, 2.0], "shared": True}}
    task = small(ARM, randomization, fixed=True)
    for i in range(8):
        props = task.gym.get_actor_rigid_body_properties(task.gym.get_env(task.sim, i), 0)
        assert props[0].mass / 5.0 == pytest.approx(props[1].mass / 1.5, rel=1e-6)


@pytest.mark.parametrize(
    ("randomization", "message"),
    [
        (
            {"payload": {"range": [-3.0, 1.0]}},
            r"^task.randomization.payload.range: body 'base' of 2 kg would be left with -1 kg",
        ),
        (
            {"payload": {"range": [-1.2, 0.0]}, "link_mass": {"range": [0.5, 1.5]}},
            r"payload.range: body 'base' of 2 kg would be left with -0.2 kg",
        ),
        (
            {"link_mass": {"range": [0.8, 1.2], "only": ["torsu"]}},
            r"^task.randomization.link_mass.only: no body fits 'torsu'; nearest: 'base' \(base\)$",
        ),
        (
            {"stiffness": {"range": [0.8, 1.2]}},
            r"^task.randomization.stiffness: the robot has no joints",
        ),
        (
            {"force_push": {"bodies": ["head"]}},
            r"^task.randomization.force_push.bodies: no body fits 'head'; nearest: 'base'",
        ),
        (
            {"noise": {"positon": {"std": 0.1}}},
            r"^task.randomization.noise: no group of the observation fits 'positon'; "
            r"nearest: 'position' \(position, joint\)$",
        ),
    ],
)
def test_what_does_not_fit_the_robot_is_named(small, randomization, message):
    with pytest.raises(ConfigError, match=message):
        small(randomization=randomization)


def test_sliding_angle_is_that_of_the_drawn_friction(small):
    """A slope is gravity that leans: a box slides where tan(angle) exceeds its friction."""
    angle = math.atan(0.6)
    down, along = 9.81 * math.cos(angle), 9.81 * math.sin(angle)
    task = small(
        randomization={"friction": {"range": [0.2, 1.4]}},
        num_envs=32,
        height=THICKNESS / 2,
        plane={"static_friction": 0.6, "dynamic_friction": 0.6},
        sim={"dt": DT, "substeps": 2, "gravity": [along, 0.0, -down]},
    )
    run(task, 30)
    speed = task.root[:, 7].clone()
    friction = 0.5 * (run(task, 60)["friction"][:, 0] + 0.6)
    slides, holds = friction < 0.57, friction > 0.63
    assert slides.sum() > 2
    assert holds.sum() > 2
    assert task.root[holds, 7].abs().max() < 0.02
    gained = task.root[slides, 7] - speed[slides]
    close(gained, (along - friction[slides] * down) * 60 * DT, rtol=0.05, atol=0.02)


def test_shapes_that_are_not_named_keep_their_friction(small):
    shape = '<collision><geometry><sphere radius="0.05"/></geometry></collision></link>\n<joint'
    both = ARM.replace("</link>\n<joint", shape)
    plain = small(both, fixed=True, num_envs=1)
    task = small(both, {"friction": {"range": [0.2, 0.3], "only": ["arm"]}}, fixed=True)
    drawn = task.randomization.draws()["friction"]

    def frictions(task, i):
        env = task.gym.get_env(task.sim, i)
        return [s.friction for s in task.gym.get_actor_rigid_shape_properties(env, 0)]

    own = frictions(plain, 0)
    for i in range(8):
        assert frictions(task, i) == pytest.approx([own[0], float(drawn[i, 0])], rel=1e-6)
