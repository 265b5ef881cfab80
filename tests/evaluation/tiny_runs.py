"""Small real runs to judge: untrained policies of real tasks, in run folders as training leaves."""

from pathlib import Path

import pytest

from humanoid_gym.cli import training


def train(folder: Path, task: str, *overrides: str) -> Path:
    """Train for an iteration in a working directory of its own; return the run's folder."""
    settings = [
        f"task={task}",
        "num_envs=4",
        "device=cpu",
        "max_iterations=1",
        "train.runner.horizon=4",
        "train.policy.actor_hidden=[8]",
        "train.policy.critic_hidden=[8]",
        "train.algorithm.num_minibatches=1",
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert training.main([*settings, *overrides]) == 0
    (run,) = (folder / "runs" / task).iterdir()
    return run
