"""What a function does on a GPU, recorded once and replayed without the host's part of the work.

PyTorch and Warp each capture what is theirs, in graphs of their own that are launched one after the
other. One graph for both is possible (`warp.capture_begin(external=True)`), but Warp builds its
solver's loops by ending and resuming the capture under another identity, after which PyTorch's
allocator no longer knows that it is capturing and hands out memory that is not the graph's.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    import warp as wp

    from humanoid_gym.engine.sim import Sim
    from humanoid_gym.engine.simulation import Simulation

logger = logging.getLogger(__name__)

_ABANDONED: list[torch.cuda.CUDAGraph] = []
"""Graphs whose capture failed: PyTorch's allocators may go on asking them for their stream."""


class Recording:
    """A sequence of graphs, PyTorch's and Warp's.

    Args:
        device: a CUDA device.
        generators: random number generators that the recorded function draws from.
    """

    def __init__(self, device: torch.device, generators: Sequence[torch.Generator]) -> None:
        self._device, self._generators = device, generators
        self._stream = torch.cuda.Stream(device)
        self._pool = torch.cuda.graph_pool_handle()
        self._graph: torch.cuda.CUDAGraph | None = None
        self._launches: list[Callable[[], None]] = []

    @contextlib.contextmanager
    def recording(self) -> Iterator[None]:
        """Record what happens inside, without doing it."""
        torch.cuda.synchronize(self._device)
        gc.collect()
        torch.cuda.empty_cache()
        with torch.cuda.stream(self._stream), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="The CUDA Graph is empty")
            try:
                self._begin()
                yield
                self._end()
            except BaseException:
                self._abandon()
                raise

    def warp(self, launcher: Callable[[], Callable[[], None]]) -> None:
        """Called while recording: one of Warp's graphs comes next.

        Args:
            launcher: returns what launches it, and may capture it: PyTorch does not meanwhile.
        """
        self._end()
        self._launches.append(launcher())
        self._begin()

    def replay(self) -> None:
        """Do what was recorded, on the current stream."""
        for launch in self._launches:
            launch()

    def _begin(self) -> None:
        self._graph = self._new_graph()
        self._graph.capture_begin(pool=self._pool, capture_error_mode="thread_local")

    def _end(self) -> None:
        graph = self._graph
        assert graph is not None  # begun
        graph.capture_end()
        self._graph = None
        self._launches.append(graph.replay)

    def _new_graph(self) -> torch.cuda.CUDAGraph:
        graph = torch.cuda.CUDAGraph()
        for generator in self._generators:
            graph.register_generator_state(generator)
        return graph

    def _abandon(self) -> None:
        """Bring PyTorch out of a capture that failed.

        It does not see to that itself: its allocator would go on keeping memory for the graph, and
        the generators would refuse to draw ("Offset increment outside graph capture").
        """
        graph, self._graph = self._graph, None
        if graph is None:  # while Warp captured, which cleans up by itself
            return
        _ABANDONED.append(graph)
        with contextlib.suppress(RuntimeError):
            graph.capture_end()
        with contextlib.suppress(RuntimeError, AttributeError):  # it did end
            torch._C._cuda_endAllocateToPool(self._device.index, self._pool)
            torch._C._cuda_releasePool(self._device.index, self._pool)
        with contextlib.suppress(RuntimeError), torch.cuda.stream(torch.cuda.Stream(self._device)):
            graph = self._new_graph()  # of nothing: its end frees the generators
            graph.capture_begin(capture_error_mode="thread_local")
            graph.capture_end()


class WarpGraphs:
    """Warp's graphs of a backend, by name; each is captured the second time it is asked for.

    Args:
        in_order: puts Warp's work in the order of PyTorch's current stream.
    """

    def __init__(self, in_order: Callable[[], AbstractContextManager[None]]) -> None:
        self._in_order = in_order
        self._graphs: dict[str, wp.Graph | None] = {}
        self.after_replay: Callable[[], None] = lambda: None
        """What the host does after a recorded step."""
        self.generation = 0
        """Counts how often all of them became invalid."""
        self.recording: Recording | None = None
        """Where launches go instead of the device; None: to the device."""
        self._failed = False
        """Whether capturing or launching was given up."""

    def clear(self) -> None:
        """Forget all: arrays that they work on were replaced."""
        self._graphs.clear()
        self.generation += 1

    def run(self, name: str, function: Callable[[], None]) -> None:
        """Do what a function launches, in the order of PyTorch's current stream.

        Args:
            name: stands for the function and the arrays it works on.
            function: launches Warp's kernels, always the same ones.
        """
        if self.recording is not None:
            if name not in self._graphs or self._failed:
                raise RuntimeError(f"{name} has to run once, in a graph, before it is recorded")
            self.recording.warp(lambda: self._launcher(name, function))
        elif name not in self._graphs or self._failed:
            self._graphs[name] = None  # the first time loads the kernels, which no capture may do
            with self._in_order():
                function()
        else:
            try:
                self._launcher(name, function)()
            except RuntimeError as error:  # nothing of it was done
                self._failed = True
                logger.warning(
                    "physics could not be captured in a CUDA graph and will run slowly, kernel by "
                    "kernel: %s",
                    first_line(error),
                )
                self.run(name, function)

    def _launcher(self, name: str, function: Callable[[], None]) -> Callable[[], None]:
        """What launches the graph of this name, which is captured if it was not yet."""
        import warp as wp

        known = self._graphs[name]
        if known is None:
            with self._in_order(), wp.ScopedCapture() as capture:
                function()
            known = self._graphs[name] = capture.graph
        graph = known
        assert graph is not None

        def launch() -> None:
            with self._in_order():
                wp.capture_launch(graph)

        return launch


class CapturedFunction:
    """A function of a simulation that is recorded at its first call and replayed from then on.

    It must have run before, so that all kernels are loaded. Where recording fails it simply runs:
    one warning says why. It is recorded again when the simulation was compiled again.

    Args:
        sim: physics on a GPU.
        function: simulates, refreshes and sets tensors, computes; without asking the device for a
            value, and on the same tensors each time.
        generators: random number generators that it draws from.
    """

    def __init__(
        self, sim: Sim, function: Callable[[], None], generators: Sequence[torch.Generator]
    ) -> None:
        self._sim, self._function, self._generators = sim, function, generators
        self._recorded: tuple[object, int] | None = None
        self._recording: Recording | None = None
        self._num_steps = 0
        self.failed = False
        """Whether recording was given up."""

    def __call__(self) -> None:
        """Do what the function does."""
        simulation = self._sim.running("simulate")
        if self.failed or simulation.has_passing_input:
            self._function()
            return
        simulation.before_replay()
        now = self._compiled(simulation)
        if self._recording is not None and self._recorded == now:
            self._recording.replay()
            simulation.after_replay(self._num_steps)
        elif self._recorded not in (None, now):
            self._recording, self._recorded = None, now
            self._function()  # loads what changed, before it is recorded again
        else:
            self._record(simulation)

    def _record(self, simulation: Simulation) -> None:
        before, graphs = simulation.num_steps, graphs_of(simulation)
        recording = Recording(simulation.device, self._generators)
        try:
            graphs.recording = recording
            with recording.recording():
                self._function()
        except RuntimeError as error:
            self.failed = True
            logger.warning(
                "the step could not be captured in CUDA graphs and will run slowly, kernel by "
                "kernel: %s",
                first_line(error),
            )
        finally:
            graphs.recording = None
        self._num_steps = simulation.num_steps - before
        if self.failed:
            simulation.num_steps = before
            simulation.after_replay(0)
            self._function()
            return
        self._recording = recording
        self._recorded = self._compiled(simulation)
        recording.replay()
        simulation.after_replay(0)

    @staticmethod
    def _compiled(simulation: Simulation) -> tuple[object, int]:
        """What a recording holds for: the compiled simulation and its arrays."""
        return simulation.backend, graphs_of(simulation).generation


def first_line(error: Exception) -> str:
    """What an error says first; its type where it says nothing."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def graphs_of(simulation: Simulation) -> WarpGraphs:
    """The graphs of a simulation on a GPU."""
    assert simulation.backend.graphs is not None
    return simulation.backend.graphs
