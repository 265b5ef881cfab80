"""Writes humanoid.urdf and the tables of docs/humanoid_model.md.

    python resources/urdf/humanoid/generate.py

The body is an adult of the world's average stature and mass. Segment lengths, masses, centres of
mass and densities are published ones; a segment's radius follows from them, so that nothing is
tuned by eye but the trunk's silhouette. Frames: x forward, y left, z up; in the zero pose every
link frame is parallel to the world's. Units: m, kg, rad, N m. `anatomy.py` holds the numbers,
`skeleton.py` builds the links, `tables.py` compares them with the public humanoid.
"""

import argparse
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(1, str(HERE.parent))  # what all robots share

from anatomy import MATERIALS  # noqa: E402
from markdown_tables import replace_tables  # noqa: E402
from skeleton import build_links  # noqa: E402
from tables import document_tables  # noqa: E402
from urdf_text import urdf  # noqa: E402

DOCUMENT = HERE.parents[2] / "docs" / "humanoid_model.md"


def main() -> None:
    """Writes both files; the options put them elsewhere, which is how the test compares them."""
    parser = argparse.ArgumentParser(description="Writes humanoid.urdf and the document's tables.")
    parser.add_argument("--urdf", type=Path, default=HERE / "humanoid.urdf")
    parser.add_argument("--document", type=Path, default=DOCUMENT, help="tables are replaced in it")
    options = parser.parse_args()
    links = build_links()
    text = urdf("humanoid", "docs/humanoid_model.md", MATERIALS, links)
    options.urdf.write_bytes(text.encode())
    replace_tables(options.document, document_tables(links))


if __name__ == "__main__":
    main()
