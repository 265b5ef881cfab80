"""Drawing random physical properties, as Isaac Gym programs configure it.

A configuration of one attribute is a mapping: `range` (two numbers), `distribution` (uniform,
loguniform or gaussian), `operation` (additive or scaling) and optionally `schedule` (linear or
constant) with `schedule_steps`, and `num_buckets`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from humanoid_gym.engine.values.parameters import SimParams

if TYPE_CHECKING:
    from humanoid_gym.engine.gymapi import Gym
    from humanoid_gym.engine.scene.scene import Env

MAX_MATERIALS = 64_000
"""Different materials that PhysX can hold."""

_PROPERTIES = {
    "dof_properties": "actor_dof_properties",
    "tendon_properties": "actor_tendon_properties",
    "rigid_body_properties": "actor_rigid_body_properties",
    "rigid_shape_properties": "actor_rigid_shape_properties",
    "sim_params": "sim_params",
}


def get_property_setter_map(gym: "Gym") -> dict[str, Callable[..., Any]]:
    """Gym's method that writes each kind of property."""
    return {kind: getattr(gym, f"set_{method}") for kind, method in _PROPERTIES.items()}


def get_property_getter_map(gym: "Gym") -> dict[str, Callable[..., Any]]:
    """Gym's method that reads each kind of property."""
    return {kind: getattr(gym, f"get_{method}") for kind, method in _PROPERTIES.items()}


def get_default_setter_args(gym: "Gym") -> dict[str, list[Any]]:
    """Arguments after the properties for each setter: bodies have their inertia follow the mass."""
    return {kind: [True] if kind == "rigid_body_properties" else [] for kind in _PROPERTIES}


def generate_random_samples(
    attr_randomization_params: Mapping[str, Any],
    shape: int | Sequence[int],
    curr_gym_step_count: int,
    extern_sample: Any = None,  # noqa: ANN401 (a number, array or tensor)
) -> Any:  # noqa: ANN401 (an array, or what extern_sample is)
    """Random offsets (additive) or factors (scaling), grown by the schedule.

    Early in a schedule they are near 0 or 1, so that the property keeps its original value.

    Args:
        attr_randomization_params: see the module; a gaussian's range is its mean and its spread.
        shape: of the result.
        curr_gym_step_count: steps so far, for the schedule.
        extern_sample: used in place of a random draw.

    Raises:
        ValueError: an unknown distribution, operation or schedule.
    """
    params = attr_randomization_params
    grown = _schedule(params, curr_gym_step_count)
    rest = {"additive": 0.0, "scaling": 1.0 - grown}[_choice(params, "operation", _OPERATIONS)]
    if extern_sample is not None:
        return extern_sample * grown + rest
    distribution = _choice(params, "distribution", ("uniform", "loguniform", "gaussian"))
    low, high = params["range"]
    if distribution == "gaussian":
        return np.random.normal(low * grown + rest, high * grown, shape)
    low, high = low * grown + rest, high * grown + rest
    if distribution == "uniform":
        return np.random.uniform(low, high, shape)
    return np.exp(np.random.uniform(np.log(low), np.log(high), shape))


_OPERATIONS = ("additive", "scaling")


def _schedule(params: Mapping[str, Any], step: int) -> float:
    """Share of the randomization that is in force at a step, in [0, 1]."""
    if params.get("schedule") is None:
        return 1.0
    steps = params["schedule_steps"]
    if _choice(params, "schedule", ("linear", "constant")) == "linear":
        return min(step, steps) / steps
    return float(step >= steps)


def _choice(params: Mapping[str, Any], key: str, choices: Sequence[str]) -> str:
    if params[key] not in choices:
        raise ValueError(f"randomization: {key} is {params[key]!r}, none of {', '.join(choices)}")
    return params[key]


def get_bucketed_val(new_prop_val: Any, attr_randomization_params: Mapping[str, Any]) -> Any:  # noqa: ANN401 (numbers or arrays)
    """Lower bound of the bucket a value falls into; outside the range, of the nearest bucket.

    Args:
        new_prop_val: a number or an array.
        attr_randomization_params: `num_buckets` divide the range, which for a gaussian is the mean
            plus and minus twice the root of its second number.

    Returns:
        Number or array like new_prop_val.
    """
    params = attr_randomization_params
    low, high = params["range"]
    if params["distribution"] == "gaussian":
        half = 2.0 * np.sqrt(high)
        low, high = low - half, low + half
    count = params["num_buckets"]
    bounds = low + (high - low) * np.arange(count) / count
    values = np.asarray(new_prop_val, dtype=np.float64)
    bucket = np.searchsorted(bounds, values, side="right") - 1
    bucketed = bounds[np.clip(bucket, 0, count - 1)]
    return bucketed if np.ndim(new_prop_val) else float(bucketed)


def apply_random_samples(
    prop: Any,  # noqa: ANN401 (SimParams, DOF properties or one property object)
    og_prop: Any,  # noqa: ANN401 (the same, or a mapping of its attributes)
    attr: str,
    attr_randomization_params: Mapping[str, Any],
    curr_gym_step_count: int,
    extern_sample: Any = None,  # noqa: ANN401 (a number or array)
    bucketing_randomization_params: Mapping[str, Any] | None = None,
) -> None:
    """Set one attribute of a property to its original value, randomized.

    Args:
        prop: what is changed: SimParams (gravity, or a number there or in physx), an array of DOF
            properties, or a property object of a body, shape or tendon.
        og_prop: original values: a mapping from attribute names, an array, or such an object.
        attr: attribute.
        attr_randomization_params: see the module.
        curr_gym_step_count: steps so far, for the schedule.
        extern_sample: used in place of a random draw.
        bucketing_randomization_params: range and number of buckets, if not those of the draw.
    """
    params = attr_randomization_params
    if isinstance(prop, SimParams):
        _randomize_sim_params(prop, og_prop, attr, params, curr_gym_step_count)
        return
    original = _original(og_prop, attr)
    shape = prop[attr].shape if isinstance(prop, np.ndarray) else 1
    sample = generate_random_samples(params, shape, curr_gym_step_count, extern_sample)
    value = _operate(params, original, sample)
    if params.get("num_buckets", 0) > 0:
        value = get_bucketed_val(value, bucketing_randomization_params or params)
    if isinstance(prop, np.ndarray):
        prop[attr] = value
    else:
        setattr(prop, attr, value)


def _randomize_sim_params(
    prop: SimParams, og_prop: object, attr: str, params: Mapping[str, Any], step: int
) -> None:
    if attr == "gravity":
        gravity = _original(og_prop, attr)
        sample = generate_random_samples(params, 3, step)
        original = np.array([gravity.x, gravity.y, gravity.z])
        prop.gravity = _operate(params, original, sample)
    elif hasattr(prop, attr):
        sample = generate_random_samples(params, 1, step)
        setattr(prop, attr, _operate(params, _original(og_prop, attr), sample))
    else:
        # PhysX's settings have no original here: programs give them as they shall be.
        setattr(prop.physx, attr, generate_random_samples(params, 1, step))


def _operate(params: Mapping[str, Any], original: Any, sample: Any) -> Any:  # noqa: ANN401 (numbers or arrays)
    return original * sample if params["operation"] == "scaling" else original + sample


def _original(og_prop: Any, attr: str) -> Any:  # noqa: ANN401 (numbers, arrays or Vec3)
    if isinstance(og_prop, np.ndarray | Mapping):
        return og_prop[attr]
    return getattr(og_prop, attr)


def check_buckets(gym: "Gym", envs: Sequence["Env"], dr_params: Mapping[str, Any]) -> None:
    """Check that a randomization needs no more materials than PhysX can hold.

    Args:
        gym: the Gym object.
        envs: all environments.
        dr_params: `actor_params`: per actor name, per kind of property, per attribute, a
            configuration as the module describes it.

    Raises:
        AssertionError: more than 64000 materials, by the buckets or, without buckets, by the
            number of shapes.
    """
    actors = dr_params["actor_params"]
    buckets = sum(
        _num_buckets(kinds.get("rigid_shape_properties", {})) for kinds in actors.values()
    )
    if buckets > MAX_MATERIALS:
        raise AssertionError(
            f"randomization: the buckets make {buckets} materials, at most {MAX_MATERIALS} "
            "expected; use fewer buckets"
        )
    shapes = sum(_num_randomized_shapes(gym, env, actors) for env in envs)
    if shapes > MAX_MATERIALS and buckets == 0:
        raise AssertionError(
            f"randomization: {shapes} shapes have materials of their own, at most {MAX_MATERIALS} "
            "expected; set num_buckets"
        )


def _num_buckets(shape_attrs: Mapping[str, Any]) -> int:
    """Combinations of an actor's buckets of friction and restitution; 0: none are set."""
    counts = [
        shape_attrs.get(name, {}).get("num_buckets", 0) for name in ("restitution", "friction")
    ]
    used = [count for count in counts if count > 0]
    return int(np.prod(used)) if used else 0


def _num_randomized_shapes(gym: "Gym", env: "Env", actors: Mapping[str, Any]) -> int:
    handles = [gym.get_actor_handle(env, index) for index in range(gym.get_actor_count(env))]
    return sum(
        gym.get_actor_rigid_shape_count(env, handle)
        for handle in handles
        if "rigid_shape_properties" in actors.get(gym.get_actor_name(env, handle), {})
    )
