"""What the learner can be told: one dataclass for each part of it."""

from dataclasses import dataclass, field
from typing import Optional

from humanoid_gym.rl.behavioural_cloning import BehaviouralCloningConfig
from humanoid_gym.rl.execution import ExecutionConfig
from humanoid_gym.rl.logging.config import LoggingConfig
from humanoid_gym.rl.networks import ActorCriticConfig
from humanoid_gym.rl.ppo import PPOConfig


@dataclass(frozen=True)
class RunnerConfig:
    """Settings of `Runner`."""

    horizon: int = field(default=32, metadata={"min": 1})
    """Steps of every environment per iteration."""
    max_iterations: int = field(default=500, metadata={"min": 0})
    """Iterations after which the training ends, counted from its very start."""
    max_minutes: Optional[float] = field(default=None, metadata={"above": 0.0})
    """Minutes of training after which it ends, if earlier; earlier sessions count."""
    save_interval: int = field(default=50, metadata={"min": 1})
    """Iterations between checkpoints (last.pt and iteration_000123.pt)."""
    best_interval: int = field(default=10, metadata={"min": 0})
    """Iterations between looks whether best.pt is beaten; 0: there is none, where returns do not
    tell how good a policy is."""
    randomize_episode_phase: bool = True
    """Whether episodes start at random ages, so that their time-outs do not come together."""
    process_timeout: float = field(default=300.0, metadata={"above": 0.0})
    """Seconds after which another process that does not answer counts as lost, where a training has
    several; longer than writing a checkpoint takes."""
    on_nan: str = field(default="stop", metadata={"choices": ("stop", "continue")})
    """After a NaN or infinite number, both write a file that replays it. stop: end with an error.
    continue: restart the environments it came from and leave their samples out, or undo the update
    it came from; ten such iterations in a row end the training all the same."""
    record_replay: Optional[bool] = None
    """Whether each iteration remembers the environments' state, so that a NaN in it can be
    simulated again. None: on a CPU, where the copy takes a thousandth of the time; from a GPU it
    is copied to the host, which waits for it."""
    on_write_error: str = field(default="continue", metadata={"choices": ("stop", "continue")})
    """Where a checkpoint cannot be written (full disk, read-only folder). stop: end with an error.
    continue: warn, go on and try again after half a minute."""


@dataclass(frozen=True)
class TrainConfig:
    """Everything that the learner can be told."""

    policy: ActorCriticConfig = field(default_factory=ActorCriticConfig)
    """Networks and normalizers."""
    algorithm: PPOConfig = field(default_factory=PPOConfig)
    """Learning from a rollout."""
    behavioural_cloning: BehaviouralCloningConfig = field(default_factory=BehaviouralCloningConfig)
    """Warm start from recorded actions."""
    runner: RunnerConfig = field(default_factory=RunnerConfig)
    """The loop around it."""
    execution: ExecutionConfig = field(default_factory=ExecutionConfig)
    """CUDA graphs, precision, compilation."""
    logging: LoggingConfig = field(default_factory=LoggingConfig)
    """Where the numbers go."""
