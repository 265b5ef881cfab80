"""A step of our tasks on tensors of another device than the CPU: nothing in it is left on the host.

The tensors are on PyTorch's device "meta", which has shapes and no values, so that this runs
without a GPU; whatever mixes them with the CPU's, or asks for a value, is an error. The simulator
is a stub that takes whatever comes from that device.
"""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import yaml
from sync_guard import HostSyncError, SyncGuard

from humanoid_gym.config import build
from humanoid_gym.tasks import cartpole, humanoid
from humanoid_gym.tasks.cartpole import Cartpole, CartpoleConfig
from humanoid_gym.tasks.humanoid import Humanoid, HumanoidConfig
from humanoid_gym.tasks.snapshot import moved

REPOSITORY = Path(__file__).resolve().parents[2]
N = 4
ELSEWHERE = torch.device("meta")
SETTINGS = yaml.safe_load((REPOSITORY / "cfg/task/humanoid.yaml").read_text())
HUMANOID = build(HumanoidConfig, {**SETTINGS, "num_envs": N}, "task")


class StubGym:
    """Every call succeeds; tensors that are handed over have to come from the device."""

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any) -> bool:
            for argument in arguments:
                assert not isinstance(argument, torch.Tensor) or argument.device == ELSEWHERE, name
            return True

        return call


@pytest.fixture(autouse=True)
def tensors_are_handed_over_as_they_are(monkeypatch: pytest.MonkeyPatch):
    for module in (cartpole, humanoid):
        monkeypatch.setattr(module, "gymtorch", SimpleNamespace(unwrap_tensor=lambda x: x))


def elsewhere(task: Any) -> Any:
    """Put a task that was built on the CPU onto the device."""
    vars(task).update({name: moved(value, ELSEWHERE) for name, value in vars(task).items()})
    counts = torch.zeros(N, dtype=torch.long, device=ELSEWHERE)
    task.extensions = SimpleNamespace(fault_counts=lambda sim: counts)
    task.device = task.rl_device = ELSEWHERE
    task.on_gpu, task.gym, task.generator = True, StubGym(), None
    return task


@pytest.mark.parametrize(
    ("cls", "config"), [(Cartpole, CartpoleConfig(num_envs=N)), (Humanoid, HUMANOID)]
)
def test_a_step_stays_on_the_device(cls, config):
    task = elsewhere(cls(config))
    actions = torch.zeros(N, task.num_actions, device=ELSEWHERE)
    with SyncGuard():
        task.reset()
        observation, reward, reset, extras = task.step(actions)
    results = [observation["obs"], reward, reset]
    for value in extras.values():
        results += value.values() if isinstance(value, dict) else [value]
    assert len(results) > 10
    assert {result.device for result in results} == {ELSEWHERE}


def test_a_tensor_left_on_the_cpu_is_found():
    class Forgetful(Cartpole):
        def compute_reward(self):
            return {"bonus": self.obs_buf[:, 0] * torch.tensor(0.5).clone()}

    task = elsewhere(Forgetful(CartpoleConfig(num_envs=N)))
    with SyncGuard(allow=["tensor"]), pytest.raises(HostSyncError, match="host and device"):
        task.step(torch.zeros(N, 1, device=ELSEWHERE))
