"""Train a policy: python -m humanoid_gym.train task=humanoid num_envs=4096. See --help."""

import sys

from humanoid_gym.cli.training import main

if __name__ == "__main__":
    sys.exit(main())
