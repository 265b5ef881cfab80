"""The readable table of the GPU benchmarks' results."""

from collections.abc import Iterator
from typing import Any

Results = dict[str, dict[str, Any]]
"""By part: "seconds", "result" if there is one, "error" if it failed."""
TRAININGS = {
    "training": "first mark 600,000 env steps/s, goal 1,000,000",
    "default_training": "train.py's own settings",
    "compiled_training": "the same with train.execution.compile=true",
}
"""Marks of the parts that count steps per second."""
TIMED_GOALS = {
    "time_to_return": "first mark 60 s, goal 20 s",
    "walking": "goal 180 s on flat ground",
    "rough_walking": "goal 1200 s with the terrain's curriculum",
}
"""Marks of the parts that train until a goal."""


def markdown(results: Results) -> str:
    """All results as Markdown."""
    blocks = [
        *versions(results),
        *stepping(results),
        *training(results),
        *time_to_goal(results),
        *scaling(results),
        *tests(results),
        *times(results),
    ]
    return "\n\n".join(blocks) + "\n"


def table(heads: list[str], rows: list[list[str]]) -> str:
    """A table whose first column is text and whose others are numbers."""
    lines = ["| " + " | ".join(heads) + " |", "|---" + "|--:" * (len(heads) - 1) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def result_of(results: Results, part: str) -> Any:  # noqa: ANN401 (whatever the part wrote)
    """What a part measured, or None."""
    return results.get(part, {}).get("result")


def versions(results: Results) -> Iterator[str]:
    """Device and versions."""
    found = result_of(results, "versions")
    if found:
        yield "# GPU results"
        yield "\n".join(f"- {name}: {value}" for name, value in found.items())


def stepping(results: Results) -> Iterator[str]:
    """Physics and environment steps against bare MuJoCo Warp."""
    rows = [
        [
            f"{row['envs']}",
            f"{row['bare_ms']:.3f}",
            f"{row['bare_without_sensors_ms']:.3f}",
            f"{row['simulate_ms']:.3f}",
            f"{row['step_ms']:.3f}",
            f"{row['simulate_vs_bare']:.2f}",
            f"{row['step_vs_bare']:.2f}",
            f"{row['env_steps_per_s']:,.0f}",
            "yes" if row["captured"] else "no",
        ]
        for row in result_of(results, "stepping") or []
    ]
    heads = ["envs", "bare [ms]", "bare without sensors [ms]", "simulate [ms]", "VecTask.step [ms]"]
    heads += ["bare / simulate (goal 0.9)", "bare / step (goal 0.6)", "env steps/s", "captured"]
    if rows:
        yield "## Stepping: medians per control step"
        yield table(heads, rows)


def training(results: Results) -> Iterator[str]:
    """Steps per second, all included."""
    for part, marks in TRAININGS.items():
        found = result_of(results, part)
        if not found:
            continue
        yield f"## {part}: everything included ({marks})"
        yield (
            f"{found['envs']} envs, horizon {found['horizon']}, {found['epochs']} epochs of "
            f"{found['minibatches']} minibatches: **{found['env_steps_per_s']:,.0f} env steps/s**; "
            f"per iteration {found['collection_ms']:.1f} ms collection, "
            f"{found['update_ms']:.1f} ms update, {found['report_ms']:.1f} ms report; first "
            f"iterations {found['first_iterations_s']:.1f} s"
        )


def time_to_goal(results: Results) -> Iterator[str]:
    """How long until the robots run, and walk, well."""
    for part, marks in TIMED_GOALS.items():
        found = result_of(results, part)
        if not found:
            continue
        wanted = ", ".join(f"{name} {bound}" for name, bound in found["wanted"].items())
        yield f"## {part}: time to {wanted} ({marks})"
        point = found["reached"] or found["best"]
        told = "reached" if found["reached"] else "NOT reached; the highest return was"
        values = ", ".join(
            f"{name} {value:.4g}"
            for name, value in point.items()
            if name not in ("seconds", "env_steps")
        )
        yield (
            f"{told}: {values} after **{point['seconds']:.1f} s** and "
            f"{point['env_steps'] / 1e6:.2f}M env steps "
            f"({found['envs']} envs, horizon {found['horizon']}, {found['epochs']} epochs, "
            f"{found['minibatches']} minibatches; construction {found['construction_s']:.1f} s, "
            f"first iteration {found['first_iteration_s']:.1f} s)"
        )


def scaling(results: Results) -> Iterator[str]:
    """Steps and memory by number of environments."""
    parts = [result for part, result in results.items() if part.startswith("scaling_")]
    rows = [
        [
            f"{row['envs']}",
            f"{row['step_ms']:.3f}",
            f"{row['env_steps_per_s']:,.0f}",
            f"{row['gpu_memory_mib']:.0f}",
            f"{row['bytes_per_env_of_physics'] / 1024:.0f}",
        ]
        for result in parts
        for row in result.get("result") or []
    ]
    if rows:
        yield "## Scaling"
        heads = ["envs", "VecTask.step [ms]", "env steps/s", "GPU memory [MiB]"]
        yield table([*heads, "of physics, per env [KiB]"], rows)


def tests(results: Results) -> Iterator[str]:
    """How many passed, and which did not."""
    rows, failed = [], []
    for part in ("gpu_tests", "conformance"):
        found = result_of(results, part)
        if found:
            failed += found["failed"]
            bad = found["failures"] + found["errors"]
            passed = found["tests"] - bad - found["skipped"]
            rows.append([part, f"{passed}", f"{bad}", f"{found['skipped']}"])
    if rows:
        yield "## Tests"
        yield table(["", "passed", "failed", "skipped"], rows)
    if failed:
        yield "\n".join(f"- failed: `{name}`" for name in failed)


def times(results: Results) -> Iterator[str]:
    """How long each part took, and what went wrong."""
    if results:
        yield "## Parts"
        yield table(
            ["part", "seconds", "outcome"],
            [
                [part, f"{result['seconds']:.0f}", result.get("error", "done")]
                for part, result in results.items()
            ],
        )
