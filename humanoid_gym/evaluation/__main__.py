"""`python -m humanoid_gym.evaluation`: judge a policy; `report` and `monitor` are next to it."""

import sys

from humanoid_gym.cli.evaluating import main

if __name__ == "__main__":
    sys.exit(main())
