"""Decides which `isaacgym` answers: NVIDIA's where it is installed, else the embedded engine.

Importing `humanoid_gym` installs a finder in front of Python's own. The environment variable
HUMANOID_GYM_ENGINE (auto, embedded or nvidia) overrides the decision.
"""

import importlib
import importlib.util
import os
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any, Iterator, NamedTuple, Optional, Sequence

if TYPE_CHECKING:
    from importlib.metadata import Distribution

VARIABLE = "HUMANOID_GYM_ENGINE"
CHOICES = ("auto", "embedded", "nvidia")
FACADE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "facade", "isaacgym")


class EngineChoice(NamedTuple):
    """The engine behind the name `isaacgym`."""

    name: str
    """"embedded" or "nvidia"."""
    reason: str
    """Why, in one sentence without a full stop."""


class IsaacGymFinder:
    """Meta-path finder for the one name `isaacgym`; everything else it leaves to the others."""

    @classmethod
    def find_spec(
        cls,
        fullname: str,
        path: Optional[Sequence[str]] = None,
        target: Optional[ModuleType] = None,
    ) -> Optional[ModuleSpec]:
        """Specification of the facade, or None where NVIDIA's package is to be found."""
        if fullname != "isaacgym" or engine_choice().name == "nvidia":
            return None
        if sys.version_info < (3, 11):
            version = ".".join(map(str, sys.version_info[:2]))
            raise ImportError(
                f"the embedded engine needs Python 3.11 or newer, this is {version}; "
                "use a newer Python or install NVIDIA's isaacgym"
            )
        return importlib.util.spec_from_file_location(
            fullname, os.path.join(FACADE, "__init__.py"), submodule_search_locations=[FACADE]
        )

    @classmethod
    def find_distributions(cls, context: Any) -> "Iterator[Distribution]":  # noqa: ANN401 (importlib's own)
        """Metadata of `isaacgym` where the embedded engine answers: `importlib.metadata` asks."""
        if context.name not in (None, "isaacgym") or sys.version_info < (3, 11):
            return
        if _embedded_answers():
            from humanoid_gym.isaacgym_metadata import IsaacGymDistribution

            yield IsaacGymDistribution()


def engine_choice() -> EngineChoice:
    """Which engine answers to `import isaacgym`, and why.

    Raises:
        ConfigError: HUMANOID_GYM_ENGINE is not one of auto, embedded, nvidia, or asks for an engine
            that is not there.
    """
    wanted = os.environ.get(VARIABLE, "auto") or "auto"
    if wanted not in CHOICES:
        raise _config_error(f"{VARIABLE}={wanted!r} is none of {', '.join(CHOICES)}")
    origin, loaded = _nvidia_origin()
    if wanted == "nvidia":
        if origin is None:
            raise _config_error(
                f"{VARIABLE}=nvidia, but NVIDIA's isaacgym is not "
                + ("used: the embedded engine was imported first" if loaded else "installed")
                + f"; set {VARIABLE}=embedded or leave it out to use the embedded engine"
            )
        return EngineChoice("nvidia", f"{VARIABLE}=nvidia")
    if wanted == "embedded":
        if origin is not None and loaded:
            raise _config_error(
                f"{VARIABLE}=embedded, but {origin} was imported before humanoid_gym; "
                "import humanoid_gym first"
            )
        return EngineChoice("embedded", f"{VARIABLE}=embedded")
    if origin is None:
        return EngineChoice("embedded", "NVIDIA's isaacgym is not installed")
    return EngineChoice("nvidia", f"isaacgym is installed at {os.path.dirname(origin)}")


def install() -> None:
    """Put the finder in front; import NVIDIA's gymapi at once where it answers.

    NVIDIA's refuses to load after torch, so it must come before anything that imports that. A wrong
    HUMANOID_GYM_ENGINE is not reported here but where the engine is first asked for.
    """
    if not any(_is_ours(finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, IsaacGymFinder)
    spec = getattr(sys.modules.get("isaacgym"), "__spec__", None)
    if spec is not None and spec.origin is None and spec.submodule_search_locations is not None:
        del sys.modules["isaacgym"]  # a bare folder was imported as a namespace; it would hide us
    try:
        choice = engine_choice()
    except ValueError:
        return
    if choice.name == "nvidia" and "torch" not in sys.modules:
        try:
            importlib.import_module("isaacgym.gymapi")
        except Exception as error:
            raise ImportError(
                f"{choice.reason}, but importing it failed: {error}; "
                f"set {VARIABLE}=embedded to use the embedded engine"
            ) from error


def _embedded_answers() -> bool:
    try:
        return engine_choice().name == "embedded"
    except ValueError:
        return False


def _nvidia_origin() -> "tuple[Optional[str], bool]":
    """File of an isaacgym that is not ours, or None; whether some isaacgym is already imported."""
    module = sys.modules.get("isaacgym")
    if module is not None:
        origin = getattr(module, "__file__", None)
        return (None if _is_facade(origin) else origin), True
    for finder in sys.meta_path:
        find = getattr(finder, "find_spec", None)
        if find is None or _is_ours(finder):
            continue
        spec = find("isaacgym", None)
        # A bare folder of that name is a namespace package: it has no origin and is no engine.
        if spec is not None and spec.origin is not None and not _is_facade(spec.origin):
            return spec.origin, False
    return None, False


def _is_ours(finder: object) -> bool:
    """Compared by name: after a reload the installed finder is another class."""
    return getattr(finder, "__name__", "") == IsaacGymFinder.__name__


def _is_facade(origin: Optional[str]) -> bool:
    """Whether a file is of our facade: in place, or copied there by `pip install` of it."""
    if origin is None:
        return True
    folder = os.path.dirname(origin)
    return os.path.realpath(folder) == os.path.realpath(FACADE) or os.path.isfile(
        os.path.join(folder, "_facade.py")
    )


def _config_error(message: str) -> ValueError:
    from humanoid_gym.config import ConfigError  # only when needed: keeps the package import light

    return ConfigError(message)
