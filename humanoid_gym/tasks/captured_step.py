"""A task's step: as it is, or on a GPU from CUDA graphs that repeat it without Python."""

import logging
from typing import TYPE_CHECKING, Any, Callable, Dict, Optional

import torch
from torch import Tensor

from humanoid_gym.tasks.held_tensors import HeldTensors
from humanoid_gym.waiting import listened_to

if TYPE_CHECKING:
    from humanoid_gym.tasks.vec_task import VecTask

logger = logging.getLogger(__name__)

WARM_UP_STEPS = 3
"""Before recording: PyTorch loads kernels and TorchScript compiles at the first calls."""
MOST_RECORDINGS = 5
"""A task whose settings change more often than this runs step by step."""
BOOKKEEPING = ("control_steps", "extras", "obs_dict", "_seconds", "viewer", "_viewing")
"""Attributes of VecTask that are seen to here, or after the step: it is drawn as it is then."""


class CapturedTaskStep:
    """Calls a task's step, and once it has run a few times replays what it did on the GPU.

    Whatever `step` returns is in the same tensors each time. Between steps a program may write into
    the task's tensors, replace them by others of their shape, reset environments and load states;
    where it changes numbers that the step depends on, the step is recorded anew.

    Args:
        task: constructed, up to its stepping.
        advance: a whole step, from actions (num_envs, num_actions) to the published extras.
    """

    def __init__(self, task: "VecTask", advance: Callable[[Tensor], None]) -> None:
        self._task = task
        self._advance = advance
        self._ignored = (*BOOKKEEPING, *task.recomputed)
        self._held: Optional[HeldTensors] = None
        self._replay: Optional[Callable[[], None]] = None
        self._recomputed: Dict[str, Any] = {}
        self._obs_dict: Dict[str, Any] = {}
        self._extras: Dict[str, Any] = {}
        self._actions = torch.zeros(task.num_envs, task.num_actions, device=task.device)
        self._steps = self._recordings = 0
        self._captures = task.on_gpu
        if self._captures:
            self._give_up(obstacle(task), logging.INFO)

    @property
    def captured(self) -> bool:
        """Whether the next step is replayed; not where the simulator failed to record it."""
        return self._replay is not None and not getattr(self._replay, "failed", False)

    def __call__(self, actions: Tensor) -> bool:
        """Advance the task by one step; return whether it was replayed.

        Args:
            actions: shape (num_envs, num_actions).

        Raises:
            RuntimeError: somebody captures a CUDA graph around it.
        """
        if not self._captures:
            self._advance(actions)
            return False
        _refuse_larger_capture(self._task)
        if self._replay is not None and self._still_holds():
            self._actions.copy_(actions)
            self._replay()
            self._show()
            return True
        self._steps += 1
        if self._steps < WARM_UP_STEPS:
            self._advance(actions)
        elif self._steps == WARM_UP_STEPS:
            self._rehearse(actions)
        else:
            self._record(actions)
        return False

    def forget(self) -> None:
        """Record anew after the next steps."""
        self._steps = 0
        self._replay = self._held = None

    def _rehearse(self, actions: Tensor) -> None:
        """Run as it is, and look whether a graph could do the same again."""
        held = HeldTensors(self._task, self._ignored)
        place = ""
        if self._task.device.type == "cuda":
            _, place = listened_to(lambda: self._advance(actions))
        else:
            self._advance(actions)
        waits = f"it waits for the GPU at {place}" if place else ""
        self._give_up(waits or held.objection(self._task), logging.WARNING)

    def _record(self, actions: Tensor) -> None:
        task = self._task
        self._held = HeldTensors(task, self._ignored)
        self._actions.copy_(actions)
        capture = task.extensions.capture
        self._replay = capture(task.sim, self._advance_in_place, [task.generator])
        self._recordings += 1
        if self._replay is None:
            self._give_up("physics is not on the GPU", logging.WARNING)
            self._advance(actions)
            return
        self._replay()

    def _advance_in_place(self) -> None:
        """Step such that doing it once more on the same tensors is the next step."""
        assert self._held is not None
        try:
            self._advance(self._actions)
            self._held.write_back(self._task)
        except BaseException:
            self._held.put_back(self._task)
            raise
        task = self._task
        self._obs_dict, self._extras = dict(task.obs_dict), dict(task.extras)
        self._recomputed = {name: vars(task).get(name) for name in task.recomputed}

    def _still_holds(self) -> bool:
        """Whether a replay is the right step; brings what was assigned since to its place."""
        assert self._held is not None
        reason = self._held.changed(self._task)
        if reason:
            logger.info("%s: the step is recorded anew: %s", type(self._task).__name__, reason)
            if self._recordings >= MOST_RECORDINGS:
                self._give_up(f"{reason}, again and again", logging.WARNING)
            self.forget()
            return False
        self._held.write_back(self._task)
        return True

    def _show(self) -> None:
        """Point to the graph's results, in place of what a reset may have left."""
        task = self._task
        task.obs_dict.update(self._obs_dict)
        task.extras.update(self._extras)
        vars(task).update(self._recomputed)

    def _give_up(self, reason: str, level: int) -> None:
        if not reason:
            return
        self._captures = False
        self._replay = None
        logger.log(
            level,
            "%s: steps are not captured in a CUDA graph and run slower, kernel by kernel: %s",
            type(self._task).__name__,
            reason,
        )


def obstacle(task: "VecTask") -> str:
    """Return why a task's step cannot be captured, whatever it does; empty if it may be."""
    if not task.config.capture:
        return "the configuration says capture: false"
    if getattr(task.extensions, "capture", None) is None:
        return "this simulator offers no capture"
    if task.overrides("post_physics_step"):
        return "it overrides post_physics_step and resets in its own way"
    if not task.overrides("reset_envs"):
        return "it resets environments by their indices (reset_idx), which the host has to know"
    return ""


def _refuse_larger_capture(task: "VecTask") -> None:
    if task.device.type == "cuda" and torch.cuda.is_current_stream_capturing():
        raise RuntimeError(
            f"{type(task).__name__}.step cannot be part of a larger CUDA graph: physics is a graph "
            "of its own"
        )
