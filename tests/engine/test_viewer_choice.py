"""Where viewers open, and what is said where they cannot."""

import pytest
from worlds import World

from humanoid_gym.engine import gymapi


@pytest.fixture
def world(tmp_path):
    """Factory of worlds."""
    return lambda: World(tmp_path)


@pytest.mark.parametrize("value", ["brows", "browser:x", "browser:70000", "window:1"])
def test_a_variable_that_cannot_be_read_is_named(world, monkeypatch, value):
    monkeypatch.setenv("HUMANOID_GYM_VIEWER", value)
    w = world()
    w.sim.graphics_device = 0
    with pytest.raises(ValueError, match=f"HUMANOID_GYM_VIEWER={value} .* browser:PORT"):
        w.gym.create_viewer(w.sim, gymapi.CameraProperties())


def test_without_viser_its_package_is_named(world, monkeypatch):
    monkeypatch.setenv("HUMANOID_GYM_VIEWER", "browser")
    monkeypatch.setitem(__import__("sys").modules, "viser", None)
    w = world()
    w.sim.graphics_device = 0
    with pytest.raises(ValueError, match=r"pip install 'humanoid_gym\[browser\]'"):
        w.gym.create_viewer(w.sim, gymapi.CameraProperties())


def test_a_page_that_cannot_be_served_is_named(world, monkeypatch):
    pytest.importorskip("viser", reason="the extra browser is not installed")
    monkeypatch.setenv("HUMANOID_GYM_VIEWER", "browser:192.0.2.1:8080")  # of no machine
    w = world()
    w.sim.graphics_device = 0
    with pytest.raises(
        ValueError, match=r"^HUMANOID_GYM_VIEWER: no web page .* 192\.0\.2\.1:8080: "
    ):
        w.gym.create_viewer(w.sim, gymapi.CameraProperties())
