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


def test_an_environment_takes_over_all_of_anothers_rollout():
    g = torch.Generator().manual_seed(0)
    widths = {"num_states": 1, "actor_memory": 2, "critic_memory": 3}
    storage = RolloutStorage(6, 4, 3, 2, torch.device("cpu"), **widths, state_dependent_std=True)
    collected = ["observations", "states", "actions", "log_probs", "means", "log_std", "rewards"]
    collected += ["final_observations", "final_states"]
    tensors = [getattr(storage, name).transpose(0, 1) for name in collected]
    tensors += storage.first_memory
    for tensor in tensors:
        tensor.normal_(generator=g)
    storage.terminated[2, 3] = storage.truncated[4, 3] = True
    tensors += [storage.terminated.t(), storage.truncated.t()]
    before = [tensor.clone() for tensor in tensors]
    storage.replace_environments([1], [3])
    for tensor, old in zip(tensors, before, strict=True):
        assert torch.equal(tensor, old[[0, 3, 2, 3]])
