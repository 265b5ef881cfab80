"""Writes the reference motions of the 24-joint robot, one CSV file per clip, and checks them.

    python resources/motions/humanoid24/generate.py

`clips.py` tells slow clips by key poses, `walking.py` and `jumping.py` those with dynamics;
`motion.py` puts the robot into them, `checks.py` measures what comes out for the README's table.
"""

import argparse
import sys
from pathlib import Path
from typing import Dict, Sequence

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(1, str(ROOT / "resources" / "urdf" / "humanoid24"))  # the robot's dimensions
sys.path.insert(1, str(ROOT / "resources" / "urdf"))  # tables
sys.path.insert(1, str(ROOT))  # kinematics

import clips  # noqa: E402
from body import Body  # noqa: E402
from checks import Measures, faults, measured  # noqa: E402
from columns import rows_of, write_rows  # noqa: E402
from jumping import jump  # noqa: E402
from markdown_tables import replace_tables, table  # noqa: E402
from motion import KeyPose, keyed, solved  # noqa: E402
from walking import walk  # noqa: E402

SLOW: Dict[str, Sequence[KeyPose]] = {
    "greet": clips.greet(),
    "squat": clips.squat(),
    "balance": clips.balance(),
}
"""Clips in which the centre of mass stays over the feet."""
FAST = {"walk": walk, "jump": jump}
DOCUMENT = HERE.parent / "README.md"


def described(found: Dict[str, Measures]) -> str:
    """Return the README's table of the clips."""
    head = ["clip", "length [s]", "fastest joint [rad/s]", "of its motor's peak speed"]
    head += ["centre of mass inside the support [mm]"]
    rows = []
    for name, one in found.items():
        inside = f"{1e3 * one.center_margin:.0f}" if name in SLOW else ""
        share = f"{100.0 * one.speed_share:.0f} %"
        rows.append([name, f"{one.length:.1f}", f"{one.speed:.1f}", share, inside])
    return table(head, rows)


def main() -> None:
    """Writes all files; the options put them elsewhere, which is how the test compares them."""
    parser = argparse.ArgumentParser(description="Writes the reference motions.")
    parser.add_argument("--folder", type=Path, default=HERE, help="of the CSV files")
    parser.add_argument("--document", type=Path, default=DOCUMENT, help="its table is replaced")
    options = parser.parse_args()
    body = Body()
    made = {name: solved(*keyed(poses), body) for name, poses in SLOW.items()}
    made.update({name: make(body) for name, make in FAST.items()})
    found: Dict[str, Measures] = {}
    for name, frames in made.items():
        rows = rows_of(frames)
        found[name] = measured(rows, body)
        wrong = faults(found[name], name in SLOW)
        if wrong:
            raise SystemExit(f"{name}: " + "; ".join(wrong))
        write_rows(options.folder / f"{name}.csv", rows)
    replace_tables(options.document, {"clips": described(found)})


if __name__ == "__main__":
    main()
