"""Every documented method of Gym exists and takes its documented arguments."""

import inspect

import pytest

from humanoid_gym.engine import gymapi
from humanoid_gym.engine.unsupported import SOFT_BODIES_AND_USD

KEYWORDS = """
create_actor env asset pose name=None group=-1 filter=-1 segmentationId=0
load_asset sim rootpath filename options=None
add_ground sim params
create_sim compute_device=0 graphics_device=0 type=SIM_FLEX params=SimParams()
create_asset_force_sensor asset body_idx local_pose props=None
apply_rigid_body_force_tensors sim forceTensor=None torqueTensor=None space=ENV_SPACE
draw_viewer viewer sim render_collision=True
create_box sim width height depth options=None
set_actor_rigid_body_properties env actorHandle props recomputeInertia=False
create_sphere sim radius options=None
create_usd_exporter options=None
export_usd_sim exporter sim name dirName=None
apply_rigid_body_force_at_pos_tensors sim forceTensor=None posTensor=None space=ENV_SPACE
create_capsule sim radius width options=None
apply_body_forces env rigidHandle force=None torque=None space=ENV_SPACE
"""
"""Methods that take keywords: names in positional order, with defaults."""

POSITIONAL = """
1: acquire_actor_root_state_tensor acquire_dof_force_tensor acquire_dof_state_tensor
   acquire_force_sensor_tensor acquire_net_contact_force_tensor acquire_rigid_body_state_tensor
   clear_lines destroy_sim destroy_viewer end_access_image_tensors end_aggregate get_actor_count
   get_asset_actuator_count get_asset_actuator_properties get_asset_dof_count get_asset_dof_dict
   get_asset_dof_names get_asset_dof_properties get_asset_joint_count get_asset_joint_names
   get_asset_rigid_body_count get_asset_rigid_body_dict get_asset_rigid_body_names
   get_asset_rigid_body_shape_indices get_asset_rigid_shape_count
   get_asset_rigid_shape_properties get_asset_tendon_count get_asset_tendon_properties
   get_dof_type_string get_elapsed_time get_env_count get_env_dof_count get_env_joint_count
   get_env_origin get_env_rigid_body_count get_env_rigid_contacts get_frame_count
   get_sim_actor_count get_sim_dof_count get_sim_force_sensor_count get_sim_joint_count
   get_sim_params get_sim_rigid_body_count get_sim_time get_viewer_camera_handle
   get_viewer_mouse_position get_viewer_size poll_viewer_events prepare_sim
   query_viewer_action_events query_viewer_has_closed refresh_actor_root_state_tensor
   refresh_dof_force_tensor refresh_dof_state_tensor refresh_force_sensor_tensor
   refresh_jacobian_tensors refresh_mass_matrix_tensors refresh_net_contact_force_tensor
   refresh_rigid_body_state_tensor render_all_camera_sensors set_sim_device simulate
   start_access_image_tensors step_graphics sync_frame_time
2: acquire_jacobian_tensor acquire_mass_matrix_tensor create_camera_sensor
   create_rigid_body_attractor create_texture_from_file create_viewer
   enable_actor_dof_force_sensors fetch_results find_actor_handle find_asset_dof_index
   find_asset_rigid_body_index get_actor_asset get_actor_dof_count get_actor_dof_dict
   get_actor_dof_forces get_actor_dof_names get_actor_dof_position_targets
   get_actor_dof_properties get_actor_force_sensor_count get_actor_handle get_actor_joint_dict
   get_actor_name get_actor_rigid_body_count get_actor_rigid_body_dict get_actor_rigid_body_names
   get_actor_rigid_body_properties get_actor_rigid_body_shape_indices get_actor_rigid_shape_count
   get_actor_rigid_shape_properties get_asset_actuator_joint_name get_asset_dof_type
   get_asset_joint_name get_asset_joint_type get_asset_rigid_body_name get_asset_tendon_name
   get_attractor_properties get_dof_frame get_dof_target_position get_env
   get_env_rigid_body_states get_rigid_transform get_sim_rigid_body_states
   get_viewer_camera_transform set_actor_root_state_tensor set_asset_rigid_shape_properties
   set_asset_tendon_properties set_dof_actuation_force_tensor set_dof_position_target_tensor
   set_dof_state_tensor set_dof_velocity_target_tensor set_sim_params write_viewer_image_to_file
3: add_heightfield apply_actor_dof_efforts find_actor_dof_handle find_actor_index
   find_actor_rigid_body_handle get_actor_dof_handle get_actor_dof_states get_actor_force_sensor
   get_actor_index get_actor_rigid_body_handle get_actor_rigid_body_states get_camera_proj_matrix
   get_camera_transform get_camera_view_matrix get_rigid_handle reset_actor_materials
   set_actor_dof_position_targets set_actor_dof_properties set_actor_dof_velocity_targets
   set_actor_rigid_shape_properties set_actor_scale set_attractor_properties set_attractor_target
   set_camera_transform set_dof_target_position set_env_rigid_body_states set_rigid_transform
   set_sim_rigid_body_states subscribe_viewer_keyboard_event subscribe_viewer_mouse_event
4: add_triangle_mesh begin_aggregate create_env create_texture_from_buffer find_actor_dof_index
   find_actor_rigid_body_index get_actor_dof_index get_actor_rigid_body_index get_camera_image
   get_camera_image_gpu_tensor set_actor_dof_states set_actor_rigid_body_states
   set_actor_root_state_tensor_indexed set_camera_location set_dof_actuation_force_tensor_indexed
   set_dof_position_target_tensor_indexed set_dof_state_tensor_indexed
   set_dof_velocity_target_tensor_indexed set_rigid_body_segmentation_id viewer_camera_look_at
5: add_lines attach_camera_to_body set_light_parameters set_rigid_body_color
   set_rigid_body_texture write_camera_image_to_file
"""
"""Methods that take positional arguments only, by how many."""

OTHERS = """
acquire_particle_state_tensor acquire_pneumatic_pressure_tensor acquire_pneumatic_target_tensor
apply_body_force_at_pos apply_dof_effort attach_sim create_aggregate create_cloth_grid
create_performance_timers create_tet_grid debug_print_asset destroy_camera_sensor destroy_env
destroy_performance_timers destroy_usd_exporter draw_env_rigid_contacts draw_env_soft_contacts
export_usd_asset find_actor_actuator_index find_actor_fixed_tendon_joint_index
find_actor_joint_handle find_actor_joint_index find_actor_tendon_index find_asset_actuator_index
find_asset_joint_index find_asset_tendon_index free_texture get_actor_actuator_count
get_actor_actuator_joint_name get_actor_actuator_name get_actor_actuator_properties
get_actor_dof_frames get_actor_dof_velocity_targets get_actor_fixed_tendon_joint_coefficients
get_actor_fixed_tendon_joint_name get_actor_joint_count get_actor_joint_handle
get_actor_joint_index get_actor_joint_names get_actor_joint_transforms
get_actor_root_rigid_body_handle get_actor_scale get_actor_soft_body_count
get_actor_soft_materials get_actor_tendon_count get_actor_tendon_name get_actor_tendon_offset
get_actor_tendon_properties get_actor_tetrahedra_range get_actor_triangle_range
get_asset_actuator_name get_asset_dof_name get_asset_fixed_tendon_joint_coefficients
get_asset_fixed_tendon_joint_name get_asset_joint_dict get_asset_soft_body_count
get_asset_soft_materials get_dof_position get_dof_target_velocity get_dof_velocity
get_env_rigid_contact_forces get_joint_handle get_joint_name get_joint_position
get_joint_target_position get_joint_target_velocity get_joint_transform get_joint_type_string
get_joint_velocity get_performance_timers get_pneumatic_pressure get_pneumatic_target
get_rigid_angular_velocity get_rigid_body_color get_rigid_body_segmentation_id
get_rigid_body_texture get_rigid_contact_forces get_rigid_contacts get_rigid_linear_velocity
get_rigid_name get_sensor get_sim_tetrahedra get_sim_tetrahedra_count get_sim_triangle_count
get_sim_triangles get_soft_contacts get_usd_export_root get_vec_actor_dof_states
get_vec_env_rigid_contact_forces get_vec_rigid_angular_velocity get_vec_rigid_linear_velocity
get_vec_rigid_transform get_version load_mjcf load_opensim load_sim load_urdf load_usd
omni_connect omni_disconnect refresh_particle_state_tensor refresh_pneumatic_pressure_tensor
refresh_pneumatic_target_tensor reset_actor_particles_to_rest
set_actor_fixed_tendon_joint_coefficients set_actor_soft_materials set_actor_tendon_offset
set_actor_tendon_properties set_asset_fixed_tendon_joint_coefficients set_dof_target_velocity
set_joint_target_position set_joint_target_velocity set_particle_state_tensor
set_particle_state_tensor_indexed set_pneumatic_pressure set_pneumatic_pressure_tensor
set_pneumatic_pressure_tensor_indexed set_pneumatic_target set_pneumatic_target_tensor
set_pneumatic_target_tensor_indexed set_rigid_angular_velocity set_rigid_body_state_tensor
set_rigid_linear_velocity set_usd_export_root
"""
"""Documented methods whose arguments are not public."""

NAMED = dict(line.split(" ", 1) for line in KEYWORDS.strip().splitlines())


def counted():
    count, methods = 0, {}
    for word in POSITIONAL.split():
        if word.endswith(":"):
            count = int(word[:-1])
        else:
            methods[word] = count
    return methods


COUNTED = counted()
DOCUMENTED = sorted({*NAMED, *COUNTED, *OTHERS.split()})
GYM = gymapi.acquire_gym()


def default_of(text):
    constants = {"None": None, "True": True, "False": False}
    if text in constants:
        return constants[text]
    return getattr(gymapi, text) if text.isidentifier() else int(text)


def test_the_documentation_lists_312_methods():
    assert len(DOCUMENTED) == 312
    assert len(NAMED) + len(COUNTED) == 188


@pytest.mark.parametrize("name", DOCUMENTED)
def test_method_exists_or_says_that_it_does_not(name):
    if name in dir(type(GYM)):
        assert callable(getattr(GYM, name))
        assert name not in SOFT_BODIES_AND_USD
    else:
        with pytest.raises(NotImplementedError, match=name):
            getattr(GYM, name)()


def test_only_soft_bodies_and_usd_are_missing():
    missing = set(DOCUMENTED) - set(dir(type(GYM)))
    assert missing == SOFT_BODIES_AND_USD


def test_gym_has_no_undocumented_methods():
    public = {name for name in dir(type(GYM)) if not name.startswith("_")}
    assert public - set(DOCUMENTED) == {"extensions"}


@pytest.mark.parametrize("name", [name for name in NAMED if name not in SOFT_BODIES_AND_USD])
def test_keywords_and_defaults(name):
    expected = NAMED[name].split()
    parameters = list(inspect.signature(getattr(GYM, name)).parameters.values())
    assert [p.name for p in parameters] == [word.split("=")[0] for word in expected]
    for parameter, word in zip(parameters, expected, strict=True):
        if "=" not in word:
            assert parameter.default is inspect.Parameter.empty
        elif "(" in word:
            assert parameter.default is None  # stands for a new object of the class
        else:
            assert parameter.default == default_of(word.split("=")[1])


@pytest.mark.parametrize("name", [name for name in COUNTED if name not in SOFT_BODIES_AND_USD])
def test_positional_arguments(name):
    signature = inspect.signature(getattr(GYM, name))
    signature.bind(*range(COUNTED[name]))


def test_a_wrong_name_is_answered_with_the_nearest():
    with pytest.raises(AttributeError, match="did you mean 'simulate'"):
        _ = GYM.simulat


def test_soft_bodies_say_what_they_are():
    with pytest.raises(NotImplementedError, match="soft bodies, particles and USD"):
        GYM.create_cloth_grid()
    with pytest.raises(NotImplementedError, match=r"UsdExportOptions.*USD"):
        gymapi.UsdExportOptions()
