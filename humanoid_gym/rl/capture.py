"""Work of fixed shape, captured in a CUDA graph and replayed with one launch.

A control step or a gradient step is some two hundred small kernels. Launched one by one they cost
the host more than the GPU needs to compute them; a graph launches all of them at once.
"""

import logging
import warnings
from contextlib import suppress
from typing import Any, Callable, Dict, Generic, List, Optional, Sequence, Tuple, TypeVar

import torch

from humanoid_gym.waiting import listened_to

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

_WARM_UP_CALLS = 3
"""As in PyTorch's documentation: cuBLAS and TorchScript are then done with preparing themselves."""

_ABANDONED: List[torch.cuda.CUDAGraph] = []
"""Graphs whose capture failed: PyTorch's allocators may go on asking them for their stream."""

_STREAMS: Dict[torch.device, torch.cuda.Stream] = {}
"""One for all graphs of a device: see `CudaGraph`."""


class CapturedStep(Generic[Result]):
    """A function of tensors that stay where they are; on a GPU a CUDA graph replays it.

    The function takes no arguments: it reads and writes tensors that keep their place in memory,
    and whatever it returns is overwritten by the next call. It must not wait for the device, draw
    random numbers from generators that are not named, or keep autograd's graph of an earlier call
    alive. Numbers and branches of Python are frozen into the graph.

    The first three calls run the function as it is: they count like all others. The next one
    captures it. On a CPU, or where capture is refused or fails, every call runs the function; a GPU
    that cannot capture is reported with one warning.
    """

    def __init__(
        self,
        function: Callable[[], Result],
        device: torch.device,
        name: str,
        enabled: bool = True,
        generators: Sequence[torch.Generator] = (),
        graph: Optional["CudaGraph[Result]"] = None,
    ) -> None:
        """Nothing is captured yet.

        Args:
            function: what to capture.
            device: where its tensors live.
            name: what the function is, for warnings.
            enabled: False runs the function at every call.
            generators: those that it draws from, apart from PyTorch's default one.
            graph: captures and replays; None: a CUDA graph if `device` is a GPU.
        """
        self.function = function
        self.name = name
        self._graph = graph
        if graph is None and enabled and device.type == "cuda":
            self._graph = CudaGraph(device, generators)
        self._calls = 0
        self._result: Optional[Tuple[Result]] = None

    @property
    def captured(self) -> bool:
        """Whether the next call replays a graph."""
        return self._result is not None

    def __call__(self) -> Result:
        """Run the function, or replay it."""
        graph = self._graph
        if graph is None or graph.within_another:
            return self.function()
        if self._result is not None:
            graph.replay()
            return self._result[0]
        self._calls += 1
        if self._calls < _WARM_UP_CALLS:
            return graph.run(self.function)
        if self._calls == _WARM_UP_CALLS:
            return self._rehearse(graph)
        return self._capture(graph)

    def _rehearse(self, graph: "CudaGraph[Result]") -> Result:
        """Run once more and listen for what a capture could not record."""
        result, complaint = graph.rehearse(self.function)
        if complaint:
            self._give_up(complaint)
        return result

    def _capture(self, graph: "CudaGraph[Result]") -> Result:
        try:
            result = graph.capture(self.function)
        except Exception as error:  # whatever PyTorch or a library says: the work itself can go on
            reason = (str(error).strip().splitlines() or [""])[0]
            self._give_up(f"{type(error).__name__}: {reason}")
            return self.function()
        self._result = (result,)
        graph.replay()  # capturing only records
        return result

    def _give_up(self, reason: str) -> None:
        self._graph = None
        logger.warning(
            "the %s is NOT captured in a CUDA graph and runs slower, kernel by kernel: %s",
            self.name,
            reason,
        )


class CudaGraph(Generic[Result]):
    """Runs a function on a stream of its own, captures it there, and replays it.

    Warm-up and capture share the stream, since autograd ties the leaves of its graph to the stream
    that they were first used on.
    """

    def __init__(self, device: torch.device, generators: Sequence[torch.Generator]) -> None:
        """Args: device: a GPU. generators: to be advanced by each replay."""
        self._device = device
        self._generators = generators
        self._graph: Optional[torch.cuda.CUDAGraph] = None

    @property
    def _stream(self) -> torch.cuda.Stream:
        if self._device not in _STREAMS:
            _STREAMS[self._device] = torch.cuda.Stream(self._device)
        return _STREAMS[self._device]

    @property
    def within_another(self) -> bool:
        """Whether a larger graph is just being captured, which will contain this function."""
        return torch.cuda.is_current_stream_capturing()

    def run(self, function: Callable[[], Result]) -> Result:
        """Run the function as it is, on the stream of the capture, and return its result."""
        current = torch.cuda.current_stream(self._device)
        self._stream.wait_stream(current)
        with torch.cuda.device(self._device), torch.cuda.stream(self._stream):
            result = function()
        current.wait_stream(self._stream)
        return result

    def rehearse(self, function: Callable[[], Result]) -> Tuple[Result, str]:
        """Run the function as it is, and say what in it would have waited for the device.

        Returns:
            Its result, and the complaint: empty if there is none.
        """
        result, place = listened_to(lambda: self.run(function))
        return result, f"it waits for the device at {place}" if place else ""

    def capture(self, function: Callable[[], Result]) -> Result:
        """Record the function without running it; return the tensors that replays write.

        Raises:
            RuntimeError: it does something that cannot be recorded.
        """
        current = torch.cuda.current_stream(self._device)
        with torch.cuda.device(self._device), torch.cuda.stream(current):  # back, if it fails
            graph, pool = self._new_graph(), torch.cuda.graph_pool_handle()
            # What other threads do, such as NCCL's that looks after its work, must not spoil it.
            mode = "thread_local"
            try:
                with torch.cuda.graph(graph, pool, self._stream, capture_error_mode=mode):
                    result = function()
            except BaseException:
                _ABANDONED.append(graph)
                self._clean_up(pool)
                raise
        self._graph = graph
        return result

    def _clean_up(self, pool: Any) -> None:  # noqa: ANN401 - PyTorch's opaque handle
        """Bring allocator and generators out of a capture that PyTorch could not end."""
        index = torch.cuda.current_device()
        with suppress(RuntimeError):  # it did end
            torch._C._cuda_endAllocateToPool(index, pool)
            torch._C._cuda_releasePool(index, pool)
        with suppress(RuntimeError), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="The CUDA Graph is empty")
            with torch.cuda.stream(torch.cuda.Stream(self._device)):
                graph = self._new_graph()  # of nothing: its end frees the generators
                graph.capture_begin(capture_error_mode="thread_local")
                graph.capture_end()
        for generator in (torch.cuda.default_generators[index], *self._generators):
            self._revive(generator)

    def _new_graph(self) -> torch.cuda.CUDAGraph:
        graph = torch.cuda.CUDAGraph()
        for generator in self._generators:
            graph.register_generator_state(generator)
        return graph

    def _revive(self, generator: torch.Generator) -> None:
        try:
            torch.rand(1, device=self._device, generator=generator)
        except RuntimeError:  # it still believes that it is being captured; a copy does not
            generator.graphsafe_set_state(generator.clone_state())

    def replay(self) -> None:
        """Launch what `capture` recorded, on the current stream."""
        if self._graph is None:
            raise RuntimeError("nothing was captured")
        self._graph.replay()
