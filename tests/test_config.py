"""The strict builder: what it takes, what it refuses, and what it says then."""

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Optional, Tuple, Union

import pytest

from humanoid_gym.config import ConfigError, SimConfig, build, nearest, to_dict


@dataclass(frozen=True)
class Inner:
    rate: float = field(default=0.5, metadata={"above": 0.0, "max": 1.0})
    sizes: Tuple[int, ...] = field(default=(400, 200), metadata={"min": 1})


@dataclass(frozen=True)
class Outer:
    name: str
    count: int = field(default=3, metadata={"min": 1})
    flag: bool = False
    path: Optional[str] = None
    inner: Inner = field(default_factory=Inner)
    gains: Dict[str, float] = field(default_factory=dict, metadata={"min": 0.0})
    links: List[str] = field(default_factory=list)
    point: Tuple[float, float, float] = (0.0, 0.0, 1.0)
    device: Union[int, str] = "auto"
    mode: str = field(default="fast", metadata={"choices": ("fast", "slow")})
    limit: float = field(default=float("inf"), metadata={"above": 0.0, "infinite": True})
    ranges: Dict[str, Tuple[float, float]] = field(default_factory=dict)
    bound: Optional[float] = None

    def __post_init__(self) -> None:
        if self.mode == "slow" and self.count > 100:
            raise ValueError("mode slow allows at most 100, count is larger")


def test_a_full_mapping_becomes_typed_fields():
    config = build(
        Outer,
        {
            "name": "walker",
            "count": 7,
            "flag": True,
            "path": "a.urdf",
            "inner": {"rate": 1, "sizes": [8, 4]},
            "gains": {"knee": 3},
            "links": ["foot"],
            "point": [1, 2.5, 3],
            "device": 0,
        },
        "task",
    )
    assert config.inner == Inner(rate=1.0, sizes=(8, 4))
    assert isinstance(config.inner.rate, float)
    assert config.gains == {"knee": 3.0}
    assert config.point == (1.0, 2.5, 3.0)
    assert (config.count, config.flag, config.path, config.device) == (7, True, "a.urdf", 0)


def test_missing_keys_take_their_defaults():
    assert build(Outer, {"name": "x"}, "task") == Outer(name="x")


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({}, "task: missing key 'name'"),
        ({"name": "x", "cuont": 1}, "task: unknown key 'cuont'; nearest: 'count'"),
        (
            {"name": "x", "inner": {"rates": 1.0}},
            "task.inner: unknown key 'rates'; nearest: 'rate'",
        ),
        ({"name": 3}, "task.name: expected str, got int 3"),
        ({"name": "x", "count": 2.0}, "task.count: expected int, got float 2.0"),
        ({"name": "x", "count": True}, "task.count: expected int, got bool True"),
        ({"name": "x", "count": "many"}, "task.count: expected int, got str 'many'"),
        ({"name": "x", "count": None}, "task.count: expected int, got null"),
        ({"name": "x", "flag": 1}, "task.flag: expected bool, got int 1"),
        ({"name": "x", "inner": 3}, "task.inner: expected a group of settings, got int 3"),
        ({"name": "x", "inner": {"rate": True}}, "task.inner.rate: expected float, got bool True"),
        ({"name": "x", "inner": {"rate": "1"}}, "task.inner.rate: expected float, got str '1'"),
        (
            {"name": "x", "inner": {"rate": float("nan")}},
            "task.inner.rate: expected a finite number, got nan",
        ),
        ({"name": "x", "path": 1}, "task.path: expected str, got int 1"),
        ({"name": "x", "device": 1.5}, "task.device: expected int or str, got float 1.5"),
        ({"name": "x", "links": "foot"}, "task.links: expected a list of str, got str 'foot'"),
        ({"name": "x", "gains": 3}, "task.gains: expected a group of settings, got int 3"),
        ({"name": "x", "links": [1]}, "task.links[0]: expected str, got int 1"),
        ({"name": "x", "point": [1.0, 2.0]}, "task.point: expected 3 values, got 2: [1.0, 2.0]"),
        ({"name": "x", "gains": {"knee": "k"}}, "task.gains.knee: expected float, got str 'k'"),
        (
            {"name": "x", "mode": "slwo"},
            "task.mode: 'slwo' is not one of fast, slow; nearest: 'slow'",
        ),
        (
            {"name": "x", "mode": "slow", "count": 101},
            "task: mode slow allows at most 100, count is larger",
        ),
    ],
)
def test_refusals_name_the_place_the_value_and_the_remedy(mapping: Dict[str, Any], message: str):
    with pytest.raises(ConfigError) as caught:
        build(Outer, mapping, "task")
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"count": 0}, "task.count: must be >= 1, got 0"),
        ({"inner": {"rate": 0.0}}, "task.inner.rate: must be > 0 and <= 1, got 0.0"),
        ({"inner": {"rate": 1.01}}, "task.inner.rate: must be > 0 and <= 1, got 1.01"),
        ({"inner": {"sizes": [8, 0]}}, "task.inner.sizes[1]: must be >= 1, got 0"),
        ({"gains": {"hip": 1.0, "knee": -1.0}}, "task.gains.knee: must be >= 0, got -1.0"),
    ],
)
def test_ranges_name_the_bound_and_the_element(mapping: Dict[str, Any], message: str):
    with pytest.raises(ConfigError) as caught:
        build(Outer, {"name": "x", **mapping}, "task")
    assert str(caught.value) == message


@pytest.mark.parametrize("number", [float("inf"), -float("inf"), float("nan")])
@pytest.mark.parametrize(
    ("place", "mapping"),
    [
        ("inner.rate", lambda number: {"inner": {"rate": number}}),
        ("gains.knee", lambda number: {"gains": {"knee": number}}),
        ("point[1]", lambda number: {"point": [0.0, number, 1.0]}),
        ("ranges.knee[0]", lambda number: {"ranges": {"knee": [number, 1.0]}}),
        ("bound", lambda number: {"bound": number}),
    ],
)
def test_numbers_have_to_be_finite(place: str, mapping: Callable[[float], Any], number: float):
    with pytest.raises(ConfigError) as caught:
        build(Outer, {"name": "x", **mapping(number)}, "task")
    assert str(caught.value) == f"task.{place}: expected a finite number, got {number}"


def test_infinity_is_taken_where_it_means_no_limit():
    assert build(Outer, {"name": "x", "limit": float("inf")}, "task").limit == float("inf")
    with pytest.raises(ConfigError, match=r"task.limit: expected a number, got nan"):
        build(Outer, {"name": "x", "limit": float("nan")}, "task")
    with pytest.raises(ConfigError, match=r"task.limit: must be > 0, got -inf"):
        build(Outer, {"name": "x", "limit": -float("inf")}, "task")


def test_a_group_that_is_not_a_mapping_is_refused():
    with pytest.raises(ConfigError, match=r"task: expected a group of settings, got str 'x'"):
        build(Outer, "x", "task")  # pyright: ignore[reportArgumentType] -- the fault under test


def test_to_dict_and_build_are_inverse():
    config = Outer(name="x", inner=Inner(sizes=(3,)), gains={"knee": 1.0}, point=(1.0, 2.0, 3.0))
    plain = to_dict(config)
    assert plain["point"] == [1.0, 2.0, 3.0]  # YAML knows lists only
    assert build(Outer, plain, "task") == config


def test_the_result_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(build(SimConfig, {}, "sim"), "dt", 0.1)  # noqa: B010 -- pyright knows it is frozen


@pytest.mark.parametrize(("given", "expected"), [("humaniod", "humanoid"), ("CART", "cartpole")])
def test_nearest_is_the_closest_spelling_whatever_the_case(given: str, expected: str):
    assert nearest(given, ["humanoid", "cartpole"]) == expected


def test_nearest_of_nothing_is_empty():
    assert nearest("x", []) == ""


@pytest.mark.parametrize("mapping", [{"dt": 0.0}, {"up_axis": "x"}, {"gravity": [0, 0]}])
def test_sim_config_refuses_impossible_physics(mapping: Dict[str, Any]):
    with pytest.raises(ConfigError, match=r"task\.sim\."):
        build(SimConfig, mapping, "task.sim")


def test_the_top_of_a_configuration_has_no_prefix():
    with pytest.raises(ConfigError, match=r"^count: must be >= 1, got 0$"):
        build(Outer, {"name": "x", "count": 0}, "")
    with pytest.raises(ConfigError, match=r"^unknown key 'cuont'; nearest: 'count'$"):
        build(Outer, {"name": "x", "cuont": 0}, "")
