"""A randomization in words and numbers, for people."""

from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

from torch import Tensor

from humanoid_gym.randomization.configuration import Noise, RandomizationConfig
from humanoid_gym.randomization.noise import BIAS_OF, STD_OF
from humanoid_gym.randomization.ranges import CONSTRUCTION, RESET, Schedule
from humanoid_gym.randomization.targets import BIAS, ROBOT, WORLD

FIRST = 3
"""Environments whose numbers are shown one by one."""
HEADINGS = ("parameter", "unit", "distribution", "drawn", "least", "mean", "most")


class Description(NamedTuple):
    """One parameter."""

    name: str
    """As in `Randomization.draws`."""
    unit: str
    """'1' if it has none."""
    distribution: str
    """What its numbers are drawn from."""
    when: str
    """When they are drawn."""


def descriptions(config: RandomizationConfig) -> Iterator[Description]:
    """Yield everything that a configuration randomizes, named as in `Randomization.draws`."""
    for name, target, draw in config.chosen():
        own = target.part not in (ROBOT, WORLD) and not target.is_shared(draw)
        each = f", each {target.part}" if own else ""
        when = "each episode" if target.timing(draw) == RESET else "once"
        if name == "gravity" and config.gravity_interval:
            when = f"every {config.gravity_interval:g} s"
        text = f"{target.operation} {draw.text()}{each}{_growth(draw.schedule)}"
        yield Description(name, target.unit, text, when)
    for group, noise in config.noise.items():
        yield from _noise(group, noise)
    blow, push = config.velocity_push, config.force_push
    if blow is not None:
        text = f"{_span(blow.speed)} m/s, {_span(blow.spin)} rad/s{_growth(blow.schedule)}"
        yield Description("velocity_push", "m/s, rad/s", text, f"every {_span(blow.interval)} s")
    if push is not None:
        text = f"{_span(push.force)} N for {_span(push.duration)} s{_growth(push.schedule)}"
        yield Description("force_push", "N", text, f"every {_span(push.interval)} s")


def table(config: RandomizationConfig, draws: Dict[str, Tensor]) -> List[str]:
    """Return lines of text: what is randomized, and what was drawn.

    Args:
        config: settings.
        draws: of `Randomization.draws`; the host waits for them.
    """
    rows: List[Tuple[str, ...]] = []
    for entry in descriptions(config):
        values = draws[entry.name].detach().cpu().double()
        numbers = [values.min(), values.mean(), values.max(), *values[:FIRST, 0]]
        more = " …" if values.shape[1] > 1 else ""
        shown = [f"{float(number):.4g}" for number in numbers]
        rows.append((*entry, *shown[:3], *(text + more for text in shown[3:])))
    if not rows:
        return ["nothing is randomized"]
    count = len(rows[0]) - len(HEADINGS)
    rows.insert(0, (*HEADINGS, *(f"robot {i}" for i in range(count))))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(f"{c:<{w}}" for c, w in zip(row, widths)).rstrip() for row in rows]


def _noise(group: str, noise: Noise) -> Iterator[Description]:
    kind = "normal" if noise.distribution == "gaussian" else noise.distribution
    text = f"{kind}, standard deviation {_span(noise.spread)}{_growth(noise.schedule)}"
    yield Description(STD_OF + group, "own", text, "each step")
    if noise.bias is not None:
        when = "once" if BIAS.timing(noise.bias) == CONSTRUCTION else "each episode"
        text = f"{noise.bias.text()}{_growth(noise.bias.schedule)}"
        yield Description(BIAS_OF + group, "own", text, when)


def _span(bounds: Tuple[float, float]) -> str:
    low, high = bounds
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def _growth(schedule: Optional[Schedule]) -> str:
    if schedule is None:
        return ""
    return f", grows from {schedule.start:.0%} over {schedule.steps} steps"
