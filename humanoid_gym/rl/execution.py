"""How the learner's work is executed: captured, compiled, in which precision."""

import logging
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Callable, ContextManager, Iterator, Optional, Sequence, TypeVar, cast

import torch

from humanoid_gym.rl.capture import CapturedStep

logger = logging.getLogger(__name__)

Result = TypeVar("Result")
Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class ExecutionConfig:
    """How the learner's work is executed. What it computes stays the same up to rounding."""

    capture: str = field(default="auto", metadata={"choices": ("auto", "off", "step", "horizon")})
    """CUDA graphs on a GPU, which launch hundreds of kernels at once. step: one for a step of the
    policy and one for a gradient step. horizon: one for a whole rollout too, if the environment can
    be captured. auto: step; off where several processes exchange gradients."""
    tf32: bool = True
    """On a GPU, multiply matrices with ten bits of mantissa in place of 23, several times faster.
    Only the learner does; the simulation keeps its precision."""
    mixed_precision: bool = False
    """Evaluate the networks in bfloat16 (eight bits); weights and optimizer stay float32."""
    compile: bool = False
    """Compile the loss with torch.compile, which takes a minute at the start."""


class Execution:
    """Carries out an `ExecutionConfig` on a device.

    Whatever the machine cannot do is reported with one warning, and done in the plain way.
    """

    def __init__(self, config: ExecutionConfig, device: torch.device) -> None:
        """Args: config: what is wanted. device: where the networks live."""
        self.config = config
        self.device = device
        self._on_gpu = device.type == "cuda"
        self._uncaptured = False
        self._mixed = config.mixed_precision and not self._lacks_bfloat16()

    @property
    def captures_rollouts(self) -> bool:
        """Whether whole rollouts are to be captured."""
        return self._on_gpu and self.config.capture == "horizon"

    @property
    def captures(self) -> bool:
        """Whether anything is to be captured."""
        return self._on_gpu and self.config.capture != "off" and not self._uncaptured

    @property
    def captures_gradient_steps(self) -> bool:
        """Whether gradient steps are to be captured."""
        return self.captures and not (self.config.capture == "auto" and _several_processes())

    def captured(
        self,
        function: Callable[[], Result],
        name: str,
        generators: Sequence[Optional[torch.Generator]] = (),
    ) -> CapturedStep[Result]:
        """Return a function that is replayed from a CUDA graph, if that is configured.

        Args:
            function: see `CapturedStep`.
            name: what it is, for warnings.
            generators: those that it draws from; None is PyTorch's default one.
        """
        enabled = self.config.capture != "off"
        own = [generator for generator in generators if generator is not None]
        return CapturedStep(function, self.device, name, enabled, own)

    @contextmanager
    def uncaptured(self) -> Iterator[None]:
        """Run what is captured otherwise as it is, say to look at it; may wait for the device."""
        before, self._uncaptured = self._uncaptured, True
        try:
            yield
        finally:
            self._uncaptured = before

    def fast_matmul(self) -> ContextManager[None]:
        """Return a context in which a GPU multiplies float32 matrices as configured."""
        return _float32_products(self.config.tf32) if self._on_gpu else nullcontext()

    def autocast(self) -> ContextManager[Any]:
        """Return a context in which networks are evaluated in the configured precision."""
        if not self._mixed:
            return nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)

    def compiled(self, function: Function, name: str) -> Function:
        """Return the function compiled, if that is configured and works on this machine.

        Args:
            function: of tensors, without side effects.
            name: what it is, for warnings.
        """
        if not self.config.compile:
            return function
        reason = _compiler_problem(self.device)
        if not reason:
            return cast(Function, torch.compile(function))
        logger.warning("the %s is NOT compiled: %s", name, reason)
        return function

    def _lacks_bfloat16(self) -> bool:
        lacks = self._on_gpu and not torch.cuda.is_bf16_supported()
        if lacks:
            name = torch.cuda.get_device_name(self.device)
            logger.warning("mixed_precision is NOT used: %s does not know bfloat16", name)
        return lacks


def _several_processes() -> bool:
    distributed = torch.distributed
    started = distributed.is_available() and distributed.is_initialized()
    return started and distributed.get_world_size() > 1


@contextmanager
def _float32_products(tf32: bool) -> Iterator[None]:
    try:
        before = torch.get_float32_matmul_precision()
        recurrent = torch.backends.cudnn.allow_tf32
    except RuntimeError:  # somebody chose with PyTorch's newer switches: theirs is the choice
        yield
        return
    torch.set_float32_matmul_precision("high" if tf32 else "highest")
    torch.backends.cudnn.allow_tf32 = tf32
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
        torch.backends.cudnn.allow_tf32 = recurrent


def _compiler_problem(device: torch.device) -> str:
    """Return why torch.compile does not work here, empty if it does: by compiling something."""

    def smallest(x: torch.Tensor) -> torch.Tensor:
        return x * 2.0 + 1.0

    try:
        torch.compile(smallest)(torch.ones(8, device=device))
    except Exception as error:  # missing compiler, headers, Triton, an old GPU, an old PyTorch
        lines = str(error).strip().splitlines() or [""]
        return f"torch.compile fails here with {type(error).__name__}: {lines[0]}"
    return ""
