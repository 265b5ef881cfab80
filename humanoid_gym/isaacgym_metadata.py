"""Installation metadata of `isaacgym`, which some programs look up before they import it."""

from importlib.metadata import Distribution
from pathlib import Path
from typing import Optional

VERSION = "1.0rc4"
"""Version that pip shows of Isaac Gym Preview 4."""


class IsaacGymDistribution(Distribution):
    """What `importlib.metadata.distribution("isaacgym")` finds."""

    def read_text(self, filename: str) -> Optional[str]:
        """Content of a metadata file; there is METADATA only."""
        if filename != "METADATA":
            return None
        return (
            f"Metadata-Version: 2.1\nName: isaacgym\nVersion: {VERSION}\n"
            "Summary: Isaac Gym's interface on humanoid_gym's engine\n"
        )

    def locate_file(self, path: object) -> Path:
        """Path of an installed file."""
        return Path(__file__).parent / "facade" / str(path)
