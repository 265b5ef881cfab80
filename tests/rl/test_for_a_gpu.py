"""What the learner only does for a GPU, asked of one that is not there."""

import contextlib
import logging
from types import SimpleNamespace

import pytest
import torch

from humanoid_gym.rl import distributed
from humanoid_gym.rl.continuation import restore_rng, rng_state
from humanoid_gym.rl.distributed import Launch
from humanoid_gym.rl.execution import Execution, ExecutionConfig
from humanoid_gym.rl.progress import Clock
from humanoid_gym.rl.reporting import memory_report

GPU = torch.device("cuda", 1)


def test_its_random_numbers_are_saved_and_go_on(monkeypatch):
    state, came = torch.tensor([5] * 16, dtype=torch.uint8), []
    monkeypatch.setattr(torch.cuda, "get_rng_state", lambda device: state.clone())
    monkeypatch.setattr(torch.cuda, "set_rng_state", lambda *given: came.append(given))
    generator = torch.Generator()
    restore_rng(rng_state(generator, GPU), generator, GPU)
    ((restored, device),) = came
    assert torch.equal(restored, state)
    assert restored.is_cpu
    assert device == GPU


def test_a_checkpoint_without_them_is_taken_over(monkeypatch):
    monkeypatch.setattr(torch.cuda, "set_rng_state", lambda *_: pytest.fail("none were saved"))
    generator = torch.Generator()
    restore_rng(rng_state(generator, torch.device("cpu")), generator, GPU)


@pytest.mark.parametrize("knows", [True, False])
def test_bfloat16_is_used_where_the_gpu_knows_it(monkeypatch, caplog, knows):
    asked = []

    @contextlib.contextmanager
    def autocast(*given):
        asked.append(given)
        yield

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: knows)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "an old one")
    monkeypatch.setattr(torch, "autocast", autocast)
    with (
        caplog.at_level(logging.WARNING),
        Execution(ExecutionConfig(mixed_precision=True), GPU).autocast(),
    ):
        pass
    assert asked == ([("cuda", torch.bfloat16)] if knows else [])
    assert ("an old one does not know bfloat16" in caplog.text) != knows


def test_what_compiles_is_compiled(monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda function: lambda *given: ("fast", *given))
    execution = Execution(ExecutionConfig(compile=True), torch.device("cpu"))
    assert execution.compiled(lambda x: x, "loss")(3) == ("fast", 3)


def test_its_memory_is_told(monkeypatch):
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 3 * 2**20)
    monkeypatch.setattr(torch.cuda, "max_memory_reserved", lambda device: 5 * 2**20)
    report = memory_report(GPU)
    assert (report["memory/gpu_mib"], report["memory/gpu_peak_mib"]) == (3.0, 5.0)
    assert not any("gpu" in name for name in memory_report(torch.device("cpu")))


def test_the_clock_waits_until_the_work_is_done(monkeypatch):
    waited = []
    monkeypatch.setattr(torch.cuda, "synchronize", waited.append)
    env = SimpleNamespace(device=GPU, timings=lambda: {"physics": 0.0})
    clock = Clock(env)
    clock.lap("collection")
    assert waited == [GPU]
    env.device = torch.device("cpu")
    clock.lap("learning")
    assert waited == [GPU]


@pytest.mark.parametrize(("device", "backend"), [(GPU, "nccl"), (torch.device("cpu"), "gloo")])
def test_gpus_talk_by_nccl_each_on_its_own(monkeypatch, device, backend):
    told = []
    monkeypatch.setattr(torch.cuda, "set_device", lambda given: told.append(given))
    begin = lambda backend, **options: told.append((backend, options["rank"]))  # noqa: E731
    monkeypatch.setattr(distributed.dist, "init_process_group", begin)
    monkeypatch.setattr(distributed.dist, "destroy_process_group", lambda: told.append("end"))
    launch = Launch(rank=1, world_size=2, local_rank=1, local_world_size=2)
    with distributed.connected(launch, device, timeout=9.0):
        told.append("work")
    assert told == [*([GPU] if device == GPU else []), (backend, 1), "work", "end"]
