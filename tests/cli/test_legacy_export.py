"""Policies of legacy task classes as files: what these compute, and what they say of themselves."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from legacy_pole import write
from trainings import new_run

from humanoid_gym.cli import exporting
from humanoid_gym.config import ConfigError
from humanoid_gym.deployment import Deployment, PolicyFile, PolicyInterface, PolicyRunner

CALL = ["task=own_pole", "num_envs=8", "device=cpu", "max_iterations=1"]
QUICK = ["--num-envs", "3", "--steps", "25"]
MEAN, STD = 0.5, 2.0


def change(project: Path, name: str, old: str, new: str) -> None:
    text = (project / name).read_text()
    assert old in text
    write(project, name, text.replace(old, new))


def sharpened(run: Path) -> dict:
    """Let a run's policy say much, on statistics that are known; return its networks."""
    path = run / "checkpoints/last.pt"
    content = torch.load(path, weights_only=True)
    networks = content["networks"]
    for name, value in (("mean", MEAN), ("offset", MEAN), ("variance", STD**2), ("scale", STD)):
        networks[f"observation_normalizer.{name}"].fill_(value)
    generator = torch.Generator().manual_seed(4)
    for name, value in networks.items():
        if name.startswith("actor.") and name.endswith("weight"):
            value.copy_(torch.randn(value.shape, generator=generator))
    for path in (run / "checkpoints").glob("*.pt"):
        torch.save(content, path)
    return {name: value.double().numpy() for name, value in networks.items()}


def hand_computed(networks: dict, observations: np.ndarray) -> np.ndarray:
    """Return the mean of the policy for observations that the task limits to 5."""
    layer = (np.clip(observations, -5.0, 5.0) - MEAN) / STD
    layer = layer @ networks["actor.0.weight"].T + networks["actor.0.bias"]
    layer = np.where(layer > 0.0, layer, np.expm1(np.minimum(layer, 0.0)))  # ELU
    return layer @ networks["actor.2.weight"].T + networks["actor.2.bias"]


def exported(run: Path, *arguments: str) -> Path:
    assert exporting.main(["--checkpoint", str(run), *QUICK, *arguments]) == 0
    return run / "exported"


def refusal_of(run: Path, capsys, *arguments: str) -> str:
    capsys.readouterr()
    with pytest.raises(SystemExit) as caught:
        exporting.main(["--checkpoint", str(run), *QUICK, *arguments])
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1
    return error


def test_the_files_act_as_the_task_lets_its_policy_act(project: Path, capsys):
    run = new_run(project, *CALL)
    networks = sharpened(run)
    folder = exported(run, "--format", "onnx,torchscript")
    printed = capsys.readouterr().out
    assert "in 75 observations" in printed
    assert "robot       not described: what 4 observations and 1 actions mean is up to" in printed
    observations = np.random.default_rng(3).normal(size=(40, 4)).astype(np.float32) * 6.0
    mean = hand_computed(networks, observations.astype(float))
    expected = np.clip(mean, -1.0, 1.0)
    assert (np.abs(mean) > 1.0).sum() > 5 < (np.abs(mean) < 1.0).sum()
    assert (np.abs(observations) > 5.0).any()

    policy = PolicyFile(folder / "policy.onnx")
    answer = policy(observations, policy.no_memory(40))
    np.testing.assert_allclose(answer.action, expected, atol=1e-5)
    assert answer.command.shape == (40, 0) and answer.memory.shape == (40, 0)
    session = onnx.load(folder / "policy.onnx").graph
    assert [output.name for output in session.output] == ["action"]

    extra = {"humanoid_gym.policy": ""}
    module = torch.jit.load(folder / "policy.pt", _extra_files=extra)
    found = module(torch.from_numpy(observations)).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5)
    told = PolicyInterface.from_json(extra["humanoid_gym.policy"], "")
    assert told == policy.description


def test_it_says_what_is_known_and_no_more(project: Path):
    run = new_run(project, *CALL, "task.env.maxEffort=300", "task.env.clipActions=inf")
    folder = exported(run)
    told = json.loads((folder / "policy.json").read_text())
    inside = {p.key: p.value for p in onnx.load(folder / "policy.onnx").metadata_props}
    assert json.loads(inside["humanoid_gym.policy"]) == told
    assert set(inside) == {"humanoid_gym.policy", "control_rate"}
    settings, origin = told.pop("settings"), told.pop("origin")
    assert settings["env"]["maxEffort"] == 300 and settings["env"]["clipActions"] == "inf"
    assert settings["class"] == "own_pole:Pole" and settings["sim"]["dt"] == 0.0166
    assert origin["checkpoint"].startswith(f"own_pole/{run.name}/") and origin["iteration"] == "1"
    assert told.pop("control_rate") == pytest.approx(1.0 / 0.0166, rel=1e-6)
    assert told == {
        "format": "humanoid_gym.policy_interface",
        "format_version": 1,
        "task": "own_pole",
        "task_class": "own_pole:Pole",
        "num_obs": 4,
        "num_actions": 1,
        "clip_actions": None,
        "clip_observations": 5.0,
        "dof_names": ["slider_to_cart", "cart_to_pole"],
    }


def test_the_control_period_is_the_time_that_passes(project: Path):
    """A class that simulates three steps more before the one of its base."""
    more = "forces[:, 0] = actions[:, 0] * self.effort\n        for _ in range(3):\n"
    more += "            self.gym.simulate(self.sim)"
    change(project, "own_pole.py", "forces[:, 0] = actions[:, 0] * self.effort", more)
    folder = exported(new_run(project, *CALL))
    told = PolicyFile(folder / "policy.onnx").description
    assert 1.0 / told.control_rate == pytest.approx(4 * 0.0166, rel=1e-6)


def test_a_memory_and_privileged_states_change_nothing(project: Path):
    memory = ["train.policy.memory=gru", "train.policy.memory_size=6"]
    run = new_run(project, *CALL, *memory, "train.policy.critic_observation=states")
    folder = exported(run, "--format", "onnx,torchscript")
    policy = PolicyFile(folder / "policy.onnx")
    assert policy.memory_width == 6 and policy.description.num_obs == 4
    graph = onnx.load(folder / "policy.onnx").graph
    assert [value.name for value in graph.input] == ["observation", "memory"]
    assert [value.name for value in graph.output] == ["action", "next_memory"]
    module = torch.jit.load(folder / "policy.pt")
    memory = policy.no_memory(2)
    for observation in np.random.default_rng(3).normal(size=(5, 2, 4)).astype(np.float32):
        action, after = module(torch.from_numpy(observation), torch.from_numpy(memory))
        answer = policy(observation, memory)
        np.testing.assert_allclose(answer.action, action.numpy(), atol=1e-6)
        np.testing.assert_allclose(answer.memory, after.numpy(), atol=1e-6)
        assert np.abs(answer.memory - memory).max() > 1e-3
        memory = answer.memory


def test_without_a_robot_there_is_no_runner(project: Path):
    path = exported(new_run(project, *CALL)) / "policy.onnx"
    with pytest.raises(ConfigError) as caught:
        PolicyRunner(path)
    error = str(caught.value)
    assert f"{path}: task own_pole does not describe its robot" in error
    assert "no" in error and "PolicyFile" in error and "deployment() in own_pole:Pole" in error
    text = path.with_suffix(".json").read_text()
    with pytest.raises(ConfigError, match="these are not metadata"):
        Deployment.from_json(text, "x")
    with pytest.raises(ConfigError, match="format version 2, this program reads up to 1"):
        PolicyInterface.from_json(text.replace('format_version": 1', 'format_version": 2'), "x")


DESCRIBED = """
    def _described(self):
        from humanoid_gym.deployment import Actuator, Deployment, Joint, ObservationEntry
        return Deployment(
            task="?", command="torque", control_rate=60.0, joints=(Joint("cart"), Joint("pole")),
            actuators=(Actuator("cart", 300.0, 400.0, 10.0),),
            observation=(ObservationEntry("joint_state", 4, source="joint_state"),))


    Pole.deployment = _described
"""


def test_a_class_may_describe_its_robot(project: Path):
    source = project / "own_pole.py"
    write(project, "more.py", DESCRIBED)
    source.write_text(source.read_text() + (project / "more.py").read_text())
    runner = PolicyRunner(exported(new_run(project, *CALL)) / "policy.onnx")
    assert runner.deployment.task == "own_pole"
    command = runner.step({"joint_position": [0.0, 0.1], "joint_velocity": [0.0, 0.0]})
    assert not command.stopped and 0.0 < abs(command.torque[0]) <= 300.0


@pytest.mark.parametrize("project", ["own_base"], indirect=True)
def test_a_limit_that_the_class_does_not_keep_is_not_put_into_the_file(project: Path, capsys):
    unlimited = "self.obs_buf * 100.0"
    change(project, "own_base.py", "self.obs_buf.clamp(-self.clip, self.clip)", unlimited)
    run = new_run(project, *CALL)
    error = refusal_of(run, capsys)
    assert "task own_pole is said to limit its observations to 5, but made one of" in error
    assert "task.env.clipObservations=inf" in error and not (run / "exported").exists()
    folder = exported(run, "task.env.clipObservations=inf")
    assert PolicyFile(folder / "policy.onnx").description.clip_observations is None


@pytest.mark.parametrize("project", ["own_base"], indirect=True)
def test_attributes_of_the_base_count_before_settings(project: Path):
    own = 'self.clip_actions, self.clip_obs = 0.25, 3.0\n        self.device, self.rl_device = "'
    change(project, "own_base.py", 'self.device, self.rl_device = "', own)
    change(project, "own_base.py", "clamp(-self.clip, self.clip)", "clamp(-3.0, 3.0)")
    told = PolicyFile(exported(new_run(project, *CALL)) / "policy.onnx").description
    assert (told.clip_actions, told.clip_observations) == (0.25, 3.0)
