import pytest
import torch

from humanoid_gym.rl import advantages
from humanoid_gym.rl.advantages import gae, sums_by_doubling, sums_by_steps

NAN = float("nan")


@pytest.fixture(params=["sums_by_steps", "sums_by_doubling"], autouse=True)
def method(request, monkeypatch):
    """Both ways of accumulating: that of a CPU, and that of a GPU."""
    monkeypatch.setattr(advantages, "sums_by_steps", getattr(advantages, request.param))


def column(*values):
    return torch.tensor(values, dtype=torch.float32).unsqueeze(-1)


def flags(*values):
    return torch.tensor(values, dtype=torch.bool).unsqueeze(-1)


def run(rewards, values, final_values, terminated, truncated, gamma=0.5, lam=0.5):
    return gae(
        column(*rewards),
        column(*values),
        column(*final_values),
        flags(*terminated),
        flags(*truncated),
        gamma,
        lam,
    )


NEVER = (0, 0, 0)
UNUSED = (NAN, NAN, NAN)


def test_gae_without_an_end():
    # gamma = lam = 1/2; rewards 1, 2, 4; values 8, 4, 2 and 16 after the last step.
    # TD errors: 1 + 4/2 - 8 = -5;  2 + 2/2 - 4 = -1;  4 + 16/2 - 2 = 10.
    # Advantages, each TD error + 1/4 of the next: 10;  -1 + 2.5 = 1.5;  -5 + 0.375 = -4.625.
    estimate = run((1, 2, 4), (8, 4, 2, 16), UNUSED, NEVER, NEVER)
    assert estimate.advantages.flatten().tolist() == [-4.625, 1.5, 10.0]
    assert estimate.returns.flatten().tolist() == [3.375, 5.5, 12.0]


def test_gae_terminated_inside():
    # The second step has no future: its TD error is 2 - 4 = -2, and the first
    # sees it: -5 - 2/4 = -5.5. The third starts another episode: 10 as before.
    estimate = run((1, 2, 4), (8, 4, 2, 16), UNUSED, (0, 1, 0), NEVER)
    assert estimate.advantages.flatten().tolist() == [-5.5, -2.0, 10.0]
    assert estimate.returns.flatten().tolist() == [2.5, 2.0, 12.0]


def test_gae_truncated_inside():
    # The second step's future is the value 12 of its own final observation, not the
    # next episode's 2: 2 + 12/2 - 4 = 4. Nothing of the third step reaches it.
    # The first: -5 + 4/4 = -4.
    estimate = run((1, 2, 4), (8, 4, 2, 16), (NAN, 12, NAN), NEVER, (0, 1, 0))
    assert estimate.advantages.flatten().tolist() == [-4.0, 4.0, 10.0]


def test_gae_terminated_wins_over_truncated():
    both = run((1, 2, 4), (8, 4, 2, 16), (NAN, 12, NAN), (0, 1, 0), (0, 1, 0))
    terminated = run((1, 2, 4), (8, 4, 2, 16), UNUSED, (0, 1, 0), NEVER)
    assert torch.equal(both.advantages, terminated.advantages)


@pytest.mark.parametrize(
    ("terminated", "truncated", "last"),
    # 4 - 2 = 2 without a future; 4 + 6/2 - 2 = 5 with a final observation worth 6.
    [((0, 0, 1), NEVER, 2.0), (NEVER, (0, 0, 1), 5.0)],
)
def test_gae_ends_with_the_rollout(terminated, truncated, last):
    estimate = run((1, 2, 4), (8, 4, 2, NAN), (NAN, NAN, 6), terminated, truncated)
    assert estimate.advantages.flatten()[-1].item() == last
    # Backwards: -1 + last/4, then -5 + that/4.
    second = -1 + last / 4
    assert estimate.advantages.flatten().tolist() == [-5 + second / 4, second, last]


def test_gae_matches_sums_over_each_environment():
    torch.manual_seed(0)
    T, N, gamma, lam = 17, 9, 0.97, 0.9
    rewards, final = torch.randn(T, N), torch.randn(T, N)
    values = torch.randn(T + 1, N)
    terminated, truncated = torch.rand(T, N) < 0.15, torch.rand(T, N) < 0.15
    estimate = gae(rewards, values, final, terminated, truncated, gamma, lam)

    for n in range(N):
        for t in range(T):
            total, weight = 0.0, 1.0
            for k in range(t, T):  # definition: discounted sum of TD errors up to the end
                future = final[k, n] if truncated[k, n] else values[k + 1, n]
                future = 0.0 if terminated[k, n] else future
                total += weight * (rewards[k, n] + gamma * future - values[k, n])
                weight *= gamma * lam
                if terminated[k, n] or truncated[k, n]:
                    break
            assert estimate.advantages[t, n].item() == pytest.approx(float(total), abs=1e-5)


def test_gae_leaves_its_inputs_alone():
    inputs = [torch.randn(4, 3), torch.randn(5, 3), torch.randn(4, 3)]
    ends = [torch.rand(4, 3) < 0.3, torch.rand(4, 3) < 0.3]
    before = [tensor.clone() for tensor in inputs + ends]
    gae(*inputs, *ends, gamma=0.9, lam=0.9)
    assert all(torch.equal(a, b) for a, b in zip(before, inputs + ends, strict=True))


@pytest.mark.parametrize("steps", [1, 2, 3, 8, 31, 32, 33])
def test_doubling_equals_stepping(steps):
    g = torch.Generator().manual_seed(steps)
    terms = torch.randn(steps, 50, generator=g)
    decay = 0.97 * (torch.rand(steps, 50, generator=g) > 0.1)
    expected = sums_by_steps(terms.double(), decay.double())
    torch.testing.assert_close(
        sums_by_doubling(terms, decay), expected.float(), rtol=1e-6, atol=1e-6
    )
