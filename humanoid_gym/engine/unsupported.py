"""Methods of Isaac Gym's API that this engine does not have: calling one says so."""

from __future__ import annotations

WHY = "soft bodies, particles and USD are not part of this engine"

# ruff: noqa: SIM905 (a text reads better here than forty quoted names)

SOFT_BODIES_AND_USD = frozenset(
    """
acquire_particle_state_tensor acquire_pneumatic_pressure_tensor acquire_pneumatic_target_tensor
attach_sim create_cloth_grid create_tet_grid create_usd_exporter destroy_usd_exporter
draw_env_soft_contacts export_usd_asset export_usd_sim get_actor_soft_materials
get_actor_tetrahedra_range get_actor_triangle_range get_asset_soft_materials get_pneumatic_pressure
get_pneumatic_target get_sim_tetrahedra get_sim_triangles get_soft_contacts get_usd_export_root
load_opensim load_sim load_usd omni_connect omni_disconnect refresh_particle_state_tensor
refresh_pneumatic_pressure_tensor refresh_pneumatic_target_tensor reset_actor_particles_to_rest
set_actor_soft_materials set_particle_state_tensor set_particle_state_tensor_indexed
set_pneumatic_pressure set_pneumatic_pressure_tensor set_pneumatic_pressure_tensor_indexed
set_pneumatic_target set_pneumatic_target_tensor set_pneumatic_target_tensor_indexed
set_usd_export_root
""".split()
)
"""Names of the documented methods that class Gym does not define: soft bodies, particles, USD."""


class UsdExportOptions:
    """Options of the USD exporter.

    Raises:
        NotImplementedError: on construction.
    """

    def __init__(self, *_: object, **__: object) -> None:
        raise NotImplementedError(f"gymapi.{type(self).__name__}: {WHY}")


class UsdExporter(UsdExportOptions):
    """The USD exporter, which there is not either."""
