"""What a task asks of the simulator for a device: index, GPU physics, GPU pipeline."""

import copy
from types import SimpleNamespace

import pytest
import torch
from test_legacy_task import CONFIG as LEGACY_CONFIG

from humanoid_gym import VecTask
from humanoid_gym.tasks import simulated_task
from humanoid_gym.tasks.cartpole import Cartpole, CartpoleConfig


class Asked(Exception):  # noqa: N818 (what came, not what went wrong)
    """Carries the arguments of create_sim."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch):
    """Build a task on a machine with two GPUs; return what create_sim was given."""
    generator = SimpleNamespace(manual_seed=lambda seed: None)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch, "Generator", lambda device: generator)

    def create_sim(*arguments):
        raise Asked(*arguments)

    gym = SimpleNamespace(create_sim=create_sim)
    monkeypatch.setattr(simulated_task.gymapi, "acquire_gym", lambda: gym)

    def build(make):
        with pytest.raises(Asked) as error:
            make()
        index, graphics, _, params = error.value.args
        return index, graphics, params.use_gpu_pipeline, params.physx.use_gpu

    return build


def legacy(pipeline, use_gpu):
    config = copy.deepcopy(LEGACY_CONFIG)
    config["env"].update(numObservations=4, numActions=1)
    config["sim"]["use_gpu_pipeline"] = pipeline
    config["sim"]["physx"]["use_gpu"] = use_gpu
    return config


def test_a_typed_task_keeps_physics_and_tensors_on_its_gpu(asked):
    assert asked(lambda: Cartpole(CartpoleConfig(), "cuda:1")) == (1, -1, True, True)
    assert asked(lambda: Cartpole(CartpoleConfig(), "cuda")) == (0, -1, True, True)
    assert asked(lambda: Cartpole(CartpoleConfig(), "cpu")) == (0, -1, False, False)


@pytest.mark.parametrize(
    ("pipeline", "use_gpu", "expected"),
    [(True, True, (1, 3, True, True)), (False, True, (1, 3, False, True))],
)
def test_a_legacy_task_gets_what_its_configuration_says(asked, pipeline, use_gpu, expected):
    config = legacy(pipeline, use_gpu)
    assert asked(lambda: VecTask(config, "cuda:0", "cuda:1", 3)) == expected


def test_the_cpu_as_device_takes_the_tensors_there(asked):
    index, _, pipeline, _ = asked(lambda: VecTask(legacy(True, False), "cpu", "cpu"))
    assert (index, pipeline) == (0, False)
