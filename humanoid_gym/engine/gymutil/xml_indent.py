"""Indenting the XML that programs write."""

from xml.etree import ElementTree


def _indent_xml(elem: ElementTree.Element, level: int = 0) -> None:
    """Indent an XML tree in place, two spaces per level."""
    ElementTree.indent(elem, level=level)
