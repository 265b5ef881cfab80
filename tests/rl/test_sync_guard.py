import pytest
import torch
from sync_guard import HostSyncError, SyncGuard

X = torch.arange(12.0).reshape(4, 3)
MASK = X[:, 0] > 2.0


def assign_by_mask(x):
    x[MASK.to(x.device)] = x[:1]


WAITING = {
    "item": lambda x: x[0, 0].item(),
    "float": lambda x: float(x[0, 0]),
    "if": lambda x: 1 if x.any() else 0,
    "range": lambda x: range(x[0, 0].long()),
    "tolist": lambda x: x.tolist(),
    "numpy": lambda x: x.numpy(),
    "nonzero": lambda x: x.nonzero(),
    "where without values": lambda x: torch.where(x > 0),
    "masked_select": lambda x: x.masked_select(x > 0),
    "mask as index": lambda x: x[x > 0],
    "assignment by mask": assign_by_mask,
    "unique": lambda x: x.unique(),
    "equal": lambda x: torch.equal(x, x),
    "allclose": lambda x: torch.allclose(x, x),
    "repeat_interleave": lambda x: x.repeat_interleave(torch.ones_like(x[:, 0]).long(), 0),
    "tensor from a number": lambda x: x + torch.tensor(1.0, device=x.device),
}
FREE = {
    "arithmetic": lambda x: (x * 2.0 + 1.0).sum(0),
    "where": lambda x: torch.where(x > 0, x, 0.0),
    "masked_fill": lambda x: x.masked_fill(x > 0, 1.0),
    "number by mask": lambda x: x.clone().__setitem__(x > 0, 0.0),
    "integer index": lambda x: x[2],
    "index tensor": lambda x: x[torch.zeros(2, dtype=torch.long, device=x.device)],
    "to the same device": lambda x: x.to(x.device, torch.float64),
    "repeat_interleave of known size": lambda x: x.repeat_interleave(2, dim=0),
    "random numbers": lambda x: torch.randn(3, device=x.device) + torch.rand_like(x),
}


@pytest.mark.parametrize("device", ["cpu", "meta"])
@pytest.mark.parametrize("name", WAITING)
def test_waiting_is_trapped(name, device):
    x = X.to(device)
    with pytest.raises(HostSyncError, match=r"test_sync_guard.py:\d+"), SyncGuard():
        WAITING[name](x)


@pytest.mark.parametrize("device", ["cpu", "meta"])
@pytest.mark.parametrize("name", FREE)
def test_other_work_passes(name, device):
    x = X.to(device)
    with SyncGuard():
        FREE[name](x)


@pytest.mark.parametrize(
    "work",
    [
        lambda x: x.cpu(),
        lambda x: x.to("cpu"),
        lambda x: x.copy_(X),
        lambda x: x * torch.ones(()),  # a graph would keep this value for ever
        lambda x: x.new_zeros(4, 3).copy_(X),
    ],
)
def test_mixing_devices_is_trapped(work):
    x = X.to("meta")
    with pytest.raises(HostSyncError), SyncGuard():
        work(x)


def test_backward_and_scripted_code_are_seen():
    @torch.jit.script
    def scripted(x: torch.Tensor) -> float:
        return x.sum().item()

    class Waits(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, gradient):
            return gradient * gradient.sum().item()

    with SyncGuard(record=True) as guard:  # raised in there it would be a bare RuntimeError
        scripted(X)
    assert "_local_scalar_dense" in guard.found[0]
    loss = Waits.apply(X.clone().requires_grad_()).sum()
    with pytest.raises(HostSyncError), SyncGuard():
        loss.backward()


def test_recording_lists_all_and_goes_on():
    with SyncGuard(record=True, allow=("equal",)) as guard:
        total = X.sum().item()
        assert torch.equal(X, X)
        X.nonzero()
    assert total == 66.0
    found = " ".join(guard.found)
    assert "item" in found
    assert "nonzero" in found
    assert "equal" not in found
