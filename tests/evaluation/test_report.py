"""The page: whole, self-contained, and its numbers those of the run."""

import base64
import re
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from logged_runs import curves, write_evaluation, write_run
from PIL import Image
from tiny_runs import train

from humanoid_gym.cli import evaluating
from humanoid_gym.evaluation import results
from humanoid_gym.evaluation.history import Curve, HistoryReader
from humanoid_gym.evaluation.report import figures
from humanoid_gym.evaluation.report.page import differences
from humanoid_gym.evaluation.report.run import ReportedRun, names_of

VOID = {"meta", "img", "br", "link", "input"}


class Outline(HTMLParser):
    """Collects what a browser would load, and checks that every tag is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list = []
        self.sources: list = []
        self.images: list = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.sources += [value for key, value in found.items() if key in ("src", "href")]
        if tag == "img":
            self.images.append(found["alt"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def outline(page: Path) -> Outline:
    parsed = Outline()
    parsed.feed(page.read_text(encoding="utf-8"))
    assert parsed.open == []
    return parsed


def report(out: Path, *arguments: object) -> Outline:
    assert evaluating.main(["report", *map(str, arguments), "--out", str(out)]) == 0
    return outline(out)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_run(tmp_path / "2026-01-31_12-00-00_first")


def test_everything_is_inside_the_page(run: Path, tmp_path: Path):
    write_evaluation(run)
    video = tmp_path / "video.mp4"
    video.write_bytes(b"a video")
    page = report(tmp_path / "page.html", run, "--frames", "0", "--video", video)
    assert page.sources and all(source.startswith("data:") for source in page.sources)
    assert base64.b64encode(b"a video").decode() in page.sources[0]
    for source in page.sources:
        if source.startswith("data:image/svg+xml;base64,"):
            svg = base64.b64decode(source.split(",", 1)[1]).decode()
            assert svg.startswith("<?xml") and not re.search(r'(href|src)="http', svg)


def test_the_page_shows_configuration_curves_and_evaluation(run: Path, tmp_path: Path):
    write_evaluation(run)
    page = report(tmp_path / "page.html", run, "--frames", "0")
    for text in (
        "humanoid",
        "60,000",
        "600",
        "train.algorithm.gamma: 0.99",
        "command: train.py <task>",
    ):
        assert text in page.text
    assert "push 180 deg, 1 m/s" in page.text and "280 ± 100" in page.text
    assert "the task has no commands" in page.text
    shown = " ".join(page.images)
    for name in ("episode/return", "reward_term/alive", "learning/kl", "env_steps_per_second"):
        assert name in shown
    assert "confidence intervals" in shown and "robustness of first" in shown


def test_a_run_without_an_evaluation_says_how_to_get_one(run: Path, tmp_path: Path):
    assert "Not evaluated yet" in report(tmp_path / "page.html", run, "--frames", "0").text


@pytest.mark.parametrize("nothing", [None, [], {}, ""])
def test_a_setting_that_says_nothing_is_no_difference(nothing):
    def run(**settings):
        return SimpleNamespace(settings={"seed": 1, **settings})

    assert differences([run(noise={"bias": nothing}), run()]) == {}
    assert differences([run(noise={"std": 0.0}), run()]) == {"noise.std": ["0.0", "-"]}


def test_runs_are_compared(run: Path, tmp_path: Path):
    other = write_run(tmp_path / "2026-01-31_13-00-00_second", gamma=0.5, sink="tensorboard")
    write_evaluation(run)
    write_evaluation(other)
    page = report(tmp_path / "page.html", run, other, "--frames", "0")
    assert "2 runs" in page.text and "What differs" in page.text
    assert "seeds" not in page.text  # they are different trainings
    assert re.search(r"train\.algorithm\.gamma\s*0\.99\s*0\.5", page.text)
    curve = next(
        base64.b64decode(source.split(",", 1)[1]).decode()
        for source, title in zip([s for s in page.sources if "svg" in s], page.images, strict=True)
        if title.startswith("episode/return")
    )
    assert "first" in curve and "second" in curve  # the legend


def test_seeds_are_averaged(run: Path, tmp_path: Path):
    other = write_run(tmp_path / "2026-01-31_13-00-00_second", seed=5)
    write_evaluation(run)
    write_evaluation(other, shift=20.0)
    text = report(tmp_path / "page.html", run, other, "--frames", "0").text
    # two values 20 apart: deviation 14.1, of the mean 10, times 12.7
    assert re.search(r"Over 2 seeds.*push 180 deg, 1 m/s\s*290 ± 127\s*50 % ± 0", text, re.DOTALL)


def test_plots_as_png(run: Path, tmp_path: Path):
    write_evaluation(run)
    report(tmp_path / "page.html", run, "--frames", "0", "--png", tmp_path / "png")
    names = {"episode_return.png", "intervals.png", "map_push_first.png"}
    assert names <= {path.name for path in (tmp_path / "png").iterdir()}
    for name in names:
        with Image.open(tmp_path / "png" / name) as picture:
            assert np.asarray(picture.convert("L")).std() > 5, name  # something is drawn


def test_the_same_run_gives_the_same_page(run: Path, tmp_path: Path):
    first, again = tmp_path / "a.html", tmp_path / "b.html"
    report(first, run, "--frames", "0")
    report(again, run, "--frames", "0")
    assert first.read_bytes() == again.read_bytes()


def test_a_frame_strip_of_a_real_policy(tmp_path: Path):
    run = train(tmp_path, "cartpole", "train.logging.sinks=[jsonl]")
    page = report(tmp_path / "page.html", run, "--frames", "3")
    frames = [source for source in page.sources if source.startswith("data:image/jpeg")]
    if not frames:
        pytest.skip("nothing here renders off screen")
    assert len(frames) == 3 and frames[0] != frames[2]


def test_maps_have_a_field_for_each_direction_and_strength():
    cells = [
        results.CellResult(
            "",
            {"direction [deg]": direction, "speed [m/s]": speed},
            1,
            0,
            {"survival": results.Interval(direction + speed, 0.0, 0.0)},
        )
        for direction, speed in ((270.0, 1.0), (0.0, 0.5), (0.0, 1.0), (360.0 + 90.0, 0.5))
    ]
    directions, strengths, means = figures.grid(cells, "survival")
    assert directions == [0.0, 90.0, 270.0] and strengths == [0.5, 1.0]
    nan = np.nan
    assert means == pytest.approx(np.array([[0.5, 450.5, nan], [1.0, nan, 271.0]]), nan_ok=True)


def test_smoothing_has_no_bias_towards_the_beginning_and_skips_nan():
    assert figures.smoothed(np.full(5, 3.0), 0.9) == pytest.approx([3.0] * 5)
    line = figures.smoothed(np.array([1.0, np.nan, 2.0]), 0.5)
    # weights 0.25 and 0.5 of 1 and 2, of which the sum is 0.75
    assert line == pytest.approx([1.0, 1.0, 1.25 / 0.75])


def test_long_curves_are_thinned_by_means():
    curve = Curve(np.arange(4000.0), np.arange(4000.0))
    steps, values = figures.thinned(curve)
    assert len(steps) == len(values) == figures.MOST_POINTS
    assert (steps[0], values[0]) == (9.0, 4.5)


def test_names_of_runs_are_unique():
    one, two = Path("a/2026-01-31_12-00-00_x"), Path("b/2026-01-31_12-00-01_x")
    assert names_of([one, Path("2026-01-31_12-00-00")]) == ["x", "2026-01-31_12-00-00"]
    assert names_of([one, two]) == ["1: x", "2: x"]


def test_runs_without_an_evaluation_or_a_curve_have_no_plot_of_it(tmp_path: Path):
    values = curves(5)
    del values["learning/kl"]
    runs = [write_run(tmp_path / "one"), write_run(tmp_path / "two", values, gamma=0.9)]
    write_evaluation(runs[0])
    page = report(tmp_path / "page.html", *runs, "--frames", "0")
    assert "learning/kl over environment steps" in page.images
    reported = [
        ReportedRun(name, run, {}, [], HistoryReader(run).read())
        for name, run in zip(("one", "two"), runs, strict=True)
    ]
    plotter = figures.Plotter(reported, 0.9)
    assert plotter.intervals(["return"]) is None and plotter.maps() == []
    both, one = plotter.curve("episode/return").svg, plotter.curve("learning/kl").svg
    assert "two" in both and "two" not in one


def test_nan_curves_do_not_stop_the_page(tmp_path: Path):
    values = curves(5)
    values["learning/kl"][:] = np.nan
    run = write_run(tmp_path / "run", values)
    assert "humanoid" in report(tmp_path / "page.html", run, "--frames", "0").text
