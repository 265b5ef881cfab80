"""Parameter groups and the optimizer over them."""

from typing import Any, Dict, Iterable, List, Optional, Type, Union

import torch
from torch import Tensor, nn

from humanoid_gym.config import ConfigError
from humanoid_gym.rl.networks import ActorCritic
from humanoid_gym.rl.ppo.config import PPOConfig
from humanoid_gym.rl.ppo.learning_rate import LearningRates
from humanoid_gym.rl.ppo.muon import Muon

WEIGHT_DECAY = 0.01
"""Of adamw and muon, where nothing else is configured."""

Group = Dict[str, Any]


def clip_gradient(parameters: List[nn.Parameter], max_norm: Optional[float]) -> Tensor:
    """Shorten the gradient of all parameters together to `max_norm`; None: leave it as it is.

    Returns:
        The norm before, 0-d.
    """
    if max_norm is not None:
        return nn.utils.clip_grad_norm_(parameters, max_norm)
    gradients = [p.grad for p in parameters if p.grad is not None]
    return torch.stack([gradient.norm() for gradient in gradients]).norm()


class Optimizer:
    """The configured optimizer of policy and critic: one of PyTorch's, or two side by side."""

    def __init__(self, networks: ActorCritic, config: PPOConfig, rates: LearningRates) -> None:
        """Create the optimizer without any state.

        Args:
            networks: to train, already on their device.
            config: settings.
            rates: the tensors that hold the step sizes.

        Raises:
            ConfigError: muon for networks without a hidden layer.
        """
        self.name = config.optimizer
        self.parts: Dict[str, torch.optim.Optimizer] = {}
        """By their names in `state_dict`."""
        policy, critic = networks.policy_parameters(), networks.critic_parameters()
        if self.name == "adam":
            groups = [
                {"params": policy, "lr": rates.policy},
                {"params": critic, "lr": rates.critic},
            ]
            self.parts["optimizer"] = _fused(torch.optim.Adam, groups)
            return
        decay = WEIGHT_DECAY if config.weight_decay is None else config.weight_decay
        hidden = set(_hidden_matrices(networks)) if self.name == "muon" else set()
        groups, hidden_groups = [], []
        for parameters, rate in ((policy, rates.policy), (critic, rates.critic)):
            groups += _groups((p for p in parameters if p not in hidden), rate, decay)
            hidden_groups += _groups((p for p in parameters if p in hidden), rate, decay)
        self.parts["optimizer"] = _fused(torch.optim.AdamW, groups)
        if hidden:
            self.parts["muon"] = Muon(hidden_groups, rates.policy)

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for part in self.parts.values():
            part.zero_grad(set_to_none=True)

    def step(self, skip: Optional[Tensor] = None) -> None:
        """Take a step.

        Args:
            skip: 1 to leave parameters and all state as they are, 0 to step; 0-d float32, on the
                device. None: step.
        """
        for part in self.parts.values():
            # The flag by which PyTorch's gradient scaler skips steps without a look at the device.
            part.found_inf = skip  # pyright: ignore[reportAttributeAccessIssue]
            part.step()

    def state_dict(self) -> Dict[str, Any]:
        """Return everything but the parameters and their groups."""
        states = {name: part.state_dict()["state"] for name, part in self.parts.items()}
        return {"optimizer_name": self.name, **states}

    def load_state_dict(self, state: Dict[str, Any]) -> None:
        """Restore what `state_dict` returned; the learning rates stay the tensors they are.

        Raises:
            ConfigError: it is another optimizer's state.
        """
        saved = state.get("optimizer_name", "adam")  # older states do not say
        if saved != self.name:
            raise ConfigError(
                f"the checkpoint was trained with optimizer: {saved}, this run has optimizer: "
                f"{self.name}; set train.algorithm.optimizer={saved} to continue it"
            )
        for name, part in self.parts.items():
            # Loading copies what the groups hold; the part must read the tensors that are adapted.
            rates = [group["lr"] for group in part.param_groups]
            part.load_state_dict({**part.state_dict(), "state": state[name]})
            for group, rate in zip(part.param_groups, rates):
                group["lr"] = rate


def _fused(
    kind: Type[Union[torch.optim.Adam, torch.optim.AdamW]], groups: List[Group]
) -> torch.optim.Optimizer:
    """Create Adam or AdamW; on a GPU one that PyTorch lets a CUDA graph hold."""
    on_gpu = groups[0]["params"][0].device.type != "cpu"
    return kind(groups, fused=True, capturable=on_gpu)


def _groups(parameters: Iterable[Tensor], rate: Tensor, weight_decay: float) -> List[Group]:
    """Split off what is not a matrix: biases and deviations have no reason to go to zero."""
    listed = list(parameters)
    matrices = [p for p in listed if p.dim() >= 2]
    rest = [p for p in listed if p.dim() < 2]
    decays = ((matrices, weight_decay), (rest, 0.0))
    return [{"params": ps, "lr": rate, "weight_decay": decay} for ps, decay in decays if ps]


def _hidden_matrices(networks: ActorCritic) -> List[Tensor]:
    """Return the weights of all linear layers but the output layers.

    Raises:
        ConfigError: there are none.
    """
    found: List[Tensor] = []
    for network in (networks.shared, networks.actor, networks.critic):
        layers = [module for module in network.modules() if isinstance(module, nn.Linear)]
        hidden = layers if network is networks.shared else layers[:-1]
        found += [layer.weight for layer in hidden]
    if not found:
        raise ConfigError(
            "optimizer: muon is for the weights of hidden layers, and these networks have none; "
            "set train.algorithm.optimizer=adam or add hidden layers"
        )
    return found
