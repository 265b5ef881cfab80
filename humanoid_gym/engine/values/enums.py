"""Isaac Gym's enumerations and plain constants.

Every member is also a name of this module, as in Isaac Gym (`DOF_MODE_POS` is
`DofDriveMode.DOF_MODE_POS`), and a star import brings all of them. Members are ints: they may be
stored in int attributes and NumPy columns, and a class turns an int into a member (`UpAxis(1)`).
Where Isaac Gym's integer is not public, members count from 0 in its documented order.
"""

from enum import IntEnum

INVALID_HANDLE = -1
DEFAULT_VIEWER_WIDTH = 1600
DEFAULT_VIEWER_HEIGHT = 900
STATE_NONE = 0
STATE_POS = 1
STATE_VEL = 2
STATE_ALL = 3
RIGID_BODY_NONE = 0
RIGID_BODY_DISABLE_GRAVITY = 1
RIGID_BODY_DISABLE_SIMULATION = 2
RIGID_BODY_ENABLE_GYROSCOPIC_FORCES = 4
AXIS_NONE = 0
AXIS_X = 1
AXIS_Y = 2
AXIS_Z = 4
AXIS_TWIST = 8
AXIS_SWING_1 = 16
AXIS_SWING_2 = 32
AXIS_TRANSLATION = 7
AXIS_ROTATION = 56
AXIS_ALL = 63


class SimType(IntEnum):
    """Physics engine asked for; this engine has no soft bodies, so no SIM_FLEX."""

    SIM_PHYSX = 0
    SIM_FLEX = 1


class UpAxis(IntEnum):
    """The world axis that points up."""

    UP_AXIS_Y = 0
    UP_AXIS_Z = 1


class ContactCollection(IntEnum):
    """Substeps of a simulate call whose contacts are reported."""

    CC_NEVER = 0
    CC_LAST_SUBSTEP = 1
    CC_ALL_SUBSTEPS = 2


class DofDriveMode(IntEnum):
    """What drives a degree of freedom: nothing, a position or velocity servo, or a force."""

    DOF_MODE_NONE = 0
    DOF_MODE_POS = 1
    DOF_MODE_VEL = 2
    DOF_MODE_EFFORT = 3


class DofType(IntEnum):
    """Motion of a degree of freedom."""

    DOF_INVALID = 0
    DOF_ROTATION = 1
    DOF_TRANSLATION = 2


class JointType(IntEnum):
    """Kind of joint between two bodies."""

    JOINT_INVALID = 0
    JOINT_FIXED = 1
    JOINT_REVOLUTE = 2
    JOINT_PRISMATIC = 3
    JOINT_BALL = 4
    JOINT_PLANAR = 5
    JOINT_FLOATING = 6


class TensorDataType(IntEnum):
    """Element type of a tensor descriptor. Torch's int32 and int64 travel as UINT32 and UINT64."""

    DTYPE_FLOAT32 = 1
    DTYPE_UINT32 = 2
    DTYPE_UINT64 = 3
    DTYPE_UINT8 = 4
    DTYPE_INT16 = 5


class CoordinateSpace(IntEnum):
    """Frame in which a force or position is given."""

    ENV_SPACE = 0
    LOCAL_SPACE = 1
    GLOBAL_SPACE = 2


class MeshType(IntEnum):
    """Bit mask of the meshes of a body."""

    MESH_NONE = 0
    MESH_COLLISION = 1
    MESH_VISUAL = 2
    MESH_VISUAL_AND_COLLISION = 3


class ImageType(IntEnum):
    """What a camera sensor's image holds."""

    IMAGE_COLOR = 0
    IMAGE_DEPTH = 1
    IMAGE_SEGMENTATION = 2
    IMAGE_OPTICAL_FLOW = 3


class IndexDomain(IntEnum):
    """Range in which an index counts: one actor, one environment or the whole simulation."""

    DOMAIN_ACTOR = 0
    DOMAIN_ENV = 1
    DOMAIN_SIM = 2


class CameraFollowMode(IntEnum):
    """Whether an attached camera follows a body's position only or its whole pose."""

    FOLLOW_POSITION = 0
    FOLLOW_TRANSFORM = 1


class TendonType(IntEnum):
    """Fixed (joint-coupling) or spatial (site-to-site) tendon."""

    TENDON_FIXED = 0
    TENDON_SPATIAL = 1


class MeshNormalMode(IntEnum):
    """Source of a visual mesh's normals."""

    FROM_ASSET = 0
    COMPUTE_PER_VERTEX = 1
    COMPUTE_PER_FACE = 2


class SoftMaterialType(IntEnum):
    """Flex's soft-body materials (stored only)."""

    MAT_COROTATIONAL = 0
    MAT_NEOHOOKEAN = 1


class UsdMaterialMode(IntEnum):
    """Material written by the USD exporter."""

    USD_MATERIAL_DISPLAY_COLOR = 0
    USD_MATERIAL_MDL = 1
    USD_MATERIAL_PREVIEW_SURFACE = 2


class KeyboardInput(IntEnum):
    """Keys of the viewer's keyboard."""

    KEY_SPACE = 0
    KEY_APOSTROPHE = 1
    KEY_COMMA = 2
    KEY_MINUS = 3
    KEY_PERIOD = 4
    KEY_SLASH = 5
    KEY_0 = 6
    KEY_1 = 7
    KEY_2 = 8
    KEY_3 = 9
    KEY_4 = 10
    KEY_5 = 11
    KEY_6 = 12
    KEY_7 = 13
    KEY_8 = 14
    KEY_9 = 15
    KEY_SEMICOLON = 16
    KEY_EQUAL = 17
    KEY_A = 18
    KEY_B = 19
    KEY_C = 20
    KEY_D = 21
    KEY_E = 22
    KEY_F = 23
    KEY_G = 24
    KEY_H = 25
    KEY_I = 26
    KEY_J = 27
    KEY_K = 28
    KEY_L = 29
    KEY_M = 30
    KEY_N = 31
    KEY_O = 32
    KEY_P = 33
    KEY_Q = 34
    KEY_R = 35
    KEY_S = 36
    KEY_T = 37
    KEY_U = 38
    KEY_V = 39
    KEY_W = 40
    KEY_X = 41
    KEY_Y = 42
    KEY_Z = 43
    KEY_LEFT_BRACKET = 44
    KEY_BACKSLASH = 45
    KEY_RIGHT_BRACKET = 46
    KEY_GRAVE_ACCENT = 47
    KEY_ESCAPE = 48
    KEY_TAB = 49
    KEY_ENTER = 50
    KEY_BACKSPACE = 51
    KEY_INSERT = 52
    KEY_DEL = 53
    KEY_RIGHT = 54
    KEY_LEFT = 55
    KEY_DOWN = 56
    KEY_UP = 57
    KEY_PAGE_UP = 58
    KEY_PAGE_DOWN = 59
    KEY_HOME = 60
    KEY_END = 61
    KEY_CAPS_LOCK = 62
    KEY_SCROLL_LOCK = 63
    KEY_NUM_LOCK = 64
    KEY_PRINT_SCREEN = 65
    KEY_PAUSE = 66
    KEY_F1 = 67
    KEY_F2 = 68
    KEY_F3 = 69
    KEY_F4 = 70
    KEY_F5 = 71
    KEY_F6 = 72
    KEY_F7 = 73
    KEY_F8 = 74
    KEY_F9 = 75
    KEY_F10 = 76
    KEY_F11 = 77
    KEY_F12 = 78
    KEY_NUMPAD_0 = 79
    KEY_NUMPAD_1 = 80
    KEY_NUMPAD_2 = 81
    KEY_NUMPAD_3 = 82
    KEY_NUMPAD_4 = 83
    KEY_NUMPAD_5 = 84
    KEY_NUMPAD_6 = 85
    KEY_NUMPAD_7 = 86
    KEY_NUMPAD_8 = 87
    KEY_NUMPAD_9 = 88
    KEY_NUMPAD_DEL = 89
    KEY_NUMPAD_DIVIDE = 90
    KEY_NUMPAD_MULTIPLY = 91
    KEY_NUMPAD_SUBTRACT = 92
    KEY_NUMPAD_ADD = 93
    KEY_NUMPAD_ENTER = 94
    KEY_NUMPAD_EQUAL = 95
    KEY_LEFT_SHIFT = 96
    KEY_LEFT_CONTROL = 97
    KEY_LEFT_ALT = 98
    KEY_LEFT_SUPER = 99
    KEY_RIGHT_SHIFT = 100
    KEY_RIGHT_CONTROL = 101
    KEY_RIGHT_ALT = 102
    KEY_RIGHT_SUPER = 103
    KEY_MENU = 104


class MouseInput(IntEnum):
    """Buttons, wheel directions and motions of the viewer's mouse."""

    MOUSE_LEFT_BUTTON = 0
    MOUSE_RIGHT_BUTTON = 1
    MOUSE_MIDDLE_BUTTON = 2
    MOUSE_FORWARD_BUTTON = 3
    MOUSE_BACK_BUTTON = 4
    MOUSE_SCROLL_RIGHT = 5
    MOUSE_SCROLL_LEFT = 6
    MOUSE_SCROLL_UP = 7
    MOUSE_SCROLL_DOWN = 8
    MOUSE_MOVE_RIGHT = 9
    MOUSE_MOVE_LEFT = 10
    MOUSE_MOVE_UP = 11
    MOUSE_MOVE_DOWN = 12


SIM_PHYSX, SIM_FLEX = SimType
UP_AXIS_Y, UP_AXIS_Z = UpAxis
CC_NEVER, CC_LAST_SUBSTEP, CC_ALL_SUBSTEPS = ContactCollection
DOF_MODE_NONE, DOF_MODE_POS, DOF_MODE_VEL, DOF_MODE_EFFORT = DofDriveMode
DOF_INVALID, DOF_ROTATION, DOF_TRANSLATION = DofType
(
    JOINT_INVALID,
    JOINT_FIXED,
    JOINT_REVOLUTE,
    JOINT_PRISMATIC,
    JOINT_BALL,
    JOINT_PLANAR,
    JOINT_FLOATING,
) = JointType
DTYPE_FLOAT32, DTYPE_UINT32, DTYPE_UINT64, DTYPE_UINT8, DTYPE_INT16 = TensorDataType
ENV_SPACE, LOCAL_SPACE, GLOBAL_SPACE = CoordinateSpace
MESH_NONE, MESH_COLLISION, MESH_VISUAL, MESH_VISUAL_AND_COLLISION = MeshType
IMAGE_COLOR, IMAGE_DEPTH, IMAGE_SEGMENTATION, IMAGE_OPTICAL_FLOW = ImageType
DOMAIN_ACTOR, DOMAIN_ENV, DOMAIN_SIM = IndexDomain
FOLLOW_POSITION, FOLLOW_TRANSFORM = CameraFollowMode
TENDON_FIXED, TENDON_SPATIAL = TendonType
FROM_ASSET, COMPUTE_PER_VERTEX, COMPUTE_PER_FACE = MeshNormalMode
MAT_COROTATIONAL, MAT_NEOHOOKEAN = SoftMaterialType
USD_MATERIAL_DISPLAY_COLOR, USD_MATERIAL_MDL, USD_MATERIAL_PREVIEW_SURFACE = UsdMaterialMode
globals().update(KeyboardInput.__members__)
globals().update(MouseInput.__members__)

# Computed, so that a new member cannot be forgotten.
__all__ = [name for name in dir() if name[0].isupper() and name != "IntEnum"]  # pyright: ignore[reportUnsupportedDunderAll]
