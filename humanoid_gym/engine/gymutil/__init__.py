"""Command line, configuration, drawing and domain randomization of Isaac Gym programs."""

from humanoid_gym.engine.gymutil.arguments import parse_arguments, parse_device_str
from humanoid_gym.engine.gymutil.domain_randomization import (
    apply_random_samples,
    check_buckets,
    generate_random_samples,
    get_bucketed_val,
    get_default_setter_args,
    get_property_getter_map,
    get_property_setter_map,
)
from humanoid_gym.engine.gymutil.line_geometry import (
    AxesGeometry,
    LineGeometry,
    WireframeBBoxGeometry,
    WireframeBoxGeometry,
    WireframeSphereGeometry,
    draw_line,
    draw_lines,
)
from humanoid_gym.engine.gymutil.sim_config import (
    parse_bool,
    parse_flex_config,
    parse_float_int_bool,
    parse_physx_config,
    parse_sim_config,
)
from humanoid_gym.engine.gymutil.xml_indent import _indent_xml

__all__ = [
    "AxesGeometry",
    "LineGeometry",
    "WireframeBBoxGeometry",
    "WireframeBoxGeometry",
    "WireframeSphereGeometry",
    "_indent_xml",
    "apply_random_samples",
    "check_buckets",
    "draw_line",
    "draw_lines",
    "generate_random_samples",
    "get_bucketed_val",
    "get_default_setter_args",
    "get_property_getter_map",
    "get_property_setter_map",
    "parse_arguments",
    "parse_bool",
    "parse_device_str",
    "parse_flex_config",
    "parse_float_int_bool",
    "parse_physx_config",
    "parse_sim_config",
]
