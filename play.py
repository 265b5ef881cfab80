"""Play a trained policy: python play.py --checkpoint [PATH] [--video out.mp4]. See --help."""

import sys

from humanoid_gym.cli.playing import main

if __name__ == "__main__":
    sys.exit(main())
