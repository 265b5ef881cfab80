"""Time of the learner's parts, ours against rsl_rl's and Stable-Baselines3's PPO.

    pip install rsl-rl-lib stable-baselines3
    python benchmarks/learner.py [--device auto] [--num-envs 512] [--threads 2] [--json FILE]

All learn from the same random rollout with the same networks, minibatches and epochs, alternating
in one run, so that a busy machine disturbs all alike; medians are printed, and the ratios of theirs
to ours. Libraries that are not installed are left out.

    act      one step of the policy for all environments; rsl_rl and Stable-Baselines3 evaluate the
             critic with it, ours does that in `prepare`
    prepare  advantages and what goes with them: values, normalization
    update   the gradient steps
    learn    prepare + update

On a GPU, "ours" is captured in CUDA graphs with TF32; beside it stand ours uncaptured, in full
float32 and in bfloat16. `--compile` adds ours with torch.compile.
"""

import argparse
import importlib.util
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from rival_learners import HIDDEN, NUM_ACTIONS, NUM_OBS, Timed, rsl_rl, stable_baselines3

from humanoid_gym.rl.acting import CapturedPolicy
from humanoid_gym.rl.execution import Execution, ExecutionConfig
from humanoid_gym.rl.networks import ActorCritic, ActorCriticConfig
from humanoid_gym.rl.ppo import PPO, Batch, PPOConfig
from humanoid_gym.rl.rollout_storage import RolloutStorage

WARM_UP = {"cpu": 1, "cuda": 4}
"""Repetitions that do not count, by device: a GPU captures in them, a compiler compiles."""
PARTS = ("act", "prepare", "update", "learn")
RIVALS = {"rsl_rl": rsl_rl, "stable_baselines3": stable_baselines3}

Medians = dict[str, dict[str, float]]
"""Milliseconds by learner and part."""


def main() -> None:
    """Measure and print."""
    arguments = parsed()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    device = torch.device(arguments.device)
    storage = random_rollout(arguments, device)
    learners = {
        name: ours(storage, arguments, Execution(config, device))
        for name, config in variants(arguments).items()
    }
    for name, make in RIVALS.items():
        if importlib.util.find_spec(name) is not None:
            learners[name] = make(storage, arguments)
    medians = alternate(learners, arguments.repetitions, device)
    result = {**described(arguments, device), "milliseconds": medians}
    print(table(result))
    print(json.dumps(result))
    if arguments.json:
        arguments.json.write_text(json.dumps(result) + "\n", encoding="utf-8")


def parsed() -> argparse.Namespace:
    """Return the command line, with sizes that suit the device."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    parser.add_argument("--num-envs", type=int, help="512, on a GPU 4096")
    parser.add_argument("--horizon", type=int, default=32)
    parser.add_argument("--minibatches", type=int, default=4)
    parser.add_argument("--epochs", type=int, help="4, on a GPU 5")
    parser.add_argument("--repetitions", type=int, default=9)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--compile", action="store_true", help="also with torch.compile")
    parser.add_argument("--json", type=Path, help="write the result there too")
    arguments = parser.parse_args()
    if arguments.device == "auto":
        arguments.device = "cuda" if torch.cuda.is_available() else "cpu"
    on_gpu = arguments.device.startswith("cuda")
    arguments.num_envs = arguments.num_envs or (4096 if on_gpu else 512)
    arguments.epochs = arguments.epochs or (5 if on_gpu else 4)
    return arguments


def variants(arguments: argparse.Namespace) -> dict[str, ExecutionConfig]:
    """Return the ways in which our learner is executed, by name."""
    ways = {"ours": ExecutionConfig()}
    if arguments.device.startswith("cuda"):
        ways["ours, uncaptured"] = ExecutionConfig(capture="off")
        ways["ours, float32"] = ExecutionConfig(tf32=False)
        ways["ours, bfloat16"] = ExecutionConfig(mixed_precision=True)
    if arguments.compile:
        ways["ours, compiled"] = ExecutionConfig(compile=True)
    return ways


def random_rollout(arguments: argparse.Namespace, device: torch.device) -> RolloutStorage:
    """Fill a storage with plausible random numbers; one episode in a hundred steps ends."""
    storage = RolloutStorage(arguments.horizon, arguments.num_envs, NUM_OBS, NUM_ACTIONS, device)
    for tensor in (storage.observations, storage.final_observations, storage.actions):
        tensor.normal_()
    storage.means.normal_(std=0.1)
    storage.rewards.uniform_(0.0, 0.05)
    storage.terminated.bernoulli_(0.01)
    storage.truncated.bernoulli_(0.001)
    normal = torch.distributions.Normal(storage.means, 1.0)
    storage.log_probs.copy_(normal.log_prob(storage.actions).sum(-1))
    return storage


def ours(storage: RolloutStorage, arguments: argparse.Namespace, execution: Execution) -> Timed:
    """Return our parts of an iteration."""
    networks = ActorCritic(NUM_OBS, NUM_ACTIONS, ActorCriticConfig()).to(execution.device)
    networks.update_observation_statistics(storage.observations)
    config = PPOConfig(num_epochs=arguments.epochs, num_minibatches=arguments.minibatches)
    generator = torch.Generator(execution.device)
    ppo = PPO(networks, config, generator, execution=execution)
    policy = CapturedPolicy(networks, generator, execution)
    batches: list[Batch] = []

    def prepare() -> None:
        batches[:] = [ppo.prepare(storage)]

    def update() -> list[float]:
        return torch.stack(list(ppo.update(batches[0]).values())).tolist()  # the one read

    def act() -> None:
        policy.act(storage.observations[0], storage.memory.actor)

    return {"act": act, "prepare": prepare, "update": update}


def alternate(learners: dict[str, Timed], repetitions: int, device: torch.device) -> Medians:
    """Let all learners do all parts in turn; return medians, and the peak of GPU memory."""
    samples: dict[str, dict[str, list[float]]] = {
        name: {part: [] for part in PARTS} for name in learners
    }
    warm_up = WARM_UP[device.type]
    for repetition in range(warm_up + repetitions):
        for name, parts in learners.items():
            seconds = {part: timed(step, device) for part, step in parts.items()}
            seconds["learn"] = seconds["prepare"] + seconds["update"]
            if repetition >= warm_up:
                for part in PARTS:
                    samples[name][part].append(1e3 * seconds[part])
    return {
        name: {part: statistics.median(values) for part, values in parts.items()}
        for name, parts in samples.items()
    }


def timed(step: Callable[[], object], device: torch.device) -> float:
    """Return the seconds that a call takes, with the device's work for it finished."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    begin = time.perf_counter()
    step()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - begin


def described(arguments: argparse.Namespace, device: torch.device) -> dict[str, object]:
    """Return what was measured on what."""
    on_gpu = device.type == "cuda"
    return {
        "samples": arguments.num_envs * arguments.horizon,
        "num_envs": arguments.num_envs,
        "epochs": arguments.epochs,
        "minibatches": arguments.minibatches,
        "networks": list(HIDDEN),
        "device": torch.cuda.get_device_name(device) if on_gpu else platform.machine(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "repetitions": arguments.repetitions,
        "peak_gpu_bytes": torch.cuda.max_memory_allocated(device) if on_gpu else 0,
    }


def table(result: dict[str, object]) -> str:
    """Return the medians in columns, each with its ratio to ours."""
    medians: Medians = result["milliseconds"]  # pyright: ignore[reportAssignmentType]
    lines = [", ".join(f"{k} {v}" for k, v in result.items() if k != "milliseconds"), ""]
    lines.append(f"{'milliseconds':22}" + "".join(f"{part:>18}" for part in PARTS))
    for name, parts in medians.items():
        cells = (f"{parts[p]:10.3f} ({parts[p] / medians['ours'][p]:4.2f})" for p in PARTS)
        lines.append(f"{name:22}" + "".join(f"{cell:>18}" for cell in cells))
    return "\n".join(lines)


if __name__ == "__main__":
    main()
