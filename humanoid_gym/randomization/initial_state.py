"""The state in which episodes begin, shifted by what was drawn."""

from torch import Tensor

from humanoid_gym.randomization.drawing import DrawnNumbers
from humanoid_gym.rotation import quat_from_euler_xyz, quat_multiply


def shifted_root(root_state: Tensor, drawn: DrawnNumbers) -> Tensor:
    """Return root states with the drawn offsets.

    Args:
        root_state: shape (num_envs, 13): position [m], quaternion xyzw, velocity of the centre of
            mass [m/s], angular velocity [rad/s], world axes.
        drawn: may hold the parameters of the base.
    """
    state = root_state.clone()
    places = {
        "initial_position": slice(0, 3),
        "initial_velocity": slice(7, 10),
        "initial_angular_velocity": slice(10, 13),
    }
    for name, columns in places.items():
        if name in drawn:
            state[:, columns] += drawn[name]
    if "initial_rotation" in drawn:
        turn = quat_from_euler_xyz(*drawn["initial_rotation"].unbind(-1))
        state[:, 3:7] = quat_multiply(turn, state[:, 3:7])
    return state
