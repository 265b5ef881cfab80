"""Everything that a GPU does otherwise than a CPU, as far as it can be tested without one."""

import importlib
import logging
from dataclasses import replace

import pytest
import torch
from point_mass import PointMass
from recording_execution import RecordingExecution
from sync_guard import SyncGuard

from humanoid_gym.rl import Runner, RunnerConfig, TrainConfig
from humanoid_gym.rl.acting import CapturedPolicy
from humanoid_gym.rl.episode_statistics import EpisodeStatistics
from humanoid_gym.rl.execution import Execution, ExecutionConfig
from humanoid_gym.rl.networks import ActorCritic, ActorCriticConfig
from humanoid_gym.rl.ppo import PPO, PPOConfig
from humanoid_gym.rl.rollout_storage import RolloutStorage

T, N, NUM_OBS, NUM_ACTIONS = 6, 20, 7, 3
SMALL = ActorCriticConfig(actor_hidden=(16, 8), critic_hidden=(16, 8))
POLICIES = {
    "feedforward": SMALL,
    "recurrent": replace(SMALL, memory="gru", memory_size=8),
    "state-dependent deviation": replace(SMALL, state_dependent_std=True),
}
DEFAULT = PPOConfig()
ALGORITHMS = {
    "default": PPOConfig(num_epochs=2, num_minibatches=4),
    "unequal minibatches": PPOConfig(num_epochs=2, num_minibatches=7),
    "stops early": PPOConfig(num_epochs=3, num_minibatches=4, kl_stop=1e-3),
    "per epoch": PPOConfig(num_epochs=3, advantage_normalization="minibatch"),
    "accumulation": PPOConfig(num_epochs=2, num_minibatches=4, gradient_accumulation=3),
    "muon": PPOConfig(num_epochs=2, num_minibatches=4, optimizer="muon"),
}


def make(policy=SMALL, algorithm=DEFAULT, execution=None, device="cpu"):
    torch.manual_seed(0)
    networks = ActorCritic(NUM_OBS, NUM_ACTIONS, policy).to(device)
    generator = torch.Generator().manual_seed(1)
    return PPO(networks, algorithm, generator, execution=execution)


def fill(storage: RolloutStorage, seed: int) -> None:
    """Plausible numbers, other ones for each seed."""
    g = torch.Generator().manual_seed(seed)
    for tensor in (storage.observations, storage.final_observations, storage.actions):
        tensor.copy_(torch.randn(tensor.shape, generator=g))
    storage.means.copy_(0.1 * torch.randn(storage.means.shape, generator=g))
    storage.log_probs.copy_(torch.randn(storage.log_probs.shape, generator=g) - 4.0)
    storage.rewards.copy_(torch.rand(storage.rewards.shape, generator=g))
    storage.terminated.copy_(torch.rand(storage.rewards.shape, generator=g) < 0.05)
    storage.truncated.copy_(torch.rand(storage.rewards.shape, generator=g) < 0.05)


def train(ppo: PPO, iterations: int):
    """Metrics of each iteration, and the weights at the end."""
    storage = RolloutStorage.for_networks(ppo.actor_critic, T, N, torch.device("cpu"))
    rows = []
    for i in range(iterations):
        storage.begin()
        fill(storage, seed=i)
        metrics = ppo.update(ppo.prepare(storage), progress=i / 10)
        rows.append(torch.stack(list(metrics.values())))
    return torch.stack(rows), torch.cat([p.detach().flatten() for p in ppo.parameters])


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
@pytest.mark.parametrize("algorithm", ALGORITHMS.values(), ids=ALGORITHMS)
def test_captured_updates_equal_plain_ones(policy, algorithm):
    execution = RecordingExecution()
    ppo = make(policy, algorithm, execution)
    ppo._in_slices = False
    captured = train(ppo, iterations=3)
    plain = train(make(policy, algorithm), iterations=3)
    assert sum(graph.replays for graph in execution.graphs["gradient step"]) > 5
    for ours, expected in zip(captured, plain, strict=True):
        assert torch.equal(ours, expected)


def test_a_resumed_learner_captures_its_new_tensors():
    plain, captured = make(), make(execution=RecordingExecution())
    for ppo in (plain, captured):
        train(ppo, 2)
        ppo.load_state_dict(ppo.state_dict())  # PyTorch's optimizers take other tensors then
    for ours, expected in zip(train(captured, 2), train(plain, 2), strict=True):
        assert torch.equal(ours, expected)


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_captured_policy_equals_the_plain_one(policy):
    networks = make(policy).actor_critic
    steps = {}
    for execution in (RecordingExecution(), Execution(ExecutionConfig(), torch.device("cpu"))):
        generator = torch.Generator().manual_seed(3)
        acting = CapturedPolicy(networks, generator, execution)
        memory = networks.no_memory(N)
        for i in range(7):
            obs = torch.randn(N, NUM_OBS, generator=torch.Generator().manual_seed(i))
            step = acting.act(obs, memory)
            memory = step.memory.clone()
        steps[type(execution)] = torch.cat([part.flatten() for part in step])
    assert torch.equal(*steps.values())


class Pendulums(PointMass):
    """The point mass with all state in tensors that change in place."""

    capturable = True

    def step(self, actions):
        before = self.position, self.velocity, self.age
        result = super().step(actions)
        for old, name in zip(before, ("position", "velocity", "age"), strict=True):
            setattr(self, name, old.copy_(getattr(self, name)))
        return result


TRAINING = TrainConfig(
    policy=SMALL,
    algorithm=PPOConfig(num_epochs=2, num_minibatches=2),
    runner=RunnerConfig(horizon=8, max_iterations=7),
)


def trained(tmp_path, monkeypatch, capture):
    """Names of what was captured and how often it was replayed, and all the state at the end."""
    executions = []

    def make_execution(*arguments):
        executions.append(RecordingExecution(*arguments))
        return executions[-1]

    monkeypatch.setattr("humanoid_gym.rl.runner.Execution", make_execution)
    config = replace(TRAINING, execution=ExecutionConfig(capture=capture))
    torch.manual_seed(0)
    runner = Runner(Pendulums(12), config, tmp_path / capture, seed=1)
    runner.learn()
    graphs = executions[0].graphs
    replays = {name: sum(graph.replays for graph in made) for name, made in graphs.items()}
    return replays, runner.state_dict()


@pytest.mark.parametrize("capture", ["auto", "horizon"])
def test_captured_training_equals_the_plain_one(tmp_path, monkeypatch, capture):
    replays, captured = trained(tmp_path, monkeypatch, capture)
    nothing, plain = trained(tmp_path, monkeypatch, "off")
    assert not nothing
    # Seven rollouts of eight steps and four gradient steps; the first three of each run plainly.
    expected = {"policy's step": 53, "gradient step": 25}
    if capture == "horizon":
        # Inside the rollouts that run plainly or are recorded, the policy's step is a graph.
        expected = {"policy's step": 3 * 8 + 8 - 3, "gradient step": 25, "rollout": 4}
    assert replays == expected
    for name in ("networks", "algorithm", "statistics", "rollout", "obs", "rng", "env"):
        assert_same(captured[name], plain[name], name)


def assert_same(ours, expected, name):
    if isinstance(expected, dict):
        assert ours.keys() == expected.keys(), name
        for key in expected:
            assert_same(ours[key], expected[key], f"{name}.{key}")
    elif isinstance(expected, torch.Tensor):
        assert torch.equal(ours, expected), name
    else:
        assert ours == expected, name


def test_rollouts_of_other_environments_are_not_captured(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("humanoid_gym.rl.runner.Execution", RecordingExecution)
    config = replace(TRAINING, execution=ExecutionConfig(capture="horizon"))
    with caplog.at_level(logging.WARNING):
        runner = Runner(PointMass(12), config, tmp_path)
    assert not runner.whole_rollout.possible
    (record,) = caplog.records
    assert "PointMass cannot be captured" in record.getMessage()


@pytest.fixture
def meta_optimizers(monkeypatch):
    """Let PyTorch's fused optimizers, which know real devices only, run on device "meta"."""
    adam = importlib.import_module("torch.optim.adam")
    monkeypatch.setattr(adam, "_device_dtype_check_for_fused", lambda *_, **__: None)
    library = torch.library.Library("aten", "IMPL", "Meta")
    for name in ("_fused_adam_.tensor_lr", "_fused_adamw_.tensor_lr"):
        library.impl(name, lambda *_, **__: None)
    yield
    library._destroy()


@pytest.mark.parametrize("algorithm", ALGORITHMS.values(), ids=ALGORITHMS)
@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_nothing_waits_for_the_device(policy, algorithm, meta_optimizers):
    """On device "meta", which is no CPU: all tensors are where they should be, and none is read."""
    ppo = make(policy, algorithm, device="meta")
    storage = RolloutStorage.for_networks(ppo.actor_critic, T, N, torch.device("meta"))
    acting = CapturedPolicy(ppo.actor_critic, ppo.generator, ppo.execution)
    statistics = EpisodeStatistics(N, torch.device("meta"), horizon=T)
    reward, done = torch.zeros(N, device="meta"), torch.zeros(N, dtype=torch.bool, device="meta")
    extras = {
        "time_outs": done,
        "final_observation": storage.observations[0],
        "reward_terms": {"alive": reward, "effort": reward},
        "metrics": {"speed": reward},
    }
    with SyncGuard():
        storage.begin()
        step = acting.act(storage.observations[0], storage.memory.actor)
        storage.store_policy(0, step)
        storage.store_ends(0, done, extras)
        statistics.update(reward, done, extras["reward_terms"], extras["metrics"])
        statistics.summary()
        batch = ppo.prepare(storage)
        metrics = ppo.update(batch, progress=0.5)
    assert all(value.device.type == "meta" for value in metrics.values())


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
@pytest.mark.parametrize("parts", [2, 3, 15])
def test_accumulated_gradients_equal_whole_ones(policy, parts):
    gradients = []
    for accumulation in (1, parts):
        config = PPOConfig(gradient_accumulation=accumulation, entropy_coef=0.01)
        ppo = make(policy, config)
        ppo._in_slices = False
        storage = RolloutStorage.for_networks(ppo.actor_critic, T, N, torch.device("cpu"))
        fill(storage, seed=0)
        batch = ppo.prepare(storage)
        terms = torch.stack(ppo._differentiate(batch, 1.0))
        gradients.append(torch.cat([terms, *(p.grad.flatten() for p in ppo.parameters)]))
    torch.testing.assert_close(gradients[1], gradients[0], rtol=1e-5, atol=1e-6)


def test_mixed_precision_learns_nearly_the_same():
    exact = train(make(), 2)
    execution = Execution(ExecutionConfig(mixed_precision=True), torch.device("cpu"))
    ppo = make(execution=execution)
    mixed = train(ppo, 2)
    assert not torch.equal(mixed[1], exact[1])
    torch.testing.assert_close(mixed[1], exact[1], rtol=0.0, atol=0.02)
    assert {p.dtype for p in ppo.parameters} == {torch.float32}


def test_tf32_is_the_learners_alone(monkeypatch):
    execution = Execution(ExecutionConfig(), torch.device("cuda"))
    seen = []
    with execution.fast_matmul():
        seen.append(torch.get_float32_matmul_precision())
    seen.append(torch.get_float32_matmul_precision())
    with Execution(ExecutionConfig(tf32=False), torch.device("cuda")).fast_matmul():
        seen.append(torch.get_float32_matmul_precision())
    assert seen == ["high", "highest", "highest"]


def test_a_missing_compiler_is_named_once(monkeypatch, caplog):
    def refuse(*_, **__):
        raise RuntimeError("no C++ compiler\nfound")

    monkeypatch.setattr(torch, "compile", refuse)
    with caplog.at_level(logging.WARNING):
        ppo = make(execution=Execution(ExecutionConfig(compile=True), torch.device("cpu")))
        train(ppo, 1)
    (record,) = caplog.records
    assert "loss" in record.getMessage()
    assert "no C++ compiler" in record.getMessage()
    assert "\n" not in record.getMessage()


@pytest.mark.slow
def test_compiled_loss_learns_the_same():
    execution = Execution(ExecutionConfig(compile=True), torch.device("cpu"))
    for ours, expected in zip(train(make(execution=execution), 2), train(make(), 2), strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-5)
