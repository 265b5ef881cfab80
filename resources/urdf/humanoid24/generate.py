"""Writes humanoid24.urdf, humanoid24_legs.urdf and the tables of docs/humanoid24_model.md.

    python resources/urdf/humanoid24/generate.py

Frames: x forward, y left, z up; in the zero pose every link frame is parallel to the world's.
Units: m, kg, rad, N m. `dimensions.py` holds the numbers, `skeleton.py` builds the links,
`tables.py` lists them; torques and speeds are those of the task's motor table.
"""

import argparse
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(1, str(HERE.parent))  # what all robots share
sys.path.insert(1, str(HERE.parents[2]))  # the motor table

from dimensions import MATERIALS  # noqa: E402
from markdown_tables import replace_tables  # noqa: E402
from skeleton import build_links, legs_only  # noqa: E402
from tables import document_tables  # noqa: E402
from urdf_text import urdf  # noqa: E402

DOCUMENT = HERE.parents[2] / "docs" / "humanoid24_model.md"


def main() -> None:
    """Writes all files; the options put them elsewhere, which is how the test compares them."""
    parser = argparse.ArgumentParser(description="Writes the URDF files and the document's tables.")
    parser.add_argument("--folder", type=Path, default=HERE, help="of the two URDF files")
    parser.add_argument("--document", type=Path, default=DOCUMENT, help="tables are replaced in it")
    options = parser.parse_args()
    links = build_links()
    colors = {name: material.color for name, material in MATERIALS.items()}
    for name, chosen in (("humanoid24", links), ("humanoid24_legs", legs_only(links))):
        text = urdf("humanoid24", "docs/humanoid24_model.md", colors, chosen)
        (options.folder / f"{name}.urdf").write_bytes(text.encode())
    replace_tables(options.document, document_tables(links))


if __name__ == "__main__":
    main()
