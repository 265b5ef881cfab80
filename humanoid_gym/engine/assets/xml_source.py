"""XML with line numbers, and attributes read as numbers: the reading half of the importers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

import numpy as np

from humanoid_gym.engine.assets.errors import AssetError


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
        """The attribute as numbers above zero, shape (count,).

        Raises:
            AssetError: missing, of another count, not numbers, not finite, zero or negative.
        """
        values = self._numbers(attribute, count, infinite=False)
        if values.min() <= 0.0:
            raise self.error(
                f'{attribute}="{self.attributes[attribute]}" of <{self.tag}> must be above zero',
                "Give positive numbers",
            )
        return values

    def vector(self, attribute: str, default: tuple[float, ...]) -> np.ndarray:
        """The attribute as numbers separated by spaces, as many as `default` has.

        Raises:
            AssetError: of another count, not numbers, or not finite.
        """
        if attribute not in self.attributes:
            return np.array(default)
        return self._numbers(attribute, len(default), infinite=False)

    def _numbers(self, attribute: str, count: int, infinite: bool) -> np.ndarray:
        words = self.text(attribute).split()
        expected = f"{count} numbers" if count > 1 else "a number"
        try:
            # float() also takes "1_000", which no other URDF reader does.
            values = np.array([float(word.replace("_", "?")) for word in words])
        except ValueError:
            values = np.empty(0)
        if len(values) != count:
            raise self._bad_number(attribute, expected)
        if np.isnan(values).any() or not (infinite or np.isfinite(values).all()):
            raise self._bad_number(attribute, f"{expected}, finite")
        return values

    def _bad_number(self, attribute: str, expected: str) -> AssetError:
        value = self.attributes[attribute]
        remedy = "Correct the value"
        if "$" in value:
            remedy = "This is a xacro file: turn it into URDF with `xacro in.xacro > out.urdf`"
        return self.error(f'{attribute}="{value}" of <{self.tag}>: expected {expected}', remedy)

    def error(self, message: str, remedy: str) -> AssetError:
        """The fault as an exception that names this element's file and line."""
        return AssetError(f"{self.place}: {message}. {remedy}.")

    @property
    def place(self) -> str:
        """`file:line` of the element's start."""
        return f"{self.file}:{self.line}"


def read_xml(path: Path) -> XmlElement:
    """Parse a file.

    Returns:
        The root element.

    Raises:
        AssetError: the file is missing, unreadable, empty, truncated or malformed.
    """
    data = _read_bytes(path)
    if not data.strip():
        raise AssetError(f"{path}:1: the file is empty. Write or download it again.")
    builder = _TreeBuilder(path)
    try:
        builder.parser.Parse(data, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise AssetError(builder.complaint(error)) from error
    assert builder.root is not None, "expat accepts no document without a root element"
    return builder.root


def _read_bytes(path: Path) -> bytes:
    try:
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
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
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
