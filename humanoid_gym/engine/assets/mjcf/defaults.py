"""`<default>` classes: the attributes that an element has without stating them."""

from __future__ import annotations

import difflib

from humanoid_gym.engine.assets.xml_source import XmlElement

MAIN = "main"
ORIENTATIONS = ("quat", "axisangle", "xyaxes", "zaxis", "euler")
SHARED = {
    "motor": "general",
    "position": "general",
    "velocity": "general",
    "fixed": "tendon",
    "spatial": "tendon",
}
"""Tags whose defaults MuJoCo keeps under another tag."""


class Defaults:
    """The classes of one file.

    Args:
        document: the `<mujoco>` element.
    """

    def __init__(self, document: XmlElement) -> None:
        self._classes: dict[str, dict[str, dict[str, str]]] = {MAIN: {}}
        for element in document.find_all("default"):
            name = element.attributes.get("class", MAIN)
            self._read(element, name if name in self._classes else MAIN)

    def _read(self, element: XmlElement, name: str) -> None:
        own = self._classes[name]
        for child in element.children:
            if child.tag != "default":
                tag = SHARED.get(child.tag, child.tag)
                own[tag] = _merged(own.get(tag, {}), child.attributes)
        for child in element.find_all("default"):
            inner = child.text("class")
            inherited = {tag: dict(attributes) for tag, attributes in own.items()}
            self._classes[inner] = {**inherited, **self._classes.get(inner, {})}
            self._read(child, inner)

    def complete(self, element: XmlElement, inherited: str) -> XmlElement:
        """The element with its class's attributes filled in.

        Args:
            element: a geom, joint, mesh or actuator.
            inherited: class of elements that state none here (`childclass`).

        Raises:
            AssetError: its class is not defined.
        """
        name = element.attributes.get("class", inherited)
        tag = SHARED.get(element.tag, element.tag)
        attributes = self._classes[self.check(name, element)].get(tag, {})
        filled = _merged(attributes, element.attributes)
        return XmlElement(element.tag, filled, element.file, element.line, element.children)

    def check(self, name: str, element: XmlElement) -> str:
        """The class's name, if there is such a class.

        Raises:
            AssetError: there is none.
        """
        if name in self._classes:
            return name
        near = difflib.get_close_matches(name, self._classes, n=1)
        remedy = f"Did you mean '{near[0]}'" if near else "Define it in <default>"
        raise element.error(f"<{element.tag}> is of the undefined class '{name}'", remedy)


def _merged(below: dict[str, str], above: dict[str, str]) -> dict[str, str]:
    """Attributes of `above` before those of `below`; an orientation replaces any other form."""
    if any(name in above for name in ORIENTATIONS):
        below = {name: text for name, text in below.items() if name not in ORIENTATIONS}
    return {**below, **above}
