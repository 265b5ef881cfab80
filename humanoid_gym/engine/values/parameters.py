"""Settings that a program makes before it creates a simulation, an asset, ground or a camera.

Attributes are checked on assignment, nested objects are live (`sim_params.physx.x = ...`), and an
unknown name is an AttributeError with the nearest one. What only PhysX or Flex understand is stored
and read back; `parameters_without_effect` lists what a program has set of that.
"""

from humanoid_gym.engine.values.enums import (
    DEFAULT_VIEWER_HEIGHT,
    DEFAULT_VIEWER_WIDTH,
    ContactCollection,
    DofDriveMode,
    MeshNormalMode,
    UpAxis,
)
from humanoid_gym.engine.values.fields import (
    BoolField,
    EnumField,
    Float32Field,
    FloatField,
    IntField,
    Record,
    RecordField,
)
from humanoid_gym.engine.values.math_types import Transform, Vec3

__all__ = [
    "AssetOptions",
    "CameraProperties",
    "FlexParams",
    "HeightFieldParams",
    "PhysXParams",
    "PlaneParams",
    "SimParams",
    "TriangleMeshParams",
    "VhacdParams",
    "parameters_without_effect",
]


def time_step_of(params: "SimParams") -> float:
    """`SimParams.dt` as it was set [s]; the attribute reads as the nearest float32."""
    return SimParams.dt.as_set(params)


def parameters_without_effect(parameters: Record) -> list[str]:
    """Names of the attributes that were changed although MuJoCo has no counterpart for them.

    Args:
        parameters: any object of this module or of `properties`; nested objects are searched.

    Returns:
        Dotted names in the order of the class, for example `["physx.solver_type"]`.
    """
    names: list[str] = []
    for name, field in parameters._fields.items():
        value = getattr(parameters, name)
        if isinstance(value, Record) and field.has_effect:
            names += [f"{name}.{inner}" for inner in parameters_without_effect(value)]
        elif not field.has_effect and value != field.default:
            names.append(name)
    return names


class PhysXParams(Record):
    """Settings of PhysX. MuJoCo shares few of them."""

    use_gpu = BoolField(False)
    """Simulate on the GPU."""
    num_threads = IntField(4, has_effect=False)
    """CPU threads of PhysX."""
    num_subscenes = IntField(0, has_effect=False)
    """Scenes PhysX splits the environments into on the CPU."""
    solver_type = IntField(1, has_effect=False)
    """0: projected, 1: temporal Gauss-Seidel."""
    num_position_iterations = IntField(4, has_effect=False)
    """Position iterations of PhysX's solver; MuJoCo's iterates to convergence."""
    num_velocity_iterations = IntField(1, has_effect=False)
    """Velocity iterations of PhysX's solver."""
    contact_offset = FloatField(0.02, has_effect=False)
    """[m] distance per shape at which PhysX generates contacts."""
    rest_offset = FloatField(0.0, has_effect=False)
    """[m] distance per shape at which PhysX keeps shapes apart."""
    bounce_threshold_velocity = FloatField(0.2, has_effect=False)
    """[m/s] relative speed below which nothing bounces."""
    max_depenetration_velocity = FloatField(100.0, has_effect=False)
    """[m/s] largest speed PhysX adds to resolve penetration."""
    friction_offset_threshold = FloatField(0.04, has_effect=False)
    """[m] distance at which PhysX's friction starts."""
    friction_correlation_distance = FloatField(0.025, has_effect=False)
    """[m] distance within which PhysX merges friction anchors."""
    contact_collection = EnumField(ContactCollection, ContactCollection.CC_ALL_SUBSTEPS)
    """Substeps whose contacts are reported: CC_NEVER leaves contact forces zero."""
    max_gpu_contact_pairs = IntField(2**20, has_effect=False)
    """Size of PhysX's contact buffer on the GPU."""
    default_buffer_size_multiplier = FloatField(2.0, has_effect=False)
    """Factor on PhysX's buffer sizes on the GPU."""
    always_use_articulations = BoolField(False, has_effect=False)
    """Make single bodies articulations; MuJoCo treats both alike."""


class FlexParams(Record):
    """Settings of Flex, stored only: no soft bodies here."""

    solver_type = IntField(5, has_effect=False)
    """Linear solver, 0 to 7."""
    num_outer_iterations = IntField(4, has_effect=False)
    """Newton iterations per substep."""
    num_inner_iterations = IntField(10, has_effect=False)
    """Linear iterations per Newton iteration."""
    relaxation = FloatField(0.75, has_effect=False)
    """Relaxation factor of the solver."""
    warm_start = FloatField(0.4, has_effect=False)
    """Fraction of the last solution the solver starts from."""
    friction_mode = IntField(2, has_effect=False)
    """0: sliding, 1: and rolling, 2: and torsional friction."""
    contact_regularization = FloatField(1.0e-6, has_effect=False)
    """Diagonal added to contact rows."""
    geometric_stiffness = FloatField(1.0, has_effect=False)
    """Weight of geometric stiffness in the system matrix."""
    deterministic_mode = BoolField(False, has_effect=False)
    """Sort contacts for reproducible sums."""
    shape_collision_distance = FloatField(0.0, has_effect=False)
    """[m] distance kept between particles and shapes."""
    shape_collision_margin = FloatField(0.0, has_effect=False)
    """[m] distance at which shape contacts are generated."""
    static_friction = FloatField(0.0, has_effect=False)
    """Friction of particles at rest on shapes."""
    dynamic_friction = FloatField(0.0, has_effect=False)
    """Friction of particles sliding on shapes."""
    particle_friction = FloatField(0.0, has_effect=False)
    """Friction among particles."""
    max_rigid_contacts = IntField(0, has_effect=False)
    """Size of the rigid contact buffer."""
    max_soft_contacts = IntField(0, has_effect=False)
    """Size of the soft contact buffer."""
    return_contacts = BoolField(False, has_effect=False)
    """Copy contacts to the host."""


class SimParams(Record):
    """Settings of a simulation."""

    dt = Float32Field(1.0 / 60.0)
    """[s] simulated time of one `simulate` call."""
    substeps = IntField(2)
    """Physics steps a `simulate` call is divided into."""
    up_axis = EnumField(UpAxis, UpAxis.UP_AXIS_Y)
    """Axis that points up: grid of environments, height fields, camera."""
    gravity = RecordField(Vec3(0.0, -9.81, 0.0))
    """[m/s^2] gravitational acceleration, world axes."""
    use_gpu_pipeline = BoolField(False)
    """Keep the state tensors on the GPU."""
    num_client_threads = IntField(0)
    """Host worker threads; 0: one per usable core. Results do not depend on it."""
    enable_actor_creation_warning = BoolField(True, has_effect=False)
    """Warn of actors created after `prepare_sim`; here that is always an error."""
    stress_visualization = BoolField(False, has_effect=False)
    """Colour Flex's soft bodies by stress."""
    stress_visualization_min = FloatField(0.0, has_effect=False)
    """[Pa] lower end of the colour scale."""
    stress_visualization_max = FloatField(0.0, has_effect=False)
    """[Pa] upper end of the colour scale."""
    physx = RecordField(PhysXParams())
    """Settings of PhysX."""
    flex = RecordField(FlexParams())
    """Settings of Flex."""


class VhacdParams(Record):
    """Settings of the convex decomposition of collision meshes; V-HACD's own are stored only."""

    resolution = IntField(100_000, has_effect=False)
    """Voxels."""
    max_convex_hulls = IntField(64)
    """Largest number of hulls."""
    max_num_vertices_per_ch = IntField(64, has_effect=False)
    """Vertices per hull."""
    min_volume_per_ch = FloatField(1.0e-4, has_effect=False)
    """Smallest volume of a hull, relative."""
    concavity = FloatField(0.0, has_effect=False)
    """Largest allowed concavity."""
    alpha = FloatField(0.05, has_effect=False)
    """Bias towards clipping along symmetry planes."""
    beta = FloatField(0.05, has_effect=False)
    """Bias towards clipping along revolution axes."""
    mode = IntField(0, has_effect=False)
    """0: voxels, 1: tetrahedra."""
    pca = IntField(0, has_effect=False)
    """Normalize by principal components first."""
    plane_downsampling = IntField(4, has_effect=False)
    """Granularity of the search for clipping planes."""
    convex_hull_downsampling = IntField(4, has_effect=False)
    """Precision of hulls during that search."""
    convex_hull_approximation = BoolField(True, has_effect=False)
    """Approximate hulls during that search."""
    ocl_acceleration = BoolField(True, has_effect=False)
    """Use OpenCL."""
    project_hull_vertices = BoolField(True, has_effect=False)
    """Project hull vertices onto the mesh."""


class AssetOptions(Record):
    """How a robot file becomes an asset. Each load takes a snapshot; the object may be reused."""

    fix_base_link = BoolField(False)
    """Weld the root to the world."""
    collapse_fixed_joints = BoolField(False)
    """Merge links that are joined by fixed joints (URDF only)."""
    default_dof_drive_mode = EnumField(DofDriveMode, DofDriveMode.DOF_MODE_NONE)
    """Drive mode in the asset's DOF properties."""
    disable_gravity = BoolField(False)
    """No gravity on any body of the asset."""
    density = FloatField(1000.0)
    """[kg/m^3] for links whose file gives no mass."""
    armature = FloatField(0.0)
    """[kg m^2] or [kg], added to the diagonal of the joint-space inertia."""
    use_physx_armature = BoolField(True)
    """True: armature of the joints; False: added to the links' inertia."""
    override_com = BoolField(False)
    """Compute centres of mass from the collision shapes."""
    override_inertia = BoolField(False)
    """Compute inertias from the collision shapes."""
    linear_damping = FloatField(0.0)
    """[1/s] damping of every body's linear velocity."""
    angular_damping = FloatField(0.5)
    """[1/s] damping of every body's angular velocity."""
    max_linear_velocity = FloatField(1000.0)
    """[m/s] limit on the root's speed."""
    max_angular_velocity = FloatField(64.0)
    """[rad/s] limit on the root's rate of turn."""
    replace_cylinder_with_capsule = BoolField(False)
    """Collision cylinders become capsules."""
    slices_per_cylinder = IntField(20, has_effect=False)
    """Facets of a cylinder's hull; MuJoCo's cylinders are smooth."""
    thickness = FloatField(0.02, has_effect=False)
    """[m] rest distance of shapes in Flex."""
    enable_gyroscopic_forces = BoolField(True, has_effect=False)
    """Gyroscopic forces; MuJoCo always has them."""
    flip_visual_attachments = BoolField(False)
    """Turn visual meshes from y-up to z-up."""
    use_mesh_materials = BoolField(False, has_effect=False)
    """Take visual materials from the mesh files."""
    mesh_normal_mode = EnumField(MeshNormalMode, MeshNormalMode.FROM_ASSET, has_effect=False)
    """Source of visual normals."""
    convex_decomposition_from_submeshes = BoolField(False, has_effect=False)
    """One convex hull per submesh."""
    vhacd_enabled = BoolField(False)
    """Decompose collision meshes into convex parts."""
    vhacd_params = RecordField(VhacdParams())
    """Settings of that decomposition."""
    tendon_limit_stiffness = FloatField(1.0)
    """[N/m] stiffness of tendon limits in files that give none."""
    min_particle_mass = FloatField(0.0, has_effect=False)
    """[kg] of Flex's particles."""


class StaticGeometryParams(Record):
    """Material and label of ground that never moves."""

    static_friction = FloatField(1.0)
    """Friction coefficient; averaged with that of the touching shape."""
    dynamic_friction = FloatField(1.0)
    """Friction coefficient while sliding."""
    restitution = FloatField(0.0, has_effect=False)
    """Fraction of the approach speed kept in a bounce."""
    segmentation_id = IntField(0)
    """Label in segmentation images."""


class PlaneParams(StaticGeometryParams):
    """Infinite ground plane."""

    normal = RecordField(Vec3(0.0, 1.0, 0.0))
    """Unit vector out of the ground, world axes."""
    distance = FloatField(0.0)
    """[m] from the origin to the plane, against the normal."""


class HeightFieldParams(StaticGeometryParams):
    """Ground as a grid of heights: columns follow each other along x, each runs along y."""

    nbRows = IntField(0)  # noqa: N815 (Isaac Gym's spelling)
    """Samples of a column, along y (-z where y is up)."""
    nbColumns = IntField(0)  # noqa: N815 (Isaac Gym's spelling)
    """Columns, along x."""
    row_scale = FloatField(1.0)
    """[m] between rows: the samples of a column."""
    column_scale = FloatField(1.0)
    """[m] between columns."""
    vertical_scale = FloatField(1.0)
    """[m] per unit of the integer heights."""
    transform = RecordField(Transform())
    """Pose of the grid's corner, world frame."""


class TriangleMeshParams(StaticGeometryParams):
    """Ground as triangles."""

    nb_vertices = IntField(0)
    """Rows of the vertex array."""
    nb_triangles = IntField(0)
    """Rows of the triangle array."""
    transform = RecordField(Transform())
    """Pose of the mesh, world frame."""


class CameraProperties(Record):
    """A camera's image and optics. The vertical field of view follows from the aspect ratio."""

    width = IntField(DEFAULT_VIEWER_WIDTH)
    """[pixel]"""
    height = IntField(DEFAULT_VIEWER_HEIGHT)
    """[pixel]"""
    horizontal_fov = FloatField(90.0)
    """[degree]"""
    near_plane = FloatField(0.01)
    """[m] distance of the near clipping plane."""
    far_plane = FloatField(1000.0)
    """[m] distance of the far clipping plane."""
    supersampling_horizontal = IntField(1)
    """Samples per pixel along the width."""
    supersampling_vertical = IntField(1)
    """Samples per pixel along the height."""
    use_collision_geometry = BoolField(False)
    """Show collision shapes instead of visual ones."""
    enable_tensors = BoolField(False)
    """Make images available as tensors."""
