"""Where the host waits for a GPU."""

import warnings
from typing import Callable, Tuple, TypeVar

import torch

Result = TypeVar("Result")


def listened_to(function: Callable[[], Result]) -> Tuple[Result, str]:
    """Run a function and listen whether it waits for a GPU, which no CUDA graph can hold.

    Returns:
        Its result, and the file and line at which it waits first; "" if it never does.
    """
    before = torch.cuda.get_sync_debug_mode()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            result = function()
        finally:
            torch.cuda.set_sync_debug_mode(before)
    place = ""
    for warning in caught:
        text = str(warning.message)
        if "synchronizing CUDA operation" in text:
            place = place or f"{warning.filename}:{warning.lineno}"
        elif "Synchronization debug mode is a prototype" not in text:  # told at the first use
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
    return result, place
