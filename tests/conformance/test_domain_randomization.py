"""Isaac Gym's helpers that draw random properties."""

import numpy as np
import pytest
from worlds import chain

from humanoid_gym.engine import gymutil
from humanoid_gym.engine.values.math_types import Vec3
from humanoid_gym.engine.values.parameters import SimParams
from humanoid_gym.engine.values.properties import DofProperties, RigidBodyProperties

KINDS = [
    "dof_properties",
    "tendon_properties",
    "rigid_body_properties",
    "rigid_shape_properties",
    "sim_params",
]


@pytest.fixture(autouse=True)
def seed():
    np.random.seed(0)


def config(distribution="uniform", low=2.0, high=4.0, operation="additive", **more):
    return {"range": [low, high], "distribution": distribution, "operation": operation, **more}


def test_getters_and_setters_of_each_kind(world):
    gym = world().gym
    setters, getters = gymutil.get_property_setter_map(gym), gymutil.get_property_getter_map(gym)
    assert list(setters) == list(getters) == KINDS
    assert setters["rigid_body_properties"] == gym.set_actor_rigid_body_properties
    assert getters["sim_params"] == gym.get_sim_params
    defaults = gymutil.get_default_setter_args(gym)
    assert defaults == {kind: [True] if "body" in kind else [] for kind in KINDS}


def test_uniform_draws_fill_their_range():
    draws = gymutil.generate_random_samples(config(), (1000, 2), 0)
    assert draws.shape == (1000, 2)
    assert 2.0 <= draws.min() < 2.02
    assert 3.98 < draws.max() <= 4.0


def test_loguniform_draws_are_uniform_in_the_logarithm():
    draws = gymutil.generate_random_samples(config("loguniform", 0.01, 100.0), 4000, 0)
    assert draws.min() >= 0.01
    assert draws.max() <= 100.0
    assert abs((draws < 1.0).mean() - 0.5) < 0.03


def test_gaussian_draws():
    draws = gymutil.generate_random_samples(config("gaussian", 3.0, 0.5), 20_000, 0)
    assert abs(draws.mean() - 3.0) < 0.02
    assert abs(draws.std() - 0.5) < 0.02


@pytest.mark.parametrize("distribution", ["uniform", "loguniform", "gaussian"])
@pytest.mark.parametrize(("operation", "neutral"), [("additive", 0.0), ("scaling", 1.0)])
@pytest.mark.parametrize("schedule", ["linear", "constant"])
def test_a_schedule_starts_at_no_change(distribution, operation, neutral, schedule):
    if distribution == "loguniform" and operation == "additive":
        pytest.skip("the logarithm of a range that shrinks to zero")
    params = config(distribution, 2.0, 4.0, operation, schedule=schedule, schedule_steps=100)
    start = gymutil.generate_random_samples(params, 8, 0)
    np.testing.assert_allclose(start, neutral)
    grown = [gymutil.generate_random_samples(params, 2000, step).mean() for step in (50, 100, 1000)]
    full = {"uniform": 3.0, "gaussian": 2.0, "loguniform": 2.0 / np.log(2.0)}[distribution]
    np.testing.assert_allclose(grown[1:], full, rtol=0.15)
    if schedule == "constant":
        assert grown[0] == pytest.approx(neutral)
    else:
        assert neutral < grown[0] < full - 0.3 * abs(full - neutral)


def test_samples_from_outside_follow_operation_and_schedule():
    params = config(operation="scaling", schedule="linear", schedule_steps=4)
    given = np.array([3.0, 5.0])
    assert gymutil.generate_random_samples(params, 2, 1, given).tolist() == [1.5, 2.0]
    assert given.tolist() == [3.0, 5.0]
    assert gymutil.generate_random_samples(config(), 2, 1, given).tolist() == [3.0, 5.0]


@pytest.mark.parametrize("key", ["distribution", "operation", "schedule"])
def test_an_unknown_word_is_named(key):
    params = config(schedule="linear", schedule_steps=3)
    params[key] = "normal"
    with pytest.raises(ValueError, match=f"{key} is 'normal', none of"):
        gymutil.generate_random_samples(params, 1, 0)


def test_buckets():
    params = config("uniform", 0.0, 1.0, num_buckets=4)
    assert gymutil.get_bucketed_val(0.3, params) == 0.25
    values = np.array([-1.0, 0.0, 0.24, 0.5, 0.99, 7.0])
    assert gymutil.get_bucketed_val(values, params).tolist() == [0, 0, 0, 0.5, 0.75, 0.75]
    gaussian = config("gaussian", 1.0, 0.25, num_buckets=4)  # from 1 - 2 * 0.5 to 1 + 2 * 0.5
    assert gymutil.get_bucketed_val(np.array([0.6, 1.9]), gaussian).tolist() == [0.5, 1.5]


def test_dof_properties_are_drawn_one_by_one():
    original = np.zeros(5, DofProperties.dtype)
    original["damping"] = [1, 2, 3, 4, 5]
    props = original.copy()
    gymutil.apply_random_samples(props, original, "damping", config(operation="scaling"), 0)
    ratios = props["damping"] / original["damping"]
    assert ((ratios >= 2.0) & (ratios <= 4.0)).all()
    assert len(set(ratios.tolist())) == 5
    gymutil.apply_random_samples(
        props, original, "damping", config(low=0.0, high=10.0, num_buckets=2), 0
    )
    assert set(props["damping"].tolist()) <= {0.0, 5.0}


@pytest.mark.parametrize("as_mapping", [True, False])
def test_one_property_object(as_mapping):
    prop = RigidBodyProperties(mass=3.0)
    original = {"mass": 2.0} if as_mapping else RigidBodyProperties(mass=2.0)
    gymutil.apply_random_samples(prop, original, "mass", config(operation="scaling"), 0)
    assert 4.0 <= prop.mass <= 8.0
    gymutil.apply_random_samples(prop, original, "mass", config(), 0, extern_sample=1.5)
    assert prop.mass == 3.5


def test_sim_params():
    params = SimParams(gravity=Vec3(0, 0, -10))
    original = {"gravity": Vec3(1, 0, -10), "dt": 0.01}
    scaling = config(operation="scaling")
    gymutil.apply_random_samples(params, original, "gravity", scaling, 0)
    assert 2.0 <= params.gravity.x <= 4.0
    assert params.gravity.y == 0.0
    assert -40.0 <= params.gravity.z <= -20.0
    gymutil.apply_random_samples(params, original, "gravity", config(), 0)
    assert 2.0 <= params.gravity.y <= 4.0
    gymutil.apply_random_samples(params, original, "dt", scaling, 0)
    assert 0.02 <= params.dt <= 0.04
    gymutil.apply_random_samples(params, original, "rest_offset", config(low=0.1, high=0.2), 0)
    assert 0.1 <= params.physx.rest_offset <= 0.2
    assert original["gravity"] == Vec3(1, 0, -10)


def test_a_whole_randomization_reaches_the_engine(world):
    """Read, randomize, write, as programs loop over environments and actors."""
    w = world(num_envs=3, ground=None)
    w.place(w.urdf(chain(2))).start()
    getters, setters = (
        gymutil.get_property_getter_map(w.gym),
        gymutil.get_property_setter_map(w.gym),
    )
    extra = gymutil.get_default_setter_args(w.gym)
    for env in w.envs:
        for kind, attr in (("dof_properties", "damping"), ("rigid_body_properties", "mass")):
            props = getters[kind](env, 0)
            for prop in props if isinstance(props, list) else [props]:
                original = prop.copy() if isinstance(prop, np.ndarray) else {attr: prop.mass}
                gymutil.apply_random_samples(prop, original, attr, config(), 0)
            assert setters[kind](env, 0, props, *extra[kind])
    masses = [w.gym.get_actor_rigid_body_properties(env, 0)[1].mass for env in w.envs]
    dampings = [w.gym.get_actor_dof_properties(env, 0)["damping"].tolist() for env in w.envs]
    assert all(3.0 <= mass <= 5.0 for mass in masses)
    assert len(set(masses)) == 3
    assert all(2.0 <= damping <= 4.0 for row in dampings for damping in row)


def materials(**buckets):
    shapes = {name: {"num_buckets": count} for name, count in buckets.items()}
    return {"actor_params": {"hand": {"rigid_shape_properties": shapes}}}


class ShapesGym:
    """Stands for a Gym with two actors of many shapes in every environment."""

    get_actor_count = staticmethod(lambda env: 2)
    get_actor_handle = staticmethod(lambda env, index: index)
    get_actor_name = staticmethod(lambda env, handle: ("hand", "ball")[handle])
    get_actor_rigid_shape_count = staticmethod(lambda env, handle: (20, 9999)[handle])


@pytest.mark.parametrize(
    ("envs", "params", "complaint"),
    [
        (1, materials(friction=250, restitution=256), None),
        (1, materials(friction=250, restitution=257), "the buckets make 64250 materials"),
        (1, materials(friction=64001), "the buckets make 64001 materials"),
        (3200, materials(), None),
        (3201, materials(), "64020 shapes have materials of their own"),
        (9999, materials(friction=10), None),
        (9999, {"actor_params": {"hand": {"dof_properties": {}}}}, None),
    ],
)
def test_at_most_64000_materials(envs, params, complaint):
    if complaint is None:
        gymutil.check_buckets(ShapesGym(), range(envs), params)
        return
    with pytest.raises(AssertionError, match=complaint):
        gymutil.check_buckets(ShapesGym(), range(envs), params)
