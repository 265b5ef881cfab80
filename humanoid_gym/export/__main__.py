"""python -m humanoid_gym.export --checkpoint … : write a trained policy for a robot. See --help."""

import sys

from humanoid_gym.cli.exporting import main

if __name__ == "__main__":
    sys.exit(main())
