"""Loading assets and reading what is in them."""

from __future__ import annotations

import copy
import sys
from pathlib import Path

import numpy as np

from humanoid_gym.engine.assets import primitives
from humanoid_gym.engine.assets.asset import Asset, ForceSensor, resolve_file
from humanoid_gym.engine.assets.description import describe
from humanoid_gym.engine.assets.mjcf import load_mjcf
from humanoid_gym.engine.assets.urdf import load_urdf
from humanoid_gym.engine.sim import Sim, find
from humanoid_gym.engine.values.enums import INVALID_HANDLE, DofType, JointType
from humanoid_gym.engine.values.fields import copy_of
from humanoid_gym.engine.values.math_types import Transform
from humanoid_gym.engine.values.parameters import AssetOptions
from humanoid_gym.engine.values.properties import (
    ForceSensorProperties,
    IndexRange,
    RigidShapeProperties,
)

IMPORTERS = {".urdf": load_urdf, ".xml": load_mjcf, ".mjcf": load_mjcf}
"""Importer by file name extension."""


class AssetCalls:
    """Methods of Gym about assets. Names that are not found give -1."""

    def load_asset(
        self, sim: Sim, rootpath: str, filename: str, options: AssetOptions | None = None
    ) -> Asset:
        """Load a robot file.

        Args:
            sim: any simulation.
            rootpath: folder, relative to the working directory or absolute.
            filename: file in it; the extension chooses the importer.
            options: snapshot taken now.

        Raises:
            FileNotFoundError: there is no such file.
            AssetError: the file is not a valid robot; names file and line.
            NotImplementedError: another format than URDF and MJCF.
        """
        path = resolve_file(str(rootpath), str(filename))
        options = options or AssetOptions()
        load = IMPORTERS.get(path.suffix.lower())
        if load is None:
            raise NotImplementedError(
                f"load_asset: {path.suffix!r} files ({path}); use a .urdf file, or .xml for MJCF"
            )
        return Asset(load(path, options, Path(str(rootpath))), options)

    def load_mjcf(
        self, sim: Sim, rootpath: str, filename: str, options: AssetOptions | None = None
    ) -> Asset:
        """`load_asset` for MJCF files."""
        return self.load_asset(sim, rootpath, filename, options)

    def load_urdf(
        self, sim: Sim, rootpath: str, filename: str, options: AssetOptions | None = None
    ) -> Asset:
        """`load_asset` for URDF files."""
        return self.load_asset(sim, rootpath, filename, options)

    def create_box(
        self,
        sim: Sim,
        width: float,
        height: float,
        depth: float,
        options: AssetOptions | None = None,
    ) -> Asset:
        """A box with lengths [m] width along x, height along y, depth along z."""
        options = options or AssetOptions()
        return Asset(primitives.box(width, height, depth, options), options)

    def create_sphere(self, sim: Sim, radius: float, options: AssetOptions | None = None) -> Asset:
        """A sphere [m]."""
        options = options or AssetOptions()
        return Asset(primitives.sphere(radius, options), options)

    def create_capsule(
        self, sim: Sim, radius: float, width: float, options: AssetOptions | None = None
    ) -> Asset:
        """A capsule along x [m]."""
        options = options or AssetOptions()
        return Asset(primitives.capsule(radius, width, options), options)

    def debug_print_asset(self, asset: Asset, indent: str = "") -> None:
        """Write the asset's bodies, joints and shapes to standard output."""
        lines = describe(asset).splitlines()
        sys.stdout.write("".join(f"{indent}{line}\n" for line in lines))

    def get_asset_rigid_body_count(self, asset: Asset) -> int:
        """Number of bodies."""
        return len(asset.model.bodies)

    def get_asset_rigid_body_name(self, asset: Asset, index: int) -> str:
        """Name of a body."""
        return asset.body_names[index]

    def get_asset_rigid_body_names(self, asset: Asset) -> list[str]:
        """Names of the bodies, root first."""
        return list(asset.body_names)

    def get_asset_rigid_body_dict(self, asset: Asset) -> dict[str, int]:
        """Body index by name."""
        return {name: index for index, name in enumerate(asset.body_names)}

    def find_asset_rigid_body_index(self, asset: Asset, name: str) -> int:
        """Body index of a name, -1 if absent."""
        return find(asset.body_names, name)

    def get_asset_dof_count(self, asset: Asset) -> int:
        """Number of degrees of freedom."""
        return len(asset.dof_names)

    def get_asset_dof_name(self, asset: Asset, index: int) -> str:
        """Name of a DOF."""
        return asset.dof_names[index]

    def get_asset_dof_names(self, asset: Asset) -> list[str]:
        """Names of the DOFs."""
        return list(asset.dof_names)

    def get_asset_dof_dict(self, asset: Asset) -> dict[str, int]:
        """DOF index by name."""
        return {name: index for index, name in enumerate(asset.dof_names)}

    def find_asset_dof_index(self, asset: Asset, name: str) -> int:
        """DOF index of a name, -1 if absent."""
        return find(asset.dof_names, name)

    def get_asset_dof_type(self, asset: Asset, index: int) -> DofType:
        """Rotation or translation."""
        return asset.dof_type(index)

    def get_asset_dof_properties(self, asset: Asset) -> np.ndarray:
        """A copy of the DOF properties, structured array of shape (num_dofs,)."""
        return asset.dof_properties.copy()

    def get_asset_joint_count(self, asset: Asset) -> int:
        """Number of joints, fixed ones included."""
        return len(asset.joints)

    def get_asset_joint_name(self, asset: Asset, index: int) -> str:
        """Name of a joint."""
        return asset.joints[index].name

    def get_asset_joint_names(self, asset: Asset) -> list[str]:
        """Names of the joints, in body order."""
        return [joint.name for joint in asset.joints]

    def get_asset_joint_dict(self, asset: Asset) -> dict[str, int]:
        """Joint index by name."""
        return {joint.name: index for index, joint in enumerate(asset.joints)}

    def get_asset_joint_type(self, asset: Asset, index: int) -> JointType:
        """Type of a joint."""
        return asset.joints[index].type

    def find_asset_joint_index(self, asset: Asset, name: str) -> int:
        """Joint index of a name, -1 if absent."""
        return find(self.get_asset_joint_names(asset), name)

    def get_asset_rigid_shape_count(self, asset: Asset) -> int:
        """Number of collision shapes."""
        return len(asset.collision_shapes)

    def get_asset_rigid_shape_properties(self, asset: Asset) -> list[RigidShapeProperties]:
        """A copy of the contact properties, one per collision shape, in body order."""
        return [copy_of(shape) for shape in asset.shape_properties]

    def set_asset_rigid_shape_properties(
        self, asset: Asset, props: list[RigidShapeProperties]
    ) -> bool:
        """Set the contact properties of actors created from now on."""
        asset.set_shape_properties(props)
        return True

    def get_asset_rigid_body_shape_indices(self, asset: Asset) -> list[IndexRange]:
        """Which collision shapes belong to each body."""
        return asset.shape_ranges()

    def create_asset_force_sensor(
        self,
        asset: Asset,
        body_idx: int,
        local_pose: Transform,
        props: ForceSensorProperties | None = None,
    ) -> int:
        """Put a force sensor on a body of all actors created from this asset.

        Args:
            asset: without actors so far.
            body_idx: asset-local body.
            local_pose: sensor frame in the body frame.
            props: which forces, which axes; by default the net force.

        Returns:
            Index of the sensor in the asset, -1 if there is no such body.
        """
        if not 0 <= body_idx < len(asset.model.bodies):
            return INVALID_HANDLE
        props = copy.deepcopy(props or ForceSensorProperties())
        asset.force_sensors.append(ForceSensor(body_idx, copy.deepcopy(local_pose), props))
        return len(asset.force_sensors) - 1
