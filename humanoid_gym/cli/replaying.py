"""python -m humanoid_gym.cli.replaying FILE: play what went wrong in a training again."""

import sys
from pathlib import Path
from typing import Optional, Sequence

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
        settings = without_warm_start(content["config"])
        config = run_config(settings["task_name"], settings, what_gpu_physics_lacks())
        env = make_env(config)
        runner = Runner(env, config.train, Path(), config.launch.seed, settings, writes=False)
        result = replay(runner, content)
    print(f"recorded  iteration {content['iteration']}: {result.recorded}")
    print(f"replayed  {'; '.join(result.found) or 'no NaN or infinite number'}")
    print(f"exact     {'bit for bit as recorded' if result.exact else 'not as recorded'}")
    env.close()
    return 0 if result.found else 1


if __name__ == "__main__":
    sys.exit(main())
