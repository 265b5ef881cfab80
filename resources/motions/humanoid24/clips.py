"""The clips that key poses tell: greet, squat and balance."""

from typing import Dict, List

from motion import REST, KeyPose, later, mirrored

STAND: Dict[str, float] = {REST: 1.0}


def greet() -> List[KeyPose]:
    """Bow, straighten, wave with the right arm, look around."""
    bow = {"waist_pitch": 0.75, "pelvis_pitch": 0.15, "height": -0.01, "*_shoulder_pitch": -0.25}
    raised = {"right_shoulder_pitch": -0.5, "right_shoulder_roll": -1.35}
    raised.update({"right_shoulder_yaw": -1.1, "right_elbow": -1.75})
    lean = {"waist_roll": 0.08, "head_yaw": -0.25}
    wave_out = {"right_shoulder_yaw": -1.3, "right_elbow": -1.2}
    wave_in = {"right_shoulder_yaw": -1.1, "right_elbow": -2.0}
    return [
        (0.0, {}),
        (0.4, {}),
        (1.8, bow),
        (2.3, {}),
        (3.6, STAND),
        (4.7, {**raised, **lean}),
        (5.1, wave_out),
        (5.5, wave_in),
        (5.9, wave_out),
        (6.3, wave_in),
        (6.7, wave_out),
        (7.1, wave_in),
        (8.3, STAND),
        (9.0, {"head_yaw": 0.8, "waist_yaw": 0.25}),
        (10.1, {"head_yaw": -0.8, "waist_yaw": -0.25}),
        (10.9, STAND),
        (11.4, {}),
    ]


def squat() -> List[KeyPose]:
    """Three squats, each deeper than the one before, with the arms stretched forward."""
    poses: List[KeyPose] = [(0.0, {}), (0.4, {})]
    time = 0.4
    for depth, lean, duration in ((0.12, 0.2, 1.0), (0.22, 0.4, 1.2), (0.32, 0.6, 1.4)):
        down = {"height": -depth, "pelvis_pitch": 0.6 * lean, "waist_pitch": 0.4 * lean}
        reach = {"*_shoulder_pitch": -1.3 - lean, "*_shoulder_roll": 0.1, "*_elbow": -0.15}
        poses += [
            (time + duration, {**reach, **down, "center_x": 0.01}),
            (time + duration + 0.2, {}),
            (time + 2.0 * duration + 0.2, STAND),
            (time + 2.0 * duration + 0.5, {}),
        ]
        time += 2.0 * duration + 0.5
    return poses


def balance() -> List[KeyPose]:
    """Stand on the left leg, lift the right knee, stretch that leg slowly, put it down; mirror."""
    shifted = {"center_y": 0.105, "center_x": 0.015, "height": -0.02, "*_shoulder_roll": 0.7}
    knee_up = {"right_foot_x": 0.16, "right_foot_y": 0.08, "right_foot_z": 0.33}
    forward = {"right_foot_x": 0.51, "right_foot_z": 0.28, "right_foot_pitch": -0.6}
    sideways = {"right_foot_x": 0.22, "right_foot_y": -0.31, "right_foot_z": 0.25}
    turned = {"right_foot_pitch": -0.2, "right_foot_roll": -0.6, "right_foot_yaw": -0.3}
    folded = {"right_foot_x": 0.1, "right_foot_y": 0.06, "right_foot_z": 0.2}
    down = {f"right_foot_{axis}": 0.0 for axis in ("x", "y", "z")}
    level = {f"right_foot_{axis}": 0.0 for axis in ("roll", "pitch", "yaw")}
    one_side: List[KeyPose] = [
        (0.0, {}),
        (0.2, {}),
        (1.8, shifted),
        (2.8, knee_up),
        (3.7, forward),
        (4.7, {**sideways, **turned}),
        (5.5, {**folded, **level}),
        (6.2, down),
        (7.8, STAND),
        (8.0, {}),
    ]
    return one_side + later(mirrored(one_side), 8.0)[1:]
