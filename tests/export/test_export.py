"""Every kind of policy acts from its exported file as it does in training."""

import dataclasses
import json

import numpy as np
import onnx
import pytest
import torch
from deployed_robots import two_joints

from humanoid_gym.config import ConfigError
from humanoid_gym.deployment import Deployment, PolicyFile
from humanoid_gym.export import Exporter, ExportError, PolicyGraph, Recording, tensorrt_format
from humanoid_gym.export.onnx_format import onnx_run
from humanoid_gym.export.tensorrt_format import trtexec_line
from humanoid_gym.rl.networks import ActorCritic, ActorCriticConfig, Agent

SMALL = {"actor_hidden": (8,), "critic_hidden": (8,)}
KINDS = {
    "feed_forward": {"layer_norm": True, "activation": "silu", "actor_hidden": (16, 8)},
    "lstm": {
        "memory": "lstm",
        "memory_size": 8,
        "memory_layers": 2,
        "shared_hidden": (12,),
        "state_dependent_std": True,
    },
    "gru": {"memory": "gru", "memory_size": 8, "normalize_observations": False},
}
NUM_OBS, NUM_ACTIONS = 6, 2


def trained(kind):
    """Networks with weights and statistics that nothing is symmetric or trivial about."""
    torch.manual_seed(1)
    networks = ActorCritic(NUM_OBS, NUM_ACTIONS, ActorCriticConfig(**{**SMALL, **KINDS[kind]}))
    networks.update_observation_statistics(torch.randn(100, NUM_OBS) * 3.0 + 1.0)
    with torch.no_grad():  # initial weights make hardly anything of an observation
        for parameter in networks.policy_parameters():
            parameter.mul_(2.5)
    actions = unclipped_actions(networks, *recording())
    std, mean = torch.std_mean(actions.flatten(0, 1), 0)
    with torch.no_grad():  # actions of a size that some, but not all, are clipped
        output = networks.actor[-1]
        output.weight[:2] /= std[:, None]
        output.bias[:2] = (output.bias[:2] - mean) / std
    return networks


def unclipped_actions(networks, observations, starts):
    agent = Agent(networks, observations.shape[1])
    actions = []
    for observation, start in zip(observations, starts, strict=True):
        agent.forget(start)
        actions.append(agent(observation))
    return torch.stack(actions)


def recording(steps=12, count=4):
    generator = torch.Generator().manual_seed(2)
    observations = torch.randn(steps, count, NUM_OBS, generator=generator) * 4.0
    starts = torch.rand(steps, count, generator=generator) < 0.2
    starts[0] = True
    return Recording(observations, starts)


@pytest.fixture(scope="module", params=list(KINDS))
def exported(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    networks = trained(request.param)
    exporter = Exporter(networks, two_joints(), recording())
    return networks, folder, exporter.export(folder, "policy", ["onnx", "torchscript"])


def test_the_onnx_file_acts_as_the_trained_policy(exported):
    networks, folder, _ = exported
    policy = PolicyFile(folder / "policy.onnx")
    observations, starts = recording(steps=20, count=3)
    memory, actions, commands = policy.no_memory(3), [], []
    for observation, start in zip(observations.numpy(), starts.numpy(), strict=True):
        answer = policy(observation, np.where(start[:, None], np.float32(0.0), memory))
        memory = answer.memory
        actions.append(answer.action)
        commands.append(answer.command)
    expected = unclipped_actions(networks, observations, starts).clamp(-1.0, 1.0).numpy()
    assert np.abs(expected).max() == 1.0 and np.abs(expected).min() < 0.5  # some are clipped
    np.testing.assert_allclose(np.stack(actions), expected, atol=1e-5)
    np.testing.assert_allclose(np.stack(commands), 0.5 * expected, atol=1e-5)
    assert policy.memory_width == networks.actor_memory.width


def test_what_is_reported_is_what_was_measured(exported):
    _, folder, entries = exported
    assert [entry.format for entry in entries] == ["onnx", "torchscript"]
    for entry in entries:
        assert entry.path.is_file()
        assert entry.comparison.largest_difference < 1e-5
        assert entry.comparison.samples == 48 and 0.0 < entry.comparison.latency < 0.1
    assert sorted(path.name for path in folder.iterdir()) == [
        "policy.json",
        "policy.onnx",
        "policy.pt",
    ]


def test_torchscript_holds_memory_and_metadata(exported):
    networks, folder, _ = exported
    extra = {"humanoid_gym.policy": ""}
    module = torch.jit.load(folder / "policy.pt", _extra_files=extra)
    assert Deployment.from_json(extra["humanoid_gym.policy"], "") == two_joints()
    width = networks.actor_memory.width
    inputs = (torch.ones(5, NUM_OBS), torch.zeros(5, width))[: 2 if width else 1]
    outputs = module(*inputs)
    assert [tuple(o.shape) for o in outputs] == [(5, 2), (5, 2), (5, width)][: 3 if width else 2]


def test_metadata_are_in_the_onnx_file_and_beside_it(exported):
    _, folder, _ = exported
    properties = {p.key: p.value for p in onnx.load(folder / "policy.onnx").metadata_props}
    beside = (folder / "policy.json").read_text()
    assert json.loads(properties["humanoid_gym.policy"]) == json.loads(beside)
    assert Deployment.from_json(beside, "") == two_joints()
    assert properties["joint_names"] == "a,b" and properties["joint_stiffness"] == "40,40"
    assert properties["action_scale"] == "0.5,0.5" and properties["control_rate"] == "50"
    assert properties["observation_names"] == "joint_position,joint_velocity,action"


def test_observations_are_clipped_in_the_graph():
    networks = trained("gru")
    graph = PolicyGraph(networks, dataclasses.replace(two_joints(), clip_observations=0.5))
    observation = recording().observations[0]
    clipped = networks.respond(observation.clamp(-0.5, 0.5), networks.no_memory(4))[0].mean
    action, command, _ = graph.respond(observation, networks.no_memory(4))
    torch.testing.assert_close(action, clipped.clamp(-1.0, 1.0))
    torch.testing.assert_close(command, 0.5 * action)


@pytest.fixture
def feed_forward(tmp_path):
    return Exporter(trained("feed_forward"), two_joints(), recording())


def test_a_policy_that_differs_leaves_no_file(feed_forward, tmp_path):
    with torch.no_grad():
        feed_forward.graph.actor[-1].bias += 2e-5
    with pytest.raises(ExportError, match=r"policy.pt differs .* of 1e-05; it was not written"):
        feed_forward.export(tmp_path, "policy", ["torchscript"])
    with torch.no_grad():
        feed_forward.graph.actor[-1].bias[0] = np.nan
    with pytest.raises(ExportError, match="by inf"):
        feed_forward.export(tmp_path, "policy", ["torchscript"])
    assert not list(tmp_path.iterdir())


def test_a_write_that_fails_leaves_the_file_before(feed_forward, tmp_path, monkeypatch):
    (tmp_path / "policy.pt").write_text("before")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("humanoid_gym.whole_file.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        feed_forward.export(tmp_path, "policy", ["torchscript"])
    assert [path.read_text() for path in tmp_path.iterdir()] == ["before"]


def test_without_tensorrt_a_line_says_how_to_build_the_engine(feed_forward, tmp_path):
    (entry,) = feed_forward.export(tmp_path, "policy", ["tensorrt"], "fp16")
    assert entry.comparison is None and not entry.path.exists()
    assert "TensorRT is not installed; where there is both: trtexec" in entry.remedy
    assert "--onnx=policy_fp16.onnx --saveEngine=policy_fp16.engine" in entry.remedy
    half = onnx.load(tmp_path / "policy_fp16.onnx")
    kinds = {tensor.data_type for tensor in half.graph.initializer if len(tensor.dims) == 2}
    assert kinds == {onnx.TensorProto.FLOAT16}
    assert {i.type.tensor_type.elem_type for i in half.graph.input} == {onnx.TensorProto.FLOAT}


def test_trtexec_gets_the_shapes_of_all_inputs(tmp_path):
    graph = Exporter(trained("lstm"), two_joints(), recording()).graph
    line = trtexec_line(tmp_path / "p.onnx", tmp_path / "p.engine", graph)
    assert "--minShapes=observation:1x6,memory:1x32 --optShapes" in line
    assert "--maxShapes=observation:4096x6,memory:4096x32" in line


def test_bad_input_is_refused(feed_forward, tmp_path):
    with pytest.raises(ConfigError, match=r"unknown format 'onxx' .* nearest: 'onnx'"):
        feed_forward.export(tmp_path, "policy", ["onxx"])
    with pytest.raises(ConfigError, match="no format"):
        feed_forward.export(tmp_path, "policy", [])
    other = ActorCritic(4, 1, ActorCriticConfig(**SMALL))
    with pytest.raises(ConfigError, match="has 4 observations and 1 actions, task two_joints"):
        Exporter(other, two_joints(), recording())
    assert not list(tmp_path.iterdir())


class Traced:
    """Stands for a package or object: remembers what is called, and answers with more of itself."""

    def __init__(self, calls, name="tensorrt"):
        self.calls, self.name = calls, name

    def __getattr__(self, attribute):
        return Traced(self.calls, f"{self.name}.{attribute}")

    def __call__(self, *arguments):
        self.calls.append((self.name.rpartition(".")[2], arguments))
        return Traced(self.calls, self.name)

    def __int__(self):
        return 3

    def __bytes__(self):
        return b"engine"


def test_engines_are_strongly_typed_with_a_batch_of_any_size(feed_forward, monkeypatch):
    calls = []
    monkeypatch.setitem(__import__("sys").modules, "tensorrt", Traced(calls))
    from humanoid_gym.export.tensorrt_format import engine_bytes

    assert engine_bytes(b"onnx", feed_forward.graph) == b"engine"
    made = dict(calls)
    assert made["create_network"] == (1 << 3,) and made["parse"] == (b"onnx",)
    assert made["set_shape"] == ("observation", (1, 6), (1, 6), (4096, 6))
    assert {"clear_flag", "add_optimization_profile", "build_serialized_network"} <= set(made)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("parse", "TensorRT cannot read the ONNX file: tensorrt"),
        ("build_serialized_network", "TensorRT could not build the engine"),
    ],
)
def test_what_tensorrt_cannot_build_is_an_error_of_the_export(
    feed_forward, monkeypatch, tmp_path, fault, message
):
    class Failing(Traced):
        def __getattr__(self, attribute):
            return Failing(self.calls, f"{self.name}.{attribute}")

        def __call__(self, *arguments):
            if self.name.endswith(f".{fault}"):
                return None
            return Failing(self.calls, self.name)

        def __str__(self):
            return self.name

    monkeypatch.setitem(__import__("sys").modules, "tensorrt", Failing([]))
    monkeypatch.setattr(tensorrt_format, "what_is_missing", lambda: "")
    with pytest.raises(ExportError, match=message):
        feed_forward.export(tmp_path, "policy", ["tensorrt"])
    assert [path.name for path in tmp_path.iterdir()] == ["policy.onnx"]


@pytest.mark.parametrize("error", [0.0, 1e-3])
def test_an_engine_is_written_once_it_acts_as_the_policy(
    feed_forward, monkeypatch, tmp_path, error
):
    """In place of the engine stands the ONNX file, with an error that the test chooses."""

    def engine_run(content, graph):
        run = onnx_run(content)

        def with_error(observation, memory):
            answer = run(observation, memory)
            return answer._replace(action=answer.action + np.float32(error))

        return with_error

    monkeypatch.setattr(tensorrt_format, "what_is_missing", lambda: "")
    monkeypatch.setattr(tensorrt_format, "engine_bytes", lambda content, graph: content)
    monkeypatch.setattr(tensorrt_format, "engine_run", engine_run)
    engine = tmp_path / "policy.engine"
    if error:
        with pytest.raises(ExportError, match=r"policy\.engine differs .* by 0\.001"):
            feed_forward.export(tmp_path, "policy", ["tensorrt"])
        assert not engine.exists()
        return
    (entry,) = feed_forward.export(tmp_path, "policy", ["tensorrt"])
    assert entry.path == engine and entry.remedy == ""
    assert entry.comparison.largest_difference < 1e-5
    assert engine.read_bytes() == (tmp_path / "policy.onnx").read_bytes()


def test_one_robot_for_one_step_is_enough_to_compare(tmp_path):
    exporter = Exporter(trained("gru"), two_joints(), recording(1, 1))
    (entry,) = exporter.export(tmp_path, "policy", ["onnx"])
    assert entry.comparison.samples == 1 and entry.comparison.largest_difference < 1e-5
