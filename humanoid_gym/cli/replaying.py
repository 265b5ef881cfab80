"""python -m humanoid_gym.cli.replaying FILE: play what went wrong in a training again."""

import sys
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Sequence

from humanoid_gym.cli.bad_input import one_line_errors
from humanoid_gym.cli.resuming import without_warm_start
from humanoid_gym.cli.run_config import run_config
from humanoid_gym.cli.training import make_env
from humanoid_gym.config import ConfigError
from humanoid_gym.rl.faults.replay import load_fault, replay
from humanoid_gym.rl.runner import Runner
from humanoid_gym.tasks.simulated_task import what_gpu_physics_lacks

USAGE = "usage: python -m humanoid_gym.cli.replaying runs/<task>/<time>/faults/<file>.pt"


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Play the file of a fault and say what was found.

    Args:
        arguments: without the program's name; None: those of the process.

    Returns:
        Exit code: 0 if the fault came again, 1 if not.

    Raises:
        SystemExit: with code 2 and one line on stderr if the file cannot be used.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    with one_line_errors():
        if len(given) != 1:
            raise ConfigError(USAGE)
        content = load_fault(given[0])
        settings = of_one_process(without_warm_start(content["config"]), content)
        config = run_config(settings["task_name"], settings, what_gpu_physics_lacks())
        env = make_env(config)
        runner = Runner(env, config.train, Path(), config.launch.seed, settings, writes=False)
        result = replay(runner, content)
    print(f"recorded  iteration {content['iteration']}: {result.recorded}")
    print(f"replayed  {'; '.join(result.found) or 'no NaN or infinite number'}")
    print(f"exact     {'bit for bit as recorded' if result.exact else 'not as recorded'}")
    env.close()
    return 0 if result.found else 1


def of_one_process(settings: Mapping[str, Any], content: Mapping[str, Any]) -> Dict[str, Any]:
    """Return a run's configuration with the share of the process that wrote the file.

    Args:
        settings: number of environments and size of minibatches are those of all processes.
        content: of the file, with the rollout of that process.
    """
    own = content.get("rollout", content)["actions"].shape[1]
    train = dict(settings["train"])
    algorithm = dict(train["algorithm"])
    if algorithm.get("minibatch_size") is not None:
        algorithm["minibatch_size"] = algorithm["minibatch_size"] * own // settings["num_envs"]
    return {**settings, "num_envs": own, "train": {**train, "algorithm": algorithm}}


if __name__ == "__main__":
    sys.exit(main())
