"""Play a trained policy: python -m humanoid_gym.play --checkpoint [PATH]. See --help."""

import sys

from humanoid_gym.cli.playing import main

if __name__ == "__main__":
    sys.exit(main())
