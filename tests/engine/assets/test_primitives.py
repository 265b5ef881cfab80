import math

import mujoco
import numpy as np
import pytest

from humanoid_gym.engine.assets import primitives
from humanoid_gym.engine.assets.geometry import rotation_matrix
from humanoid_gym.engine.values.parameters import AssetOptions


def test_box_has_full_lengths_along_x_y_z():
    asset = primitives.box(2.0, 4.0, 6.0, AssetOptions())
    (body,) = asset.bodies
    assert (asset.name, body.name, body.parent, body.joints) == ("box", "box", -1, [])
    assert (body.shapes[0].kind, body.shapes[0].size) == ("box", (1.0, 2.0, 3.0))
    assert body.mass == pytest.approx(48_000.0)
    expected = 48_000.0 / 12.0 * np.diag([16.0 + 36.0, 4.0 + 36.0, 4.0 + 16.0])
    np.testing.assert_allclose(body.inertia, expected)
    assert asset.dof_bodies == []


def test_sphere_takes_the_density():
    options = AssetOptions()
    options.density = 3.0
    (body,) = primitives.sphere(0.5, options).bodies
    assert body.name == "sphere"
    assert body.mass == pytest.approx(3.0 * 4.0 / 3.0 * math.pi * 0.125)
    np.testing.assert_allclose(body.com, 0.0)


def test_capsule_lies_along_x():
    (body,) = primitives.capsule(0.1, 0.5, AssetOptions()).bodies
    (shape,) = body.shapes
    assert (body.name, shape.kind, shape.size) == ("capsule", "capsule", (0.1, 0.5))
    np.testing.assert_allclose(
        rotation_matrix(shape.pose.rotation) @ [0, 0, 1], [1, 0, 0], atol=1e-15
    )
    along, across, other = np.diag(body.inertia)
    assert along < 0.1 * across
    assert across == pytest.approx(other)


def test_without_density_it_still_weighs_something():
    options = AssetOptions()
    options.density = 0.0
    (body,) = primitives.box(1.0, 1.0, 1.0, options).bodies
    assert body.mass > 0.0
    assert np.linalg.eigvalsh(body.inertia).min() > 0.0


def test_a_box_without_thickness_is_a_sheet():
    (body,) = primitives.box(0.3, 0.2, 0.0, AssetOptions()).bodies
    assert body.shapes[0].size == (0.15, 0.1, 0.0005)
    with pytest.raises(ValueError, match="box: width must be finite and above zero"):
        primitives.box(0.0, 0.0, 0.0, AssetOptions())


@pytest.mark.parametrize("bad", [-1.0, math.nan, math.inf])
def test_impossible_boxes(bad):
    with pytest.raises(ValueError, match="box: height must be finite and above zero"):
        primitives.box(1.0, bad, 1.0, AssetOptions())


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf])
def test_impossible_lengths(bad):
    with pytest.raises(ValueError, match="sphere: radius"):
        primitives.sphere(bad, AssetOptions())
    with pytest.raises(ValueError, match="capsule: width"):
        primitives.capsule(1.0, bad, AssetOptions())


@pytest.mark.parametrize("size", [(1.0, 1.0, 1e-9), (1.0, 1e-9, 1e-9), (1e-4, 1e-4, 1e-4)])
def test_thin_and_tiny_boxes_can_be_compiled(size):
    (body,) = primitives.box(*size, AssetOptions()).bodies
    spec = mujoco.MjSpec()
    new = spec.worldbody.add_body(explicitinertial=True, mass=body.mass)
    new.add_freejoint()
    xx, xy, xz, _, yy, yz, _, _, zz = body.inertia.ravel()
    new.fullinertia = [xx, yy, zz, xy, xz, yz]
    assert spec.compile().body_mass[1] == pytest.approx(body.mass)
