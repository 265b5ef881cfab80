"""Files of recorded observations and actions, good and bad."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from humanoid_gym.rl.demonstrations import DemonstrationError, Recorder, load_demonstrations

NUM_OBS, NUM_ACTIONS = 4, 2


def record(path: Path, steps: int = 3, task: str = "juggling") -> list[torch.Tensor]:
    """Three environments for some steps, with buffers that are overwritten at each."""
    recorder = Recorder(path, task)
    obs, actions = torch.zeros(3, NUM_OBS), torch.zeros(3, NUM_ACTIONS)
    act = recorder.watching(lambda x: actions.copy_(x[:, :2] * 2.0))
    seen = []
    for step in range(steps):
        obs.copy_(torch.randn(3, NUM_OBS, generator=torch.Generator().manual_seed(step)))
        assert act(obs) is actions
        seen.append(obs.clone())
    assert recorder.save() == 3 * steps
    return seen


def test_what_was_seen_and_done_comes_back(tmp_path: Path):
    path = tmp_path / "pairs.npz"
    seen = torch.cat(record(path))
    found = load_demonstrations(path, NUM_OBS, NUM_ACTIONS, "juggling")
    assert torch.equal(found.observations, seen)
    assert torch.equal(found.actions, seen[:, :2] * 2.0)
    assert found.task == "juggling"
    assert [file.name for file in tmp_path.iterdir()] == ["pairs.npz"]


def test_any_plain_arrays_will_do(tmp_path: Path):
    """From other programs: no task, double precision or whole numbers."""
    path = tmp_path / "motion.npz"
    np.savez_compressed(path, observations=np.eye(4), actions=np.ones((4, 2), dtype=np.int32))
    found = load_demonstrations(path, 4, 2, "humanoid")
    assert found.observations.dtype == found.actions.dtype == torch.float32
    assert torch.equal(found.observations, torch.eye(4)) and found.task == ""


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "pairs.npz"
    record(path)
    before = path.read_bytes()

    def fails(file, **content):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", fails)
    with pytest.raises(OSError, match="No space left"):
        record(path, steps=5)
    assert path.read_bytes() == before and len(list(tmp_path.iterdir())) == 1


def write(path: Path, **arrays: np.ndarray) -> None:
    good = {"observations": np.zeros((5, 4)), "actions": np.zeros((5, 2))}
    np.savez(path, **{k: v for k, v in {**good, **arrays}.items() if v is not None})


@pytest.mark.parametrize(
    ("arrays", "match"),
    [
        ({"actions": None}, r"no array 'actions' \(found: observations\)"),
        ({"observations": np.zeros((5, 7))}, r"'observations' has shape \(5, 7\), this task needs"),
        ({"actions": np.zeros(5)}, r"'actions' has shape \(5,\)"),
        ({"actions": np.zeros((0, 2))}, r"'actions' has shape \(0, 2\)"),
        ({"actions": np.zeros((6, 2))}, "5 observations, but 6 actions"),
        ({"actions": np.full((5, 2), np.nan)}, r"'actions' \(float64\) must be finite"),
        ({"actions": np.full((5, 2), "x")}, "must be finite numbers"),
        ({"task": np.array("cartpole")}, "are of task=cartpole, this run has task=humanoid"),
        ({"format_version": np.array(99)}, "format version 99, this program reads up to 1"),
        ({"actions": np.full((5, 2), None)}, "damaged, or not a .npz file of plain arrays"),
    ],
)
def test_bad_contents_are_named(tmp_path: Path, arrays, match):
    path = tmp_path / "bad.npz"
    write(path, **arrays)
    with pytest.raises(DemonstrationError, match=match) as caught:
        load_demonstrations(path, NUM_OBS, NUM_ACTIONS, "humanoid")
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)


class Bomb:
    """What a pickle may run when it is read."""

    def __reduce__(self):
        return (Path.touch, (Path("exploded"),))


def test_bad_files_are_named_and_nothing_is_executed(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    record(Path("whole.npz"), steps=50)
    data = Path("whole.npz").read_bytes()
    damaged = bytearray(data)
    damaged[len(data) // 2] ^= 0xFF
    files = {
        "truncated.npz": data[: len(data) // 2],
        "damaged.npz": bytes(damaged),
        "empty.npz": b"",
        "text.npz": b"observations: 3\n",
        "pickled.npz": pickle.dumps(Bomb()),
    }
    for name, content in files.items():
        Path(name).write_bytes(content)
        with pytest.raises(DemonstrationError, match=rf"demonstrations {name} cannot be read"):
            load_demonstrations(name, NUM_OBS, NUM_ACTIONS)
    np.save("array.npz.npy", np.zeros(3))
    Path("array.npz.npy").rename("array.npz")
    with pytest.raises(DemonstrationError, match=r"array\.npz cannot be read"):
        load_demonstrations("array.npz", NUM_OBS, NUM_ACTIONS)
    assert not Path("exploded").exists()
    with pytest.raises(DemonstrationError, match="the file does not exist"):
        load_demonstrations("missing.npz", NUM_OBS, NUM_ACTIONS)
    with pytest.raises(DemonstrationError, match="is a folder"):
        load_demonstrations(".", NUM_OBS, NUM_ACTIONS)


def test_a_recorder_that_could_not_write_in_the_end_is_refused_at_the_start(tmp_path: Path):
    with pytest.raises(DemonstrationError, match=r"expected a name ending in \.npz"):
        Recorder(tmp_path / "pairs.pt", "x")
    with pytest.raises(DemonstrationError, match="there is no folder"):
        Recorder(tmp_path / "missing" / "pairs.npz", "x")
