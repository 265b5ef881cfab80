"""Rules that find what is wrong with a training: pure functions of its curves."""

from dataclasses import dataclass
from typing import Callable, List, Mapping, NamedTuple, Tuple

import numpy as np

from humanoid_gym.rl.logging.report import LEARNING, RETURN, STEPS_PER_SECOND, TERMINATION

DIVERGES, STALLS, WARNING = "diverges", "stalls", "warning"
"""How bad a finding is: the training is being lost, does not get on, or deserves a look."""

SIGNIFICANT = 6.0
"""Standard deviations of the moving average that a change must have to mean anything: more than
two hundred iterations have between their largest and smallest by chance."""
_MEDIAN_TO_DEVIATION = 1.4826  # of a normal distribution, from the median distance to its middle

Curves = Mapping[str, np.ndarray]
"""Values of each logged quantity, one for each iteration, the oldest first."""


class Finding(NamedTuple):
    """Something that is wrong with a training."""

    severity: str
    rule: str
    """Short name."""
    reason: str
    """One line with the numbers that it was concluded from."""


@dataclass(frozen=True)
class Thresholds:
    """When a rule speaks up."""

    window: int = 10
    """Iterations that count as now."""
    patience: int = 100
    """Iterations without a better return after which a training stalls."""
    least_gain: float = 0.02
    """Part of all that was gained so far that counts as a better return."""
    largest_fall: float = 0.3
    """Part of all that was gained so far that may be lost again."""
    largest_kl: float = 0.2
    """KL divergence between successive policies; adaptive learning rates aim at about 0.01."""
    smallest_std: float = 0.03
    """Standard deviation of the actions, in action units."""
    largest_std_growth: float = 3.0
    """Factor by which it may grow from its start."""
    most_faults: float = 0.01
    """Part of the episodes that may end by an unstable simulation."""
    slowest: float = 0.4
    """Part of the usual steps per second."""


def find(curves: Curves, thresholds: Thresholds = Thresholds()) -> List[Finding]:
    """Apply every rule.

    Args:
        curves: of one run; rules whose curves are missing or too short say nothing.
        thresholds: when they speak up.

    Returns:
        What they found, the worst first.
    """
    order = (DIVERGES, STALLS, WARNING)
    found = [finding for rule in RULES for finding in rule(curves, thresholds)]
    return sorted(found, key=lambda finding: order.index(finding.severity))


def smoothed(values: np.ndarray, window: int) -> np.ndarray:
    """Return the moving average over the last `window` values.

    NaN and infinity are left out; where there is nothing else, the average is NaN.
    """
    finite = np.isfinite(values)
    total = np.concatenate([[0.0], np.cumsum(np.where(finite, values, 0.0))])
    count = np.concatenate([[0], np.cumsum(finite)])
    last = np.arange(1, len(values) + 1)
    first = np.maximum(last - window, 0)
    known = count[last] - count[first]
    sums = total[last] - total[first]
    return np.divide(sums, known, out=np.full(len(values), np.nan), where=known > 0)


def noise(values: np.ndarray, window: int) -> float:
    """Return the standard deviation of a moving average about its trend.

    From the differences between the means of stretches that follow each other; their median is the
    trend, and the median distance from it is not moved by a few jumps.
    """
    stretches = values[len(values) % window :].reshape(-1, window).mean(1)
    differences = np.diff(stretches[np.isfinite(stretches)])
    if not len(differences):
        return 0.0
    distance = np.median(np.abs(differences - np.median(differences)))
    return float(_MEDIAN_TO_DEVIATION * distance / np.sqrt(2.0))


def not_finite(curves: Curves, thresholds: Thresholds) -> List[Finding]:
    """NaN or infinity in what was logged lately, or iterations that were taken back for it."""
    found = []
    for name, values in curves.items():
        bad = ~np.isfinite(values[-thresholds.window :])
        if bad.any():
            reason = f"{name} is NaN or infinite in {bad.sum()} of the last {len(bad)} iterations"
            found.append(Finding(DIVERGES, "not finite", reason))
    count = curves.get("faults/nan_iterations", np.zeros(0))
    if len(count) and count[-1] > 0:
        before = count[-thresholds.window - 1] if len(count) > thresholds.window else 0.0
        recent = count[-1] > before
        reason = f"{count[-1]:.0f} iterations met a NaN, {count[-1] - before:.0f} of them lately"
        found.append(Finding(DIVERGES if recent else WARNING, "NaN counter", reason))
    return found


def exploding_kl(curves: Curves, thresholds: Thresholds) -> List[Finding]:
    """The policy changes far more in an update than the learner wants."""
    recent = curves.get(LEARNING + "kl", np.zeros(0))[-thresholds.window :]
    recent = recent[np.isfinite(recent)]
    if len(recent) < 3 or np.median(recent) <= thresholds.largest_kl:
        return []
    reason = (
        f"KL divergence {np.median(recent):.3g} in the last {len(recent)} iterations, more than "
        f"{thresholds.largest_kl:g}; lower the learning rate"
    )
    return [Finding(DIVERGES, "exploding KL", reason)]


def action_noise(curves: Curves, thresholds: Thresholds) -> List[Finding]:
    """The actions' standard deviation collapsed or grows without bound."""
    mean, least = (curves.get(LEARNING + name, np.zeros(0)) for name in ("std", "std_min"))
    found = []
    if len(least) and least[-1] < thresholds.smallest_std:
        reason = (
            f"the actions' standard deviation fell to {least[-1]:.2g}, below "
            f"{thresholds.smallest_std:g}: nothing new is tried; raise entropy_coef or set min_std"
        )
        found.append(Finding(STALLS, "std collapse", reason))
    if len(mean) and mean[-1] > thresholds.largest_std_growth * mean[0]:
        reason = (
            f"the actions' standard deviation grew from {mean[0]:.2g} to {mean[-1]:.2g}; lower "
            "entropy_coef or set max_std"
        )
        found.append(Finding(DIVERGES, "std explosion", reason))
    return found


def no_progress(curves: Curves, thresholds: Thresholds) -> List[Finding]:
    """The return has not got better for a long time, or is being lost."""
    returns = curves.get(RETURN, np.zeros(0))
    if len(returns) < 3 * thresholds.window:
        return []
    average = smoothed(returns, thresholds.window)[thresholds.window - 1 :]
    average = average[np.isfinite(average)]
    if not len(average):
        return []
    best = int(np.argmax(average))
    gained = float(average[best] - average[: best + 1].min())
    found = []
    lost = float(average[best] - average[-1])
    chance = SIGNIFICANT * noise(returns, thresholds.window)
    if lost > max(thresholds.largest_fall * gained, chance):
        reason = (
            f"the return fell from {average[best]:.4g} to {average[-1]:.4g} in "
            f"{len(average) - 1 - best} iterations"
        )
        found.append(Finding(DIVERGES, "return falling", reason))
    elif len(average) > thresholds.patience:
        found += _plateau(average, chance, thresholds)
    return found


def _plateau(average: np.ndarray, chance: float, thresholds: Thresholds) -> List[Finding]:
    before, since = average[: -thresholds.patience], average[-thresholds.patience :]
    span = float(average.max() - average.min())
    gain = float(since.max() - before.max())
    if gain > max(thresholds.least_gain * span, chance):
        return []
    reason = (
        f"the best return of the last {thresholds.patience} iterations, {since.max():.4g}, is not "
        f"better than {before.max():.4g} before"
    )
    return [Finding(STALLS, "no progress", reason)]


def useless_critic(curves: Curves, thresholds: Thresholds) -> List[Finding]:
    """The value network predicts worse than a constant would."""
    recent = curves.get(LEARNING + "explained_variance", np.zeros(0))[-thresholds.window :]
    if len(recent) < thresholds.window or np.max(recent) >= 0.0:
        return []
    reason = f"explained variance {recent[-1]:.2g}, below 0 in the last {len(recent)} iterations"
    return [Finding(WARNING, "useless critic", reason)]


def unstable_simulation(curves: Curves, thresholds: Thresholds) -> List[Finding]:
    """Episodes end because the simulation diverged."""
    recent = curves.get(TERMINATION + "fault", np.zeros(0))[-thresholds.window :]
    if not len(recent) or np.mean(recent) <= thresholds.most_faults:
        return []
    reason = (
        f"{100 * np.mean(recent):.2g} % of the episodes ended by an unstable simulation; "
        "a smaller task.sim.dt or more substeps may help"
    )
    return [Finding(WARNING, "unstable simulation", reason)]


def slow(curves: Curves, thresholds: Thresholds) -> List[Finding]:
    """The training got much slower than it was."""
    speed = curves.get(STEPS_PER_SECOND, np.zeros(0))
    if len(speed) < 3 * thresholds.window:
        return []
    now, usual = np.median(speed[-thresholds.window :]), np.median(speed)
    if now >= thresholds.slowest * usual:
        return []
    return [Finding(WARNING, "slow", f"{now:,.0f} steps/s, usually {usual:,.0f}")]


Rule = Callable[[Curves, Thresholds], List[Finding]]
RULES: Tuple[Rule, ...] = (
    not_finite,
    exploding_kl,
    action_noise,
    no_progress,
    useless_critic,
    unstable_simulation,
    slow,
)
"""All rules, in the order in which findings of one severity are shown."""
