"""Train a policy: python train.py task=humanoid num_envs=4096. See --help."""

import sys

from humanoid_gym.cli.training import main

if __name__ == "__main__":
    sys.exit(main())
