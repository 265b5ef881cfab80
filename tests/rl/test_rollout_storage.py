import torch

from humanoid_gym.rl.rollout_storage import RolloutStorage


def test_partial_rollout_survives_a_round_trip():
    full = RolloutStorage(6, 4, 3, 2, torch.device("cpu"))
    for value in vars(full).values():
        if isinstance(value, torch.Tensor):
            value.copy_(torch.rand(value.shape) > 0.5)
    state = full.state_dict(4)
    restored = RolloutStorage(6, 4, 3, 2, torch.device("cpu"))
    restored.load_state_dict(state)
    for name in state:
        if name != "log_std":
            assert torch.equal(getattr(restored, name)[:4], getattr(full, name)[:4]), name
            assert not getattr(restored, name)[4:].any(), name
