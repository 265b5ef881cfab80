"""The learner on a CUDA device: what test_execution.py can only rehearse."""

import logging
from dataclasses import replace

import pytest
import torch
from point_mass import PointMass
from test_execution import ALGORITHMS, POLICIES, TRAINING, N, Pendulums, T, fill

from humanoid_gym.rl import Runner
from humanoid_gym.rl.acting import CapturedPolicy
from humanoid_gym.rl.capture import CapturedStep
from humanoid_gym.rl.execution import Execution, ExecutionConfig
from humanoid_gym.rl.networks import ActorCritic
from humanoid_gym.rl.ppo import PPO, PPOConfig
from humanoid_gym.rl.rollout_storage import RolloutStorage

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]
GPU = torch.device("cuda", 0)


class Interruption:
    requested = False


def learner(policy, algorithm, **settings):
    torch.manual_seed(0)
    networks = ActorCritic(7, 3, policy).to(GPU)
    generator = torch.Generator(GPU).manual_seed(1)
    execution = Execution(ExecutionConfig(**{"tf32": False, **settings}), GPU)
    return PPO(networks, algorithm, generator, execution=execution)


def train(ppo, iterations):
    storage = RolloutStorage.for_networks(ppo.actor_critic, T, N, GPU)
    rows = []
    for i in range(iterations):
        storage.begin()
        fill(storage, seed=i)
        rows.append(torch.stack(list(ppo.update(ppo.prepare(storage), i / 10).values())))
    return torch.cat([torch.stack(rows).flatten(), *(p.detach().flatten() for p in ppo.parameters)])


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
@pytest.mark.parametrize("algorithm", ALGORITHMS.values(), ids=ALGORITHMS)
def test_captured_updates_equal_plain_ones(policy, algorithm, caplog):
    with caplog.at_level(logging.WARNING):
        captured = train(learner(policy, algorithm), 4)
    assert not caplog.records
    plain = train(learner(policy, algorithm, capture="off"), 4)
    torch.testing.assert_close(captured, plain, rtol=1e-4, atol=1e-5)


def test_gpu_and_cpu_learn_the_same():
    policy = POLICIES["feedforward"]
    algorithm = PPOConfig(num_epochs=3, num_minibatches=1)  # the order of samples does not matter
    torch.manual_seed(0)
    host = PPO(ActorCritic(7, 3, policy), algorithm, torch.Generator())
    storage = RolloutStorage.for_networks(host.actor_critic, T, N, torch.device("cpu"))
    fill(storage, seed=0)
    host.update(host.prepare(storage))
    expected = torch.cat([p.detach().flatten() for p in host.parameters])
    gpu = learner(policy, algorithm)
    train(gpu, 1)
    ours = torch.cat([p.detach().flatten() for p in gpu.parameters]).cpu()
    torch.testing.assert_close(ours, expected, rtol=1e-3, atol=1e-4)


def test_captured_policy_draws_the_same_noise():
    actions = []
    for capture in ("auto", "off"):
        ppo = learner(POLICIES["feedforward"], ALGORITHMS["default"], capture=capture)
        acting = CapturedPolicy(ppo.actor_critic, ppo.generator, ppo.execution)
        memory, obs = ppo.actor_critic.no_memory(N), torch.ones(N, 7, device=GPU)
        taken = [acting.act(obs * i, memory).actions.clone() for i in range(8)]
        # The saved state of a generator counts what replays drew.
        state = ppo.generator.get_state()
        taken.append(acting.act(obs, memory).actions.clone())
        ppo.generator.set_state(state)
        again = acting.act(obs, memory).actions
        torch.testing.assert_close(again, taken[-1], rtol=0.0, atol=1e-6)
        actions.append(torch.stack(taken))
    torch.testing.assert_close(actions[0], actions[1], rtol=0.0, atol=1e-5)


@pytest.mark.parametrize("capture", ["auto", "off"])
def test_rollout_and_update_do_not_wait(tmp_path, capture):
    config = replace(TRAINING, execution=ExecutionConfig(capture=capture))
    runner = Runner(PointMass(12, "cuda"), config, tmp_path)
    runner.begin()
    for iteration in range(6):
        runner.rollout_guard.begin(0)
        runner.storage.begin()
        checked = iteration in (0, 5)  # captures wait on purpose, in between
        torch.cuda.set_sync_debug_mode("error" if checked else "default")
        try:
            for t in range(runner.storage.horizon):
                runner._collect_step(t)
            runner.algorithm.update(runner.algorithm.prepare(runner.storage))
        finally:
            torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("capture", ["auto", "horizon", "off"])
def test_training_succeeds(tmp_path, capture, caplog):
    config = replace(TRAINING, execution=ExecutionConfig(capture=capture))
    runner = Runner(Pendulums(64, "cuda"), config, tmp_path)
    with caplog.at_level(logging.WARNING):
        runner.learn()
    assert not [record for record in caplog.records if "captured" in record.getMessage()]
    resumed = Runner(Pendulums(64, "cuda"), config, tmp_path / "resumed")
    resumed.load(tmp_path / "checkpoints" / "last.pt")
    resumed.collect(Interruption())


def waits(x):
    return x * x.sum().item()


def synchronizes(x):
    torch.cuda.synchronize()
    return x * 2.0


@pytest.mark.parametrize("function", [waits, synchronizes])
def test_what_cannot_be_captured_runs_plainly_and_harms_nothing(function, caplog):
    x = torch.arange(4.0, device=GPU)
    with caplog.at_level(logging.WARNING):
        step = CapturedStep(lambda: function(x), GPU, "bad step")
        for _ in range(6):
            assert torch.equal(step(), function(x))
    (record,) = caplog.records
    assert "bad step is NOT captured" in record.getMessage()
    noise = torch.Generator(GPU)
    good = CapturedStep(
        lambda: x + torch.rand(4, device=GPU, generator=noise), GPU, "good step", generators=[noise]
    )
    for i in range(6):
        x.fill_(float(i))
        assert ((good() - x) < 1.0).all()
    assert good.captured


def test_tensors_of_a_gpu_in_bfloat16_stay_float32_outside():
    ppo = learner(POLICIES["recurrent"], ALGORITHMS["default"], mixed_precision=True)
    assert torch.isfinite(train(ppo, 3)).all()
    assert {p.dtype for p in ppo.parameters} == {torch.float32}
