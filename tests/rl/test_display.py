import io

import pytest
from rich.console import Console

from humanoid_gym.rl.logging.display import Display, duration, progress_line
from humanoid_gym.rl.logging.report import (
    ENV_STEPS,
    FRACTION,
    ITERATION,
    SECONDS_LEFT,
    STEPS_PER_SECOND,
)

REPORT = {
    ITERATION: 7.0,
    ENV_STEPS: 114688.0,
    FRACTION: 0.07,
    SECONDS_LEFT: 3725.0,
    STEPS_PER_SECOND: 6543.2,
    "episode/return": 1234.5,
    "episode/length": 321.0,
    "metric/forward_speed": 2.5,
    "learning/kl": 0.021,
}


def test_plain_lines_without_a_terminal():
    output = io.StringIO()
    display = Display(100, 3600.0, Console(file=output, width=40))
    display.open()
    display.write(REPORT)
    display.write(REPORT)  # too soon for another line
    display.close()
    assert output.getvalue() == (
        "iteration 7/100: return 1234, length 321, forward speed 2.5, env steps 114,688, "
        "env steps/s 6,543, 1:02:05 left\n"
    )


def test_live_display_on_a_terminal():
    output = io.StringIO()
    display = Display(100, console=Console(file=output, force_terminal=True, width=100))
    display.open()
    display.write(REPORT)
    display.close()
    shown = output.getvalue()
    for part in ("iteration 7 of 100", "1:02:05 left", "forward speed", "6,543"):
        assert part in shown


def test_line_before_the_first_finished_episode():
    report = {name: REPORT[name] for name in (ITERATION, ENV_STEPS, SECONDS_LEFT, STEPS_PER_SECOND)}
    assert progress_line(report, 100).startswith("iteration 7/100: env steps 114,688")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00:00"), (59.9, "0:00:59"), (3600, "1:00:00"), (-3, "0:00:00")]
)
def test_duration(seconds, text):
    assert duration(seconds) == text
