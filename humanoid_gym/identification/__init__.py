"""System identification: properties of a real robot out of what its joints did.

Start reading at `fitting.py: fit`. The ranges come from a task's randomization (`parameters.py`),
the recording from a CSV file (`recording.py`), the simulation is a robot on a stand (`rig.py`).
"""

from humanoid_gym.identification.fitting import Fit, fit
from humanoid_gym.identification.parameters import Parameter, parameters
from humanoid_gym.identification.recording import JointRecording, read_recording
from humanoid_gym.identification.rig import Rig

__all__ = ["Fit", "JointRecording", "Parameter", "Rig", "fit", "parameters", "read_recording"]
