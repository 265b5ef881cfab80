"""Isaac Gym's package name, answered by the embedded engine."""

try:
    import humanoid_gym
except ModuleNotFoundError as error:
    if error.name != "humanoid_gym":
        raise
    raise ImportError(
        "this isaacgym holds names only, its engine is the package humanoid_gym, which is not "
        "installed; run: pip install PATH_OF_ITS_REPOSITORY"
    ) from None

from isaacgym import gymapi
