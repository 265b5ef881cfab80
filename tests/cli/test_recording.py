"""play.py --record makes what train.py's warm start reads."""

from pathlib import Path

import numpy as np
import pytest
import torch
from test_train_play import train

from humanoid_gym.cli import playing, training
from humanoid_gym.rl.checkpoint import load_checkpoint, load_networks
from humanoid_gym.rl.networks import ActorCritic, ActorCriticConfig


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("workplace")


@pytest.fixture(scope="module")
def run(workplace: Path) -> Path:
    return train(workplace, "max_iterations=3")


@pytest.fixture(scope="module")
def recording(workplace: Path, run: Path) -> Path:
    path = workplace / "pairs.npz"
    arguments = ["--checkpoint", str(run), "--episodes", "6", "--record", str(path)]
    assert playing.main(arguments) == 0
    return path


def test_actions_are_the_policys_for_the_raw_observations_beside_them(run: Path, recording: Path):
    with np.load(recording, allow_pickle=False) as file:
        observations, actions = torch.tensor(file["observations"]), torch.tensor(file["actions"])
        assert str(file["task"]) == "cartpole"
    assert observations.shape[1] == 4 and actions.shape == (len(observations), 1)
    assert len(observations) > 30  # six episodes of some length
    networks = ActorCritic(4, 1, ActorCriticConfig(actor_hidden=(8,), critic_hidden=(8,)))
    checkpoint = run / "checkpoints" / "last.pt"
    load_networks(load_checkpoint(checkpoint), networks, checkpoint)
    torch.testing.assert_close(networks.act_greedily(observations), actions)
    # the first of each episode lies near the middle, in metres and radians: nothing is normalized
    assert (observations[:6, [0, 2]].abs() <= 0.1).all()


def test_a_training_starts_from_the_recording(workplace: Path, recording: Path, caplog):
    fresh = train(workplace, "max_iterations=1", f"train.behavioural_cloning.file={recording}")
    (message,) = [r.getMessage() for r in caplog.records if "cloned" in r.getMessage()]
    assert str(recording) in message
    state = load_checkpoint(fresh / "checkpoints" / "last.pt")["networks"]
    with np.load(recording) as file:
        pairs = len(file["observations"])
    rollout = 8 * 8  # environments and horizon of these small trainings
    assert state["observation_normalizer.count"] == pairs + rollout


@pytest.mark.parametrize(
    ("task", "file", "reason"),
    [
        ("cartpole", "missing.npz", "demonstrations missing.npz: the file does not exist"),
        ("humanoid", "pairs.npz", "demonstrations pairs.npz are of task=cartpole, this run has"),
    ],
)
def test_a_bad_recording_is_one_line_and_no_run(
    workplace: Path, recording: Path, monkeypatch, capsys, task: str, file: str, reason: str
):
    monkeypatch.chdir(workplace)
    before = set(workplace.glob("runs/*/*"))
    with pytest.raises(SystemExit) as caught:
        training.main([f"task={task}", "num_envs=2", f"train.behavioural_cloning.file={file}"])
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert reason in error and error.count("\n") == 1
    assert set(workplace.glob("runs/*/*")) == before


def test_a_recording_that_cannot_be_written_is_refused_before_playing(run: Path, capsys):
    with pytest.raises(SystemExit) as caught:
        playing.main(["--checkpoint", str(run), "--record", "nowhere/pairs.npz"])
    assert caught.value.code == 2
    assert "there is no folder nowhere" in capsys.readouterr().err
