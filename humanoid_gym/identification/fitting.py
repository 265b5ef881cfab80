"""Least squares over a robot's unknown properties, with SciPy's trust-region optimizer.

Each iteration needs the trajectory of the present candidate and one for a small change of every
parameter. All of them are simulated at once, one robot each.
"""

from typing import Dict, List, NamedTuple, Optional

import numpy as np

from humanoid_gym.extras import require
from humanoid_gym.identification.parameters import Parameter
from humanoid_gym.identification.recording import JointRecording
from humanoid_gym.identification.rig import Rig

DIFFERENCE = 1e-3
"""Change of a parameter for its derivative, as a part of its range: large beside the simulation's
single precision, small beside what matters."""
UNTOLD = 1e-6
"""Part of a parameter, squared, in what no position tells from which on it is unknown."""


class Fit(NamedTuple):
    """What was found."""

    values: Dict[str, float]
    """By parameter."""
    uncertainty: Dict[str, float]
    """Standard error of each, if the errors of the fit are those of the sensors and independent;
    infinite where the recording says nothing of it, 0 where the range leaves no choice."""
    error_before: float
    """Root mean square of the positions' error in the middle of all ranges [rad]."""
    error: float
    """The same with the values found [rad]."""
    evaluations: int
    """Candidates that were simulated, each with its derivatives."""


class _Simulated:
    """Residuals and their derivatives, from one simulation for both."""

    def __init__(self, rig: Rig, recording: JointRecording, unknown: List[Parameter]) -> None:
        self._rig, self._recording, self._unknown = rig, recording, unknown
        self._low = np.array([parameter.low for parameter in unknown])
        self._width = np.array([parameter.high - parameter.low for parameter in unknown])
        self._at: Optional[np.ndarray] = None
        self._residuals, self._jacobian = np.empty(0), np.empty((0, 0))
        self.evaluations = 0

    def residuals(self, place: np.ndarray) -> np.ndarray:
        """Return position errors [rad] at a place in the unit cube of all ranges."""
        self._simulate(place)
        return self._residuals

    def jacobian(self, place: np.ndarray) -> np.ndarray:
        """Return their derivatives, shape (residuals, P)."""
        self._simulate(place)
        return self._jacobian

    def _simulate(self, place: np.ndarray) -> None:
        if self._at is not None and np.array_equal(place, self._at):
            return
        inward = np.where(place + DIFFERENCE <= 1.0, DIFFERENCE, -DIFFERENCE)
        places = np.vstack([place, place + np.diag(inward)])
        candidates = self._low + places * self._width
        found = self._rig.follow(self._recording, self._unknown, candidates)
        errors = (found - self._recording.position).reshape(len(places), -1)
        self._residuals = errors[0]
        self._jacobian = ((errors[1:] - errors[0]) / inward[:, None]).T
        self._at = place.copy()
        self.evaluations += 1


def fit(rig: Rig, recording: JointRecording, unknown: List[Parameter]) -> Fit:
    """Find the properties with which simulated joints move as the recorded ones did.

    Args:
        rig: with one robot more than parameters.
        recording: at the rig's control rate.
        unknown: parameters; values stay in their ranges.

    Raises:
        ConfigError: SciPy is not installed.
        ValueError: the rig has too few robots.
    """
    optimize = require("scipy.optimize", "identification")
    if rig.count != len(unknown) + 1:
        raise ValueError(f"expected a rig of {len(unknown) + 1} robots, got {rig.count}")
    simulated = _Simulated(rig, recording, unknown)
    middle = np.full(len(unknown), 0.5)
    before = float(np.sqrt(np.mean(simulated.residuals(middle) ** 2)))
    found = optimize.least_squares(
        simulated.residuals, middle, simulated.jacobian, bounds=(0.0, 1.0), x_scale=1.0
    )
    spans = np.array([parameter.high - parameter.low for parameter in unknown])
    values = {p.name: p.low + float(place * s) for p, place, s in zip(unknown, found.x, spans)}
    errors, free = np.zeros(len(unknown)), spans > 0.0  # a range without width is a given value
    errors[free] = _standard_errors(found.jac[:, free], found.fun)
    return Fit(
        values=values,
        uncertainty={p.name: float(e * s) for p, e, s in zip(unknown, errors, spans)},
        error_before=before,
        error=float(np.sqrt(np.mean(found.fun**2))),
        evaluations=simulated.evaluations,
    )


def _standard_errors(jacobian: np.ndarray, residuals: np.ndarray) -> np.ndarray:
    """Return the standard error of each parameter, from the curvature of the squared error."""
    free = max(1, jacobian.shape[0] - jacobian.shape[1])
    strength, directions = np.linalg.eigh(jacobian.T @ jacobian)
    told = strength > strength.max(initial=0.0) * len(strength) * np.finfo(float).eps
    variance = (directions[:, told] ** 2 / strength[told]).sum(1) * (residuals @ residuals) / free
    # a change in these directions, of one parameter or of several together, changes no position
    untold = (directions[:, ~told] ** 2).sum(1) > UNTOLD
    return np.where(untold, np.inf, np.sqrt(variance))
