"""Tables of a Markdown document, written by the scripts that know the numbers."""

from pathlib import Path
from typing import Dict, List, Sequence

Row = Sequence[str]


def table(head: Row, rows: List[Row]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def replace_tables(document: Path, tables: Dict[str, str]) -> None:
    """Replaces each `<!-- table: name -->` … `<!-- end -->` block of the document."""
    text = document.read_text(encoding="utf-8")
    for name, content in tables.items():
        mark = f"<!-- table: {name} -->"
        before, rest = text.split(mark)
        after = rest.split("<!-- end -->", 1)[1]
        text = f"{before}{mark}\n{content}\n<!-- end -->{after}"
    document.write_bytes(text.encode())
