"""What the user typed wrong becomes one line on stderr and exit code 2."""

import logging
import os
import sys
import sysconfig
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

EXIT_BAD_INPUT = 2
"""Exit code of a command whose input cannot be used; argparse uses the same."""

_PACKAGE = str(Path(__file__).resolve().parents[1])
_INSTALLED = (*(sysconfig.get_path(name) for name in ("stdlib", "purelib")), "<")
"""Files of Python and of installed packages, and what is no file."""

_log = logging.getLogger(__name__)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn the errors of unusable input into one line and `SystemExit(2)`.

    Wrap reading, checking and constructing in it, never the work itself: a ValueError out of a
    running training is a fault of ours and deserves its traceback. HUMANOID_GYM_DEBUG=1 shows the
    traceback of input errors as well. Where the package called somebody's own lines and these
    raised, the line is named.

    Raises:
        SystemExit: with code 2, after ValueError (ConfigError among them), OSError,
            NotImplementedError, MemoryError or EngineError.
    """
    try:
        yield
    except BrokenPipeError:  # nobody reads the output: no input is to blame
        raise
    except (ValueError, OSError, NotImplementedError, MemoryError) as error:
        if os.environ.get("HUMANOID_GYM_DEBUG") == "1":
            raise
        print(f"error: {' '.join(str(error).split())}{_own_line(error)}", file=sys.stderr)
        raise SystemExit(EXIT_BAD_INPUT) from None


def _own_line(error: BaseException) -> str:
    """Return where lines that are not the package's raised an error that the package called."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame.filename.startswith(_PACKAGE) for frame in frames]
    if not any(ours) or ours[-1]:
        return ""
    called = frames[len(ours) - ours[::-1].index(True) :]
    own = [frame for frame in called if not frame.filename.startswith(_INSTALLED)]
    return f" ({own[-1].filename}, line {own[-1].lineno})" if own else ""
