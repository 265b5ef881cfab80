"""The end of a command whose output nobody reads any more: `python train.py … | head`."""

import functools
import logging
import signal
import sys
from typing import Callable, Optional, Sequence, TypeVar, cast

from humanoid_gym.rl.logging.display import discard_output, stop_without_reader

Main = TypeVar("Main", bound=Callable[..., int])
EXIT_NO_READER = 128 + int(getattr(signal, "SIGPIPE", 13))
"""Exit code that a shell gives to a program that SIGPIPE ended."""


def ends_quietly(main: Main) -> Main:
    """Let a command end without a traceback where its output has no reader.

    Args:
        main: the command; from its arguments to its exit code.
    """

    @functools.wraps(main)
    def run(arguments: Optional[Sequence[str]] = None) -> int:
        try:
            exit_code = main(arguments)
            sys.stdout.flush()
        except BrokenPipeError:
            discard_output()  # what is still buffered would be written, in vain, when Python ends
            return EXIT_NO_READER
        return exit_code

    return cast(Main, run)


class OutputHandler(logging.StreamHandler):
    """Log lines on the output; where nobody reads it, the command is asked to stop as by Ctrl-C."""

    def __init__(self) -> None:
        """Write to what is the standard output now."""
        super().__init__(sys.stdout)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Stop without a traceback if the output has no reader; else do as others do."""
        if isinstance(sys.exc_info()[1], BrokenPipeError):
            stop_without_reader()
        else:
            super().handleError(record)
