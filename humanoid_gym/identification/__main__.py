"""python -m humanoid_gym.identification --recording FILE task=…: fit a robot. See --help."""

import sys

from humanoid_gym.cli.identifying import main

if __name__ == "__main__":
    sys.exit(main())
