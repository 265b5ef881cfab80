"""Enumerations, constants and parameter classes with their documented members and defaults."""

import copy
import pickle

import pytest

from humanoid_gym.engine import gymapi

MEMBERS = """
SimType: SIM_PHYSX SIM_FLEX
UpAxis: UP_AXIS_Y UP_AXIS_Z
ContactCollection: CC_NEVER CC_LAST_SUBSTEP CC_ALL_SUBSTEPS
DofDriveMode: DOF_MODE_NONE DOF_MODE_POS DOF_MODE_VEL DOF_MODE_EFFORT
DofType: DOF_INVALID DOF_ROTATION DOF_TRANSLATION
JointType: JOINT_INVALID JOINT_FIXED JOINT_REVOLUTE JOINT_PRISMATIC JOINT_BALL JOINT_PLANAR JOINT_FLOATING
TensorDataType: DTYPE_FLOAT32 DTYPE_UINT32 DTYPE_UINT64 DTYPE_UINT8 DTYPE_INT16
CoordinateSpace: ENV_SPACE LOCAL_SPACE GLOBAL_SPACE
MeshType: MESH_NONE MESH_COLLISION MESH_VISUAL MESH_VISUAL_AND_COLLISION
ImageType: IMAGE_COLOR IMAGE_DEPTH IMAGE_SEGMENTATION IMAGE_OPTICAL_FLOW
IndexDomain: DOMAIN_ACTOR DOMAIN_ENV DOMAIN_SIM
CameraFollowMode: FOLLOW_POSITION FOLLOW_TRANSFORM
TendonType: TENDON_FIXED TENDON_SPATIAL
MeshNormalMode: FROM_ASSET COMPUTE_PER_VERTEX COMPUTE_PER_FACE
SoftMaterialType: MAT_COROTATIONAL MAT_NEOHOOKEAN
UsdMaterialMode: USD_MATERIAL_DISPLAY_COLOR USD_MATERIAL_MDL USD_MATERIAL_PREVIEW_SURFACE
KeyboardInput: KEY_SPACE KEY_0 KEY_9 KEY_A KEY_Z KEY_ESCAPE KEY_F1 KEY_F12 KEY_NUMPAD_0 KEY_MENU
MouseInput: MOUSE_LEFT_BUTTON MOUSE_BACK_BUTTON MOUSE_SCROLL_UP MOUSE_MOVE_DOWN
"""  # noqa: E501 (a table)
ENUMS = dict(line.split(": ") for line in MEMBERS.strip().splitlines())

VALUES = {
    "UP_AXIS_Y": 0,
    "UP_AXIS_Z": 1,
    "CC_NEVER": 0,
    "CC_ALL_SUBSTEPS": 2,
    "DOF_MODE_NONE": 0,
    "DOF_MODE_POS": 1,
    "DOF_MODE_VEL": 2,
    "DOF_MODE_EFFORT": 3,
    "DTYPE_FLOAT32": 1,
    "DTYPE_INT16": 5,
    "INVALID_HANDLE": -1,
    "DEFAULT_VIEWER_WIDTH": 1600,
    "DEFAULT_VIEWER_HEIGHT": 900,
    "STATE_NONE": 0,
    "STATE_POS": 1,
    "STATE_VEL": 2,
    "STATE_ALL": 3,
    "RIGID_BODY_NONE": 0,
    "RIGID_BODY_DISABLE_GRAVITY": 1,
    "RIGID_BODY_DISABLE_SIMULATION": 2,
    "AXIS_NONE": 0,
    "AXIS_X": 1,
    "AXIS_Y": 2,
    "AXIS_Z": 4,
    "AXIS_TWIST": 8,
    "AXIS_SWING_1": 16,
    "AXIS_SWING_2": 32,
    "AXIS_TRANSLATION": 7,
    "AXIS_ROTATION": 56,
    "AXIS_ALL": 63,
}

ATTRIBUTES = """
SimParams: dt substeps=2 up_axis=0 gravity use_gpu_pipeline=False num_client_threads=0 enable_actor_creation_warning stress_visualization stress_visualization_min stress_visualization_max physx flex
PhysXParams: use_gpu num_threads=4 num_subscenes=0 solver_type=1 num_position_iterations=4 num_velocity_iterations=1 contact_offset=0.02 rest_offset bounce_threshold_velocity=0.2 max_depenetration_velocity=100 friction_offset_threshold=0.04 friction_correlation_distance=0.025 contact_collection=2 max_gpu_contact_pairs default_buffer_size_multiplier always_use_articulations
FlexParams: contact_regularization deterministic_mode dynamic_friction friction_mode geometric_stiffness max_rigid_contacts max_soft_contacts num_inner_iterations num_outer_iterations particle_friction relaxation=0.75 return_contacts shape_collision_distance shape_collision_margin solver_type=5 static_friction warm_start=0.4
AssetOptions: angular_damping=0.5 linear_damping=0 max_angular_velocity=64 max_linear_velocity=1000 density=1000 thickness=0.02 armature=0 use_physx_armature fix_base_link=False collapse_fixed_joints=False default_dof_drive_mode=0 disable_gravity=False flip_visual_attachments=False replace_cylinder_with_capsule=False slices_per_cylinder enable_gyroscopic_forces=True override_com=False override_inertia=False use_mesh_materials=False mesh_normal_mode=0 convex_decomposition_from_submeshes=False vhacd_enabled=False vhacd_params tendon_limit_stiffness min_particle_mass
VhacdParams: alpha=0.05 beta=0.05 concavity=0 convex_hull_approximation=True convex_hull_downsampling=4 max_convex_hulls=64 max_num_vertices_per_ch=64 min_volume_per_ch=0.0001 mode=0 ocl_acceleration=True pca=0 plane_downsampling=4 project_hull_vertices=True resolution=100000
PlaneParams: normal distance=0 static_friction dynamic_friction restitution=0 segmentation_id=0
HeightFieldParams: nbRows nbColumns row_scale column_scale vertical_scale static_friction dynamic_friction restitution segmentation_id transform
TriangleMeshParams: nb_vertices nb_triangles static_friction dynamic_friction restitution segmentation_id transform
RigidBodyProperties: mass invMass com inertia invInertia flags=0
RigidShapeProperties: friction=1 restitution=0 rolling_friction=0 torsion_friction=0 compliance=0 thickness=0 filter contact_offset rest_offset
ForceSensorProperties: enable_forward_dynamics_forces=True enable_constraint_solver_forces=True use_world_frame=False
CameraProperties: width=1600 height=900 horizontal_fov near_plane far_plane supersampling_horizontal=1 supersampling_vertical=1 use_collision_geometry=False enable_tensors=False
ActionEvent: action value
AttractorProperties: rigid_handle axes target offset stiffness damping
TendonProperties: type num_attachments num_joints stiffness damping limit_stiffness fixed_spring_rest_length fixed_lower_limit fixed_upper_limit is_fixed_limited
ActuatorProperties: type control_limited lower_control_limit upper_control_limit force_limited lower_force_limit upper_force_limit kp kv motor_effort
IndexRange: start count
PerformanceTimers: frame_idling graphics_image_retrieval graphics_sensor_rendering graphics_viewer_rendering physics_data_movement physics_sim total_time
Version: major minor
Vec2: x=0 y=0
Vec3: x=0 y=0 z=0
Int2: x=0 y=0
Int3: x=0 y=0 z=0
Quat: x=0 y=0 z=0 w=1
Transform: p r
Velocity: linear angular
DofFrame: origin axis
SpatialForce: force torque
Mat33: x y z
Mat44: x y z w
"""  # noqa: E501 (a table)
TRUTH = {"True": 1.0, "False": 0.0}
CLASSES = dict(line.split(": ") for line in ATTRIBUTES.strip().splitlines())


@pytest.mark.parametrize("name", ENUMS)
def test_enumerations(name):
    kind = getattr(gymapi, name)
    listed = ENUMS[name].split()
    if name not in ("KeyboardInput", "MouseInput"):
        assert list(kind.__members__) == listed
    for member in listed:
        value = getattr(gymapi, member)
        assert value is kind[member]
        assert kind(int(value)) is value
        assert value.name == member
        assert hash(value) == hash(kind[member])


def test_integer_values():
    for name, value in VALUES.items():
        assert int(getattr(gymapi, name)) == value


@pytest.mark.parametrize("name", CLASSES)
def test_attributes_and_defaults(name):
    record = getattr(gymapi, name)()
    for word in CLASSES[name].split():
        attribute, _, default = word.partition("=")
        value = getattr(record, attribute)
        if default:
            expected = TRUTH[default] if default in TRUTH else float(default)
            assert float(value) == pytest.approx(expected)


@pytest.mark.parametrize("name", CLASSES)
def test_every_name_in_dir_is_readable(name):
    record = getattr(gymapi, name)()
    for attribute in dir(record):
        getattr(record, attribute)


@pytest.mark.parametrize("name", CLASSES)
def test_copies_and_pickles_are_equal_and_independent(name):
    record = getattr(gymapi, name)()
    for twin in (copy.copy(record), copy.deepcopy(record), pickle.loads(pickle.dumps(record))):
        assert twin == record
        assert twin is not record


def test_time_step_default():
    assert gymapi.SimParams().dt == pytest.approx(1 / 60)


def test_nested_parameters_are_live_and_may_be_replaced():
    params = gymapi.SimParams()
    params.physx.num_threads = 7
    assert params.physx.num_threads == 7
    params.physx = gymapi.PhysXParams()
    assert params.physx.num_threads == 4
    params.gravity.x = 2.0
    assert params.gravity.x == 2.0
    assert copy.deepcopy(params).gravity.x == 2.0


def test_an_unknown_attribute_is_answered_with_the_nearest():
    params = gymapi.SimParams()
    with pytest.raises(AttributeError, match="nearest: 'substeps'"):
        params.substep = 3


OTHERS = ["Gym", "Sim", "Env", "Asset", "Tensor", "RigidContact", "ForceSensor", "DofProperties"]


@pytest.mark.parametrize("name", [*OTHERS, "DofState", "RigidBodyState", "acquire_gym"])
def test_other_names(name):
    assert name in gymapi.__all__
    assert callable(getattr(gymapi, name))


def test_one_gym_for_the_whole_process():
    assert gymapi.acquire_gym() is gymapi.acquire_gym()
