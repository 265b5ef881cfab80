"""Size budgets: prints every file and function over its limit and fails if there is one.

Usage: python .ci/budgets.py
"""

import ast
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Iterator, List, Tuple

FILE_LINES = 400
FUNCTION_LINES = 40
MEDIAN_FUNCTION_LINES = 8
FILES = {"humanoid_gym/engine/gymapi.py": 600, "train.py": 60, "play.py": 60}
FUNCTIONS = {"learn": 50}


def functions(tree: ast.AST) -> Iterator[Tuple[str, int]]:
    """Yield name and number of lines of each function, its docstring not counted."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            first = node.body[0]
            documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
            docstring = first.end_lineno - first.lineno + 1 if documented else 0
            yield node.name, node.end_lineno - node.lineno + 1 - docstring


def python_files() -> List[str]:
    """Return the repository's Python files outside tests, new ones included."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    return [name for name in listing if Path(name).is_file()]


def main() -> int:
    """Check all files and return the exit code."""
    complaints, lengths = [], []
    for name in python_files():
        text = Path(name).read_text(encoding="utf-8")
        lines = text.count("\n")
        if lines > FILES.get(name, FILE_LINES):
            complaints.append(f"{name}: {lines} lines, at most {FILES.get(name, FILE_LINES)}")
        for function, length in functions(ast.parse(text)):
            lengths.append(length)
            limit = FUNCTIONS.get(function, FUNCTION_LINES)
            if length > limit:
                complaints.append(f"{name}: {function}() has {length} lines, at most {limit}")
    median = statistics.median(lengths)
    if median > MEDIAN_FUNCTION_LINES:
        complaints.append(
            f"the median function has {median} lines, at most {MEDIAN_FUNCTION_LINES}"
        )
    print("\n".join(complaints) or f"{len(lengths)} functions, median {median:g} lines")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
