"""NaN and infinity: found where they arise, named, written to a file that replays them, undone.

`rollout_guard.py` looks at what the environments returned, `update_guard.py` at what the update
did; `recorder.py` writes the file and decides whether training goes on; `replay.py` plays the file.
"""

from humanoid_gym.rl.faults.recorder import FaultRecorder, NonFiniteError
from humanoid_gym.rl.faults.rollout_guard import RolloutGuard
from humanoid_gym.rl.faults.update_guard import UpdateGuard

__all__ = ["FaultRecorder", "NonFiniteError", "RolloutGuard", "UpdateGuard"]
