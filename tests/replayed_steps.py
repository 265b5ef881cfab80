"""What a task returns step by step, on the CPU or on a GPU that is pretended."""

import contextlib
from collections.abc import Sequence

import torch
from pretend_cuda import no_waiting

from humanoid_gym.tasks.task_config import TaskConfig
from humanoid_gym.tasks.vec_task import VecTask


def returned_by_steps(
    cls: type[VecTask], settings: TaskConfig, steps: int, state: Sequence[str] = ()
) -> list[dict[str, torch.Tensor]]:
    """All tensors of each step, copied to the CPU; a step that is replayed must not wait.

    Args:
        cls: of the task.
        settings: of the task.
        steps: how many.
        state: tensor attributes of the task that are looked at after each step, too.
    """
    task = cls(settings, rl_device="cuda:0")
    task.reset()
    draw, rows = torch.Generator().manual_seed(5), []
    shape = (task.num_envs, task.num_actions)
    for _ in range(steps):
        actions = (torch.randn(shape, generator=draw) * 0.5).to("cuda:0")
        with no_waiting() if task._step.captured else contextlib.nullcontext():
            observations, reward, reset, extras = task.step(actions)
        tensors = {**observations, "reward": reward, "reset": reset}
        for key, value in extras.items():
            parts = value.items() if isinstance(value, dict) else [("", value)]
            tensors.update({f"{key}{part}": tensor for part, tensor in parts})
        tensors.update({name: getattr(task, name) for name in state})
        rows.append({key: value.cpu() for key, value in tensors.items()})
    assert task._step.captured == settings.capture
    task.close()
    return rows
