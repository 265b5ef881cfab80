"""Confidence intervals over episodes: of means by the bootstrap, of rates after Wilson."""

import math
from typing import List, NamedTuple, Sequence

import numpy as np

LEVEL = 0.95
"""Probability that an interval covers what infinitely many episodes would give."""
RESAMPLES = 2000
"""Bootstrap samples; the ends of an interval move by about 2 % of its width with another seed."""
_Z = 1.959963984540054  # standard normal quantile of (1 + LEVEL) / 2
_T = (
    12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281,
    2.2010, 2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860,
)  # fmt: skip
"""The same of Student's t with 1, 2, … degrees of freedom; the last is used beyond."""


class Interval(NamedTuple):
    """An estimate and its confidence interval; NaN where nothing was observed."""

    mean: float
    low: float
    high: float


NOTHING = Interval(math.nan, math.nan, math.nan)


def wilson(successes: int, trials: int) -> Interval:
    """Return a rate with Wilson's score interval (1927), which is sound near 0 and 1 as well.

    Args:
        successes: how many of the trials succeeded.
        trials: how many there were.
    """
    if trials == 0:
        return NOTHING
    rate, square = successes / trials, _Z * _Z
    centre = (rate + square / (2 * trials)) / (1 + square / trials)
    spread = math.sqrt(rate * (1 - rate) / trials + square / (4 * trials**2))
    half = spread * _Z / (1 + square / trials)
    # at the edges the ends are 0 and 1 exactly; rounding must not put the rate outside
    return Interval(rate, max(min(centre - half, rate), 0.0), min(max(centre + half, rate), 1.0))


def over_seeds(values: Sequence[float]) -> Interval:
    """Return the mean over trainings with Student's t interval, which is meant for few of them.

    Args:
        values: one of each training; NaN where it has none.
    """
    known = np.array([value for value in values if math.isfinite(value)])
    if not len(known):
        return NOTHING
    mean, freedom = float(known.mean()), len(known) - 1
    if freedom == 0:
        return Interval(mean, math.nan, math.nan)
    quantile = _T[freedom - 1] if freedom <= len(_T) else _T[-1]
    half = quantile * float(known.std(ddof=1)) / math.sqrt(len(known))
    return Interval(mean, mean - half, mean + half)


def bootstrap(values: np.ndarray, rng: np.random.Generator) -> List[Interval]:
    """Return each column's mean with its percentile bootstrap interval (Efron 1979).

    Episodes are drawn with replacement, whole rows at a time. Returns of episodes are anything but
    normal (half of them falls, half not), which the bootstrap does not mind.

    Args:
        values: one row for each episode, one column for each quantity; NaN where an episode has
            none. Shape (episodes, columns).
        rng: source of the resamples.
    """
    episodes, columns = values.shape
    if episodes == 0:
        return [NOTHING] * columns
    present = np.isfinite(values)
    known = np.where(present, values, 0.0)
    # how often each episode is in each resample, (RESAMPLES, episodes)
    counts = rng.multinomial(episodes, np.full(episodes, 1 / episodes), RESAMPLES).astype(float)
    totals, numbers = counts @ known, counts @ present.astype(float)
    means = np.divide(totals, numbers, out=np.full_like(totals, math.nan), where=numbers > 0)
    tail = 50 * (1 - LEVEL)
    return [_interval(known[:, j], present[:, j], means[:, j], tail) for j in range(columns)]


def _interval(
    known: np.ndarray, present: np.ndarray, resampled: np.ndarray, tail: float
) -> Interval:
    """One column's interval from the means of its resamples; those without any value are left."""
    if not present.any():
        return NOTHING
    means = resampled[np.isfinite(resampled)]
    low, high = np.percentile(means, [tail, 100 - tail])
    return Interval(float(known[present].mean()), float(low), float(high))
