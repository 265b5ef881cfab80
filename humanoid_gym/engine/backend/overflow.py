"""Contacts or constraints that did not fit into MuJoCo Warp's arrays: noticed, without waiting."""

from __future__ import annotations

import logging

import torch
from torch import Tensor

logger = logging.getLogger(__name__)

DROPPED = {
    1 << 0: "constraints",
    1 << 1: "entries of the constraints' Jacobian",
    1 << 2: "pairs of shapes near each other",
    1 << 3: "contacts",
    1 << 4: "contacts of convex shapes",
    1 << 5: "contacts with a height field",
}
"""What MuJoCo Warp drops, by bit of its overflow flags."""
REMEDIES = {"contacts with a height field": "make its cells larger or divide the shapes"}
MORE_ROOM = "raise SimParams.physx.max_gpu_contact_pairs"
LOOK_EVERY = 64
"""Steps between two looks."""


class OverflowWatch:
    """Looks at the overflow flags every now and then and reports what was dropped.

    Flags stay until they are read, so nothing is missed. On a GPU they are copied to the host while
    the device goes on, and read at a later step.

    Args:
        flags: MuJoCo Warp's, one per environment, int32.
    """

    def __init__(self, flags: Tensor) -> None:
        self._flags = flags
        self._bits = torch.tensor(list(DROPPED), dtype=flags.dtype, device=flags.device)
        self._steps = 0
        self._copy: Tensor | None = None
        self._event: torch.cuda.Event | None = None
        self.counts = dict.fromkeys(DROPPED.values(), 0)
        """Environments in which something was dropped, summed over the looks."""

    def look(self) -> None:
        """Called after each step; reports at most every LOOK_EVERY steps."""
        if self._flags.is_cuda and torch.cuda.is_current_stream_capturing():
            return
        self._steps += 1
        if self._event is not None and self._event.query():
            self._read()
        elif self._event is None and self._steps % LOOK_EVERY == 0:
            self._fetch()

    def _fetch(self) -> None:
        counts = ((self._flags[:, None] & self._bits) != 0).sum(dim=0)
        self._flags.zero_()
        if not self._flags.is_cuda:
            self._copy = counts
            self._read()
            return
        self._copy = torch.empty(counts.shape, dtype=counts.dtype, pin_memory=True)
        self._copy.copy_(counts, non_blocking=True)
        self._event = torch.cuda.Event()
        # The flags' device need not be the current one.
        self._event.record(torch.cuda.current_stream(self._flags.device))

    def _read(self) -> None:
        assert self._copy is not None
        for what, count in zip(DROPPED.values(), self._copy.tolist(), strict=True):
            if count and not self.counts[what]:
                logger.warning(
                    "%d environments had more %s than there is room for; the surplus is ignored; "
                    "%s",
                    count,
                    what,
                    REMEDIES.get(what, MORE_ROOM),
                )
            self.counts[what] += count
        self._copy = self._event = None
