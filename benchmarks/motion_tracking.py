"""How well a policy tracks each of its motions, from their beginning.

    python benchmarks/motion_tracking.py --checkpoint runs/humanoid_tracking/<time> --episodes 20

Other settings come after, as in play.py: `randomization=full`, `'task.motion.files=[jump.csv]'`.
"""

import argparse
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

import torch
from torch import Tensor

from humanoid_gym.cli import trained
from humanoid_gym.rl.networks import Agent
from humanoid_gym.tasks.tracking.motion_tracking import MotionTracking

FROM_THE_BEGINNING = ("task.motion.start=beginning", "task.episode_length=1000000")
AVERAGED = ("joint_error", "body_position_error", "body_orientation_error")
COLUMNS = ("completed", "lost", *AVERAGED, "base_distance")


def play(env: MotionTracking, agent: Agent) -> Dict[str, Tensor]:
    """Play an episode in each environment; return numbers of each (num_envs,)."""
    found = {name: torch.zeros(env.num_envs, device=env.device) for name in COLUMNS}
    steps = torch.zeros(env.num_envs, device=env.device)
    going_on = torch.ones(env.num_envs, dtype=torch.bool, device=env.device)
    observation = env.reset()["obs"]
    while bool(going_on.any()):
        results, _, reset, extras = env.step(agent(observation))
        observation = results["obs"]
        agent.forget(reset.bool())
        steps += going_on
        for name in AVERAGED:
            found[name] += extras["metrics"][name] * going_on
        ends = going_on & reset.bool()
        of_the_end = {
            **extras["episode_metrics"],
            "base_distance": extras["metrics"]["base_distance"],
        }
        for name in ("completed", "lost", "base_distance"):
            found[name] = torch.where(ends, of_the_end[name], found[name])
        going_on &= ~ends
    return {name: x / steps if name in AVERAGED else x for name, x in found.items()}


def table(names: Sequence[str], motion: Tensor, found: Dict[str, Tensor]) -> List[str]:
    """Return a Markdown table with a row for each motion; motion: index of each episode's."""
    rows = [f"| motion | {' | '.join(COLUMNS)} |", f"|---|{'--:|' * len(COLUMNS)}"]
    for index, name in enumerate(names):
        means = [f"{float(found[column][motion == index].mean()):.3f}" for column in COLUMNS]
        rows.append(f"| {name} | {' | '.join(means)} |")
    return rows


def made(
    checkpoint: Path, device: str, num_envs: int, settings: Sequence[str]
) -> Tuple[MotionTracking, Agent, int]:
    """Return a checkpoint's task and policy, and its iteration."""
    policy = trained.read(checkpoint, {"num_envs": num_envs, "device": device}, settings)
    env = policy.make_env()
    if not isinstance(env, MotionTracking):
        raise SystemExit(f"{checkpoint}: expected a policy of a tracking task")
    agent = Agent(policy.networks(env), num_envs)
    return env, agent, int(policy.content["counters"]["iteration"])


def main() -> None:
    """Read the command line, play, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--episodes", type=int, default=20, help="of each motion")
    parser.add_argument("--device", default="auto")
    options, overrides = parser.parse_known_args()
    checkpoint = trained.find(options.checkpoint)
    settings = [*FROM_THE_BEGINNING, *overrides]
    env, agent, iteration = made(checkpoint, options.device, 1, settings)
    count = len(env.motions.names)
    env.close()
    env, agent, iteration = made(checkpoint, options.device, count * options.episodes, settings)
    motion = torch.arange(env.num_envs) % count  # as a task that begins at the beginning has them
    found = {name: values.cpu() for name, values in play(env, agent).items()}
    print(f"{checkpoint}, iteration {iteration}, {options.episodes} episodes each, mean actions")
    print("\n".join(table(env.motions.names, motion, found)))


if __name__ == "__main__":
    main()
