"""XML with line numbers, and attributes read as numbers: the reading half of the importers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

import numpy as np

from humanoid_gym.engine.assets.errors import AssetError

LARGEST = 1e10
"""Largest magnitude of a length, mass or angle: MuJoCo's own."""
SMALLEST_SIZE = 1e-9
"""Smallest size of a shape [m]: below, its mass and inertia vanish in rounding."""
MAX_DEPTH = 200
"""Elements inside each other: deeper files are not robots."""
MAX_ELEMENTS = 50_000
"""Elements of one robot, includes counted: more are not a robot."""
MAX_BYTES = 2**24
"""Size of one XML file [bytes]."""


@dataclass(eq=False)
class XmlElement:
    """One element, with the place it came from."""

    tag: str
    attributes: dict[str, str]
    file: Path
    line: int
    children: list[XmlElement] = field(default_factory=list)

    def find(self, tag: str) -> XmlElement | None:
        """The first child of that tag, or None."""
        return next(self.find_all(tag), None)

    def find_all(self, tag: str) -> Iterator[XmlElement]:
        """The children of that tag, in file order."""
        return (child for child in self.children if child.tag == tag)

    def require(self, tag: str) -> XmlElement:
        """The first child of that tag.

        Raises:
            AssetError: there is none.
        """
        child = self.find(tag)
        if child is None:
            raise self.error(f"<{self.tag}> has no <{tag}>", f"Add a <{tag}> element")
        return child

    def text(self, attribute: str) -> str:
        """The attribute, which must be there and not blank.

        Raises:
            AssetError: it is missing or blank.
        """
        value = self.attributes.get(attribute, "")
        if not value.strip():
            raise self.error(
                f"<{self.tag}> has no attribute '{attribute}'", f'Write {attribute}="..."'
            )
        return value

    def number(
        self,
        attribute: str,
        default: float | None = None,
        minimum: float = -math.inf,
        infinite: bool = False,
    ) -> float:
        """The attribute as one number.

        Args:
            attribute: its name.
            default: taken when the attribute is missing; None: it must be there.
            minimum: smallest value allowed.
            infinite: allow infinity.

        Raises:
            AssetError: missing without a default, not one number, not finite, or below `minimum`.
        """
        if default is not None and attribute not in self.attributes:
            return default
        value = self._numbers(attribute, 1, infinite)[0]
        if value < minimum:
            raise self.error(
                f'{attribute}="{self.attributes[attribute]}" of <{self.tag}> is too small',
                f"Give at least {minimum:g}",
            )
        return value

    def positive(self, attribute: str, count: int = 1) -> np.ndarray:
        """The attribute as sizes of a shape, shape (count,).

        Raises:
            AssetError: missing, of another count, not numbers, not finite, not above zero.
        """
        values = self._numbers(attribute, count, infinite=False)
        self.check_size(values, attribute)
        return values

    def check_size(self, values: np.ndarray, attribute: str) -> None:
        """Raise AssetError unless all values, sizes that the attribute gives, are above zero."""
        if values.min() < SMALLEST_SIZE:
            raise self.error(
                f'{attribute}="{self.attributes[attribute]}" of <{self.tag}> must be above zero',
                f"Give lengths of at least {SMALLEST_SIZE:g}",
            )

    def vector(self, attribute: str, default: tuple[float, ...]) -> np.ndarray:
        """The attribute as numbers separated by spaces, as many as `default` has.

        Raises:
            AssetError: of another count, not numbers, or not finite.
        """
        if attribute not in self.attributes:
            return np.array(default)
        return self._numbers(attribute, len(default), infinite=False)

    def numbers(self, attribute: str, at_least: int = 0) -> np.ndarray:
        """The attribute as any number of numbers, shape (n,); n = 0 where it is missing.

        Raises:
            AssetError: fewer than `at_least`, not numbers, or not finite.
        """
        if attribute not in self.attributes and at_least == 0:
            return np.empty(0)
        return self._numbers(attribute, None, infinite=False, at_least=at_least)

    def _numbers(
        self, attribute: str, count: int | None, infinite: bool, at_least: int = 0
    ) -> np.ndarray:
        words = self.text(attribute).split()
        expected = "a number" if count == 1 else f"{count} numbers"
        if count is None:
            expected = f"{at_least} numbers or more"
        try:
            # float() also takes "1_000", which no other URDF reader does.
            values = np.array([float(word.replace("_", "?")) for word in words])
        except ValueError:
            values = None
        if values is None or not (len(values) == count if count else len(values) >= at_least):
            raise self._bad_number(attribute, expected)
        if np.isnan(values).any() or not (infinite or (np.abs(values) <= LARGEST).all()):
            raise self._bad_number(attribute, f"{expected}, finite and at most {LARGEST:g}")
        return values

    def _bad_number(self, attribute: str, expected: str) -> AssetError:
        value = shortened(self.attributes[attribute])
        remedy = "Correct the value"
        if "$" in value:
            remedy = "This is a xacro file: turn it into URDF with `xacro in.xacro > out.urdf`"
        return self.error(f'{attribute}="{value}" of <{self.tag}>: expected {expected}', remedy)

    def error(self, message: str, remedy: str) -> AssetError:
        """The fault as an exception that names this element's file and line."""
        return AssetError(f"{self.place}: {shortened(message, 400)}. {remedy}.")

    @property
    def place(self) -> str:
        """`file:line` of the element's start."""
        return f"{self.file}:{self.line}"


def shortened(text: str, length: int = 80) -> str:
    """A text of a file as it may stand in a message: one line, not too long."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"


def read_xml(path: Path) -> XmlElement:
    """Parse a file. Entity declarations and external files are refused.

    Returns:
        The root element.

    Raises:
        AssetError: the file is missing, unreadable, empty, truncated, malformed, too large, or
            declares entities.
    """
    data = _read_bytes(path)
    if not data.strip():
        raise AssetError(f"{path}:1: the file is empty. Write or download it again.")
    builder = _TreeBuilder(path)
    try:
        builder.parser.Parse(data, True)
    except AssetError:
        raise
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise AssetError(builder.complaint(error)) from error
    assert builder.root is not None, "expat accepts no document without a root element"
    return builder.root


def _read_bytes(path: Path) -> bytes:
    try:
        if path.is_file() and path.stat().st_size > MAX_BYTES:
            raise AssetError(
                f"{path}:1: the file has {path.stat().st_size / 2**20:.0f} MiB, at most "
                f"{MAX_BYTES // 2**20} are read. Put meshes into files of their own."
            )
        return path.read_bytes()
    except FileNotFoundError as error:
        raise AssetError(f"{path}: there is no such file. Check the path.") from error
    except OSError as error:
        raise AssetError(
            f"{path}: the file cannot be read ({error.strerror}). Check path and permissions."
        ) from error


class _TreeBuilder:
    """Collects elements while expat reads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root: XmlElement | None = None
        self.open: list[XmlElement] = []
        self.count = 0
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.EntityDeclHandler = self._refuse_entity

    def _refuse_entity(self, name: str, *_: object) -> None:
        raise AssetError(
            f"{self.path}:{self.parser.CurrentLineNumber}: the file declares the entity "
            f"'{shortened(name)}'. Write its text where it is used."
        )

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if self.count > MAX_ELEMENTS or len(self.open) >= MAX_DEPTH:
            raise AssetError(
                f"{self.path}:{self.parser.CurrentLineNumber}: more than {MAX_ELEMENTS} elements, "
                f"or more than {MAX_DEPTH} inside each other. Is this a robot?"
            )
        element = XmlElement(tag, attributes, self.path, self.parser.CurrentLineNumber)
        if self.open:
            self.open[-1].children.append(element)
        else:
            self.root = element
        self.open.append(element)

    def _end(self, _tag: str) -> None:
        self.open.pop()

    def complaint(self, error: Exception) -> str:
        """The parser's error in one line, with the element that was open."""
        line = max(1, self.parser.ErrorLineNumber)
        reason = str(error)
        if isinstance(error, expat.ExpatError):
            reason = expat.ErrorString(error.code)
        where = ""
        if self.open:
            where = f" inside <{self.open[-1].tag}> of line {self.open[-1].line}"
        return f"{self.path}:{line}: not well-formed XML{where} ({reason}). Is the file complete?"
