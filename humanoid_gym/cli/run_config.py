"""The whole configuration of a run: checked, resolved, and back to a mapping that rebuilds it."""

from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Dict, List, Mapping, Optional, Tuple, Type, Union

from humanoid_gym.cli import gpu_settings
from humanoid_gym.cli.composing import GROUPS, OVERLAYS
from humanoid_gym.cli.hardware import ALONE, AUTO, Choice, choose_device, choose_num_envs
from humanoid_gym.config import ConfigError, build, nearest, to_dict
from humanoid_gym.rl.distributed import Launch, own_seed, own_share
from humanoid_gym.rl.runner import TrainConfig
from humanoid_gym.tasks.legacy_config import decided
from humanoid_gym.tasks.registry import CLASS, settings_class, task_class
from humanoid_gym.tasks.task_config import TaskConfig

_DECIDED_HERE = ("num_envs", "seed")  # fields of a task that the top level sets


@dataclass(frozen=True)
class LaunchConfig:
    """Top-level settings, as typed."""

    num_envs: Union[int, str] = AUTO
    """Number of environments, or auto: what suits the device."""
    seed: int = field(default=42, metadata={"min": 0, "max": 2**32 - 1})
    """Seed of every random number: task, network and learner."""
    device: str = AUTO
    """Torch device: auto, cpu, cuda or cuda:N."""
    max_iterations: Optional[int] = field(default=None, metadata={"min": 1})
    """Learning iterations; None: train.runner.max_iterations."""
    headless: bool = True
    """Do not open a viewer window."""
    experiment: str = ""
    """Appended to the name of the run folder."""
    checkpoint: Optional[str] = None
    """Checkpoint file or run folder to continue from."""
    logger: Union[str, List[str], None] = None
    """Where the numbers go, for instance [tensorboard, wandb]; None: train.logging.sinks."""

    def __post_init__(self) -> None:
        """Refuse an experiment that would lead out of the folder of runs."""
        if any(character in self.experiment for character in "/\\\0"):
            raise ValueError(f"experiment: expected a plain name, got '{self.experiment}'")


@dataclass(frozen=True)
class RunConfig:
    """Everything a run needs, with every 'auto' decided."""

    task_name: str
    """Name of the task."""
    task_place: Optional[str]
    """Its class as module:class; None: that of the package's own task of this name."""
    launch: LaunchConfig
    """Top-level settings as typed."""
    device: Choice
    """Torch device and the reason for it."""
    num_envs: Choice
    """Number of environments of all processes, in decimal, and the reason for it."""
    task: TaskConfig
    """Settings of the task, with this process's number of environments and its seed filled in."""
    train: TrainConfig
    """Settings of the learner."""
    for_gpu: str = ""
    """Which of them are there because the device is a GPU."""
    legacy: Optional[Dict[str, Any]] = None
    """The dictionary of a legacy task, whose `task` has number of environments and seed only."""

    def to_mapping(self) -> Dict[str, Any]:
        """Return the resolved configuration; `run_config` builds the same run from it."""
        launch = {
            **asdict(self.launch),
            "num_envs": int(self.num_envs.value),
            "device": self.device.value,
        }
        task = {} if self.task_place is None else {CLASS: self.task_place}
        if self.legacy is not None:
            task.update(to_dict(self.legacy))
        else:
            task.update((k, v) for k, v in to_dict(self.task).items() if k not in _DECIDED_HERE)
        return {
            "task_name": self.task_name,
            **launch,
            "task": task,
            "train": to_dict(self.train),
        }


def run_config(
    task_name: str, settings: Mapping[str, Any], gpu_lacks: str, process: Launch = ALONE
) -> RunConfig:
    """Check a composed configuration and decide what it leaves to the machine.

    Args:
        task_name: name of the task.
        settings: top-level settings and the groups `task` and `train`; not modified.
        gpu_lacks: why physics cannot run on a GPU here; empty if it can.
        process: which of several processes this is.

    Raises:
        ConfigError: an unknown task or key, a value of the wrong type or range, or a device that
            this machine does not have.
    """
    top = {key: value for key, value in settings.items() if key not in (*GROUPS, "task_name")}
    _check_top_level(top)
    if top.get("checkpoint") == "":
        top["checkpoint"] = None
    launch = build(LaunchConfig, top, "")
    device = choose_device(launch.device, gpu_lacks, process)
    task = _group(settings, "task")
    place = task.pop(CLASS, None)
    config_class = settings_class(task_class(task_name, place), task)
    if config_class is None:
        num_envs = _num_envs_of_dictionary(launch.num_envs, task, device.value, process)
    else:
        num_envs = choose_num_envs(launch.num_envs, device.value, process)
    shared = {
        "num_envs": own_share(int(num_envs.value), process.world_size, "num_envs"),
        "seed": own_seed(launch.seed, process.rank),
    }
    legacy = None
    if config_class is None:
        config_class, dictionary, task = TaskConfig, task, {}
        values = build(TaskConfig, shared, "task")
        legacy = decided(dictionary, values, device.value, launch.headless)
    _check_parts(task_name, config_class, task)
    train, for_gpu = _train_config(_group(settings, "train"), launch, device.value)
    return RunConfig(
        task_name=task_name,
        task_place=place,
        launch=launch,
        device=device,
        num_envs=num_envs,
        task=build(config_class, {**task, **shared}, "task"),
        train=train,
        for_gpu=for_gpu,
        legacy=legacy,
    )


def _num_envs_of_dictionary(
    requested: Union[int, str], task: Mapping[str, Any], device: str, process: Launch
) -> Choice:
    """Choose the number of environments of a legacy task, whose files state a default."""
    own = task["env"].get("numEnvs") if isinstance(task.get("env"), Mapping) else None
    if requested != AUTO or type(own) is not int:
        return choose_num_envs(requested, device, process)
    choice = choose_num_envs(own, device, process)
    return choice._replace(reason="task.env.numEnvs; set num_envs=N to change")


def _train_config(
    settings: Dict[str, Any], launch: LaunchConfig, device: str
) -> Tuple[TrainConfig, str]:
    """Build the learner's settings, with those at the top."""
    if launch.logger is not None:
        sinks = [launch.logger] if isinstance(launch.logger, str) else launch.logger
        settings["logging"] = {**(settings.get("logging") or {}), "sinks": sinks}
    train, for_gpu = _of_device(settings, device)
    if launch.max_iterations is not None:
        train = replace(train, runner=replace(train.runner, max_iterations=launch.max_iterations))
    return train, for_gpu


def _of_device(settings: Dict[str, Any], device: str) -> Tuple[TrainConfig, str]:
    """Build the learner's settings; on a GPU those of the group `gpu` count."""
    for_gpu = build(TrainConfig, gpu_settings.with_gpu_settings(settings), "train")
    group = settings.pop(gpu_settings.GROUP, None)
    if device.startswith("cuda"):
        return for_gpu, gpu_settings.described(group or {})
    return build(TrainConfig, settings, "train"), ""


def _check_parts(task_name: str, config: Type[TaskConfig], task: Mapping[str, Any]) -> None:
    """Refuse what the top level sets, and terrain=… and randomization=… where nothing knows it."""
    for key in _DECIDED_HERE:
        if key in task:
            raise ConfigError(f"task.{key}: set {key}=… at the top level instead")
    known = [field.name for field in fields(config)]
    for group, part in OVERLAYS.items():
        name = part.rpartition(".")[2]
        if name in task and name not in known:
            raise ConfigError(f"{group}: task {task_name} has none; leave {group}=… out")


def _check_top_level(top: Mapping[str, Any]) -> None:
    names = [*LaunchConfig.__dataclass_fields__, *GROUPS, *OVERLAYS]
    for key in top:
        if key not in names:
            raise ConfigError(f"unknown key '{key}'; nearest: '{nearest(key, names)}'")


def _group(settings: Mapping[str, Any], name: str) -> Dict[str, Any]:
    group = settings.get(name)
    if not isinstance(group, Mapping):
        raise ConfigError(f"{name}: expected a group of settings, got {group!r}")
    return {str(key): value for key, value in group.items()}
