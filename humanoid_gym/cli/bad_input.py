"""What the user typed wrong becomes one line on stderr and exit code 2."""

import logging
import os
import sys
from contextlib import contextmanager
from typing import Iterator

EXIT_BAD_INPUT = 2
"""Exit code of a command whose input cannot be used; argparse uses the same."""

_log = logging.getLogger(__name__)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn the errors of unusable input into one line and `SystemExit(2)`.

    Wrap reading, checking and constructing in it, never the work itself: a ValueError out of a
    running training is a fault of ours and deserves its traceback. HUMANOID_GYM_DEBUG=1 shows the
    traceback of input errors as well.

    Raises:
        SystemExit: with code 2, after ValueError (ConfigError among them), OSError,
            NotImplementedError, MemoryError or EngineError.
    """
    try:
        yield
    except (ValueError, OSError, NotImplementedError, MemoryError) as error:
        if os.environ.get("HUMANOID_GYM_DEBUG") == "1":
            raise
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        raise SystemExit(EXIT_BAD_INPUT) from None
