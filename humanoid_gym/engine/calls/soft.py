"""What can be said about soft bodies where there are none."""

from __future__ import annotations

from humanoid_gym.engine.assets.asset import Asset
from humanoid_gym.engine.scene.handles import actor_of
from humanoid_gym.engine.scene.scene import Env
from humanoid_gym.engine.sim import Sim


class SoftBodyCalls:
    """Methods of Gym that count soft bodies and their elements: always zero.

    Everything else about soft bodies raises NotImplementedError, see `unsupported`.
    """

    def get_asset_soft_body_count(self, asset: Asset) -> int:
        """Number of soft bodies."""
        return 0

    def get_actor_soft_body_count(self, env: Env, handle: int) -> int:
        """Number of soft bodies."""
        actor_of(env, handle, "get_actor_soft_body_count")
        return 0

    def get_sim_tetrahedra_count(self, sim: Sim) -> int:
        """Number of tetrahedra of all soft bodies."""
        return 0

    def get_sim_triangle_count(self, sim: Sim) -> int:
        """Number of triangles of all soft bodies."""
        return 0
