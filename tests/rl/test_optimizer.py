"""Adam, AdamW and Muon behind one switch."""

import io
import math
from types import SimpleNamespace

import pytest
import torch
from ppo_samples import NUM_ACTIONS, NUM_OBS, make_batch, small_networks

from humanoid_gym.config import ConfigError, build
from humanoid_gym.rl.networks import ActorCritic, ActorCriticConfig
from humanoid_gym.rl.ppo import PPO, PPOConfig
from humanoid_gym.rl.ppo.learning_rate import LearningRates
from humanoid_gym.rl.ppo.muon import Muon, orthogonalized
from humanoid_gym.rl.ppo.optimizer import Optimizer

CPU = torch.device("cpu")
EVERY = ("adam", "adamw", "muon")


def make(name: str, **settings) -> tuple[ActorCritic, Optimizer, LearningRates]:
    networks = small_networks()
    config = PPOConfig(optimizer=name, learning_rate=0.01, **settings)
    rates = LearningRates(config, CPU)
    return networks, Optimizer(networks, config, rates), rates


def give_gradients(networks: ActorCritic, seed: int) -> None:
    g = torch.Generator().manual_seed(seed)
    for parameter in networks.parameters():
        parameter.grad = torch.randn(parameter.shape, generator=g)


def values(networks: ActorCritic) -> dict[str, torch.Tensor]:
    return {name: p.detach().clone() for name, p in networks.named_parameters()}


@pytest.mark.parametrize("capturing", [True, False])
@pytest.mark.parametrize("name", EVERY)
def test_pytorch_lets_a_graph_hold_the_optimizer_of_a_gpu(name, capturing, monkeypatch):
    """What Adam and AdamW look at before each step, on a GPU that is pretended."""
    gpu, stream = torch.device("cuda", 0), SimpleNamespace(is_capturing=lambda: capturing)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda **_: gpu)
    monkeypatch.setattr(torch.accelerator, "current_stream", lambda: stream)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)  # PyTorch 2.11 asks these two
    monkeypatch.setattr(torch.cuda, "is_current_stream_capturing", lambda: capturing)
    looks = getattr(torch.optim.Optimizer, "_accelerator_graph_capture_health_check", None)
    if looks is None:
        pytest.skip("this PyTorch has another name for it")
    networks, config = small_networks().to("meta"), PPOConfig(optimizer=name)
    rates = LearningRates(config, torch.device("meta"))
    looks(Optimizer(networks, config, rates).parts["optimizer"])
    if capturing:
        with pytest.raises(RuntimeError, match="capturable is False"):
            looks(make(name)[1].parts["optimizer"])


@pytest.mark.parametrize("shape", [(30, 8), (8, 30), (16, 16)])
def test_orthogonalized_keeps_directions_and_evens_out_lengths(shape):
    matrix = torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    u, s, vt = torch.linalg.svd(matrix, full_matrices=False)
    assert s.max() / s.min() > 1.5
    core = u.T @ orthogonalized(matrix) @ vt.T  # in the matrix's own singular vectors
    lengths = core.diagonal()
    torch.testing.assert_close(core, torch.diag(lengths), rtol=0.0, atol=1e-9)
    assert (lengths > 0.6).all() and (lengths < 1.3).all()


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="PyTorch before 2.9")
def test_muon_steps_like_pytorchs(monkeypatch: pytest.MonkeyPatch):
    # theirs multiplies in bfloat16, of two or three significant digits
    monkeypatch.setattr(torch.Tensor, "bfloat16", torch.Tensor.clone)
    g = torch.Generator().manual_seed(0)
    ours, theirs = (torch.nn.Parameter(torch.ones(40, 12)) for _ in range(2))
    settings = {"weight_decay": 0.1, "momentum": 0.9}
    mine = Muon([ours], lr=torch.tensor(0.02), **settings)
    reference = torch.optim.Muon([theirs], lr=0.02, adjust_lr_fn="match_rms_adamw", **settings)
    for _ in range(5):
        ours.grad = torch.randn(40, 12, generator=g)
        theirs.grad = ours.grad.clone()
        mine.step(), reference.step()
        torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(
        mine.state[ours]["momentum_buffer"], reference.state[theirs]["momentum_buffer"]
    )


def test_a_muon_step_is_as_long_as_one_of_adam():
    weight = torch.nn.Parameter(torch.zeros(60, 60))
    weight.grad = torch.randn(60, 60, generator=torch.Generator().manual_seed(0)) * 1e-4
    Muon([weight], lr=torch.tensor(0.01)).step()
    assert weight.detach().square().mean().sqrt().item() == pytest.approx(0.2 * 0.01, rel=0.15)


@pytest.mark.parametrize("name", EVERY)
def test_every_parameter_is_trained_once(name):
    networks, optimizer, _ = make(name)
    trained = [
        p for part in optimizer.parts.values() for g in part.param_groups for p in g["params"]
    ]
    assert sorted(map(id, trained)) == sorted(map(id, networks.parameters()))


def test_muon_takes_the_weights_of_hidden_layers_only():
    networks, optimizer, _ = make("muon")
    names = {id(p): name for name, p in networks.named_parameters()}
    groups = optimizer.parts["muon"].param_groups
    assert sorted(names[id(p)] for g in groups for p in g["params"]) == [
        "actor.0.weight",
        "actor.2.weight",
        "critic.0.weight",
        "critic.2.weight",
    ]


@pytest.mark.parametrize(("configured", "decay"), [(0.5, 0.5), (None, 0.01)])
@pytest.mark.parametrize("name", ["adamw", "muon"])
def test_weight_decay_shrinks_matrices_and_nothing_else(name, configured, decay):
    networks, optimizer, _ = make(name, weight_decay=configured)
    with torch.no_grad():
        for parameter in networks.parameters():
            parameter.fill_(1.0)
    for parameter in networks.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    for parameter in networks.parameters():
        kept = 1.0 - 0.01 * decay if parameter.dim() == 2 else 1.0
        expected = torch.full(parameter.shape, kept)
        torch.testing.assert_close(parameter.detach(), expected, rtol=0.0, atol=2e-7)


@pytest.mark.parametrize("own", [None, 2e-3])
@pytest.mark.parametrize("name", EVERY)
def test_the_critic_may_have_a_rate_of_its_own(name, own):
    networks, optimizer, rates = make(name, critic_learning_rate=own)
    before = values(networks)
    rates.policy.zero_()
    give_gradients(networks, 0)
    optimizer.step()
    moved = {n: p - before[n] for n, p in values(networks).items() if not torch.equal(p, before[n])}
    assert set(moved) == {n for n in before if own and n.startswith("critic")}
    if own:  # a first step of Adam is as long as the rate in every entry
        assert moved["critic.4.bias"].abs().item() == pytest.approx(own, rel=1e-4)


@pytest.mark.parametrize("name", EVERY)
def test_a_skipped_step_leaves_no_trace(name):
    (skipping, one, _), (plain, other, _) = make(name), make(name)
    for step, skip in enumerate([0.0, 1.0, 1.0, 0.0, 1.0, 0.0]):
        give_gradients(skipping, step)
        before = values(skipping)
        one.step(torch.tensor(skip))
        if skip:
            assert all(torch.equal(before[n], p) for n, p in skipping.named_parameters())
        else:
            give_gradients(plain, step)
            other.step()
    for a, b in zip(skipping.parameters(), plain.parameters(), strict=True):
        assert torch.equal(a, b)
    assert one.state_dict().keys() == other.state_dict().keys()


@pytest.mark.parametrize("name", EVERY)
def test_a_saved_state_continues_bit_for_bit(name):
    config = PPOConfig(optimizer=name, num_epochs=2, kl_target=1e-3, critic_learning_rate=2e-3)
    ppo = PPO(small_networks(), config, torch.Generator().manual_seed(1))
    ppo.update(make_batch(32))
    file = io.BytesIO()
    torch.save([ppo.state_dict(), ppo.actor_critic.state_dict()], file)
    file.seek(0)
    state, networks = torch.load(file, weights_only=True)

    resumed = PPO(small_networks(), config, torch.Generator().manual_seed(1))
    resumed.actor_critic.load_state_dict(networks)
    resumed.load_state_dict(state)
    resumed.generator.set_state(ppo.generator.get_state())
    rate = resumed.learning_rate.item()
    assert rate == ppo.learning_rate.item()
    for _ in range(2):
        a, b = ppo.update(make_batch(32)), resumed.update(make_batch(32))
        assert all(torch.equal(a[key], b[key]) for key in a)
    assert resumed.learning_rate.item() != rate  # the optimizer goes on reading the adapted rate
    for a, b in zip(ppo.parameters, resumed.parameters, strict=True):
        assert torch.equal(a, b)


def test_another_optimizers_state_is_refused():
    _, adam, _ = make("adam")
    _, muon, _ = make("muon")
    with pytest.raises(ConfigError, match=r"trained with optimizer: muon, this run has .* adam"):
        adam.load_state_dict(muon.state_dict())
    old = adam.state_dict()
    del old["optimizer_name"]  # as states were before there was a choice
    adam.load_state_dict(old)
    with pytest.raises(ConfigError, match=r"algorithm\.optimizer=adam"):
        muon.load_state_dict(old)


def test_muon_needs_hidden_layers():
    linear = ActorCriticConfig(actor_hidden=(), critic_hidden=())
    with pytest.raises(ConfigError, match="muon is for the weights of hidden layers"):
        PPO(ActorCritic(NUM_OBS, NUM_ACTIONS, linear), PPOConfig(optimizer="muon"))


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"weight_decay": 0.1}, "weight_decay is 0.1, which adam does not have"),
        ({"optimizer": "sgd"}, "not one of adam, adamw, muon"),
        ({"learning_rate_range": [1e-2, 1e-5]}, r"learning_rate_range: expected \[lowest"),
        ({"num_epochs": 0}, "num_epochs: must be >= 1"),
        ({"adapt_every": "step"}, r"nearest: '(gradient_step|epoch)'"),
        ({"learning_rate": math.inf}, "learning_rate: expected a finite number, got inf"),
        ({"kl_stop": 0.0}, "kl_stop: must be > 0"),
    ],
)
def test_impossible_settings_name_the_remedy(settings, match):
    with pytest.raises(ConfigError, match=match):
        build(PPOConfig, settings, "train.algorithm")
