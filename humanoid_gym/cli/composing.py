"""Command-line overrides to one plain configuration mapping, through Hydra.

Hydra merges the files of `cfg/` with the overrides; it does not judge keys. Which keys exist, and
of which type and range their values are, only the dataclasses say (`run_config`), so a mistyped key
gets one answer wherever it stands.
"""

import os
import re
import sys
from dataclasses import dataclass
from typing import Any, Dict, List, Sequence, Tuple

import yaml
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException, MissingConfigException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from humanoid_gym.cli import config_folders, gpu_settings, legacy_settings
from humanoid_gym.cli.hardware import choose_device
from humanoid_gym.cli.legacy_settings import Change
from humanoid_gym.config import ConfigError
from humanoid_gym.rl import distributed
from humanoid_gym.tasks.simulated_task import what_gpu_physics_lacks

GROUPS = ("task", "train")
"""Settings whose value is the name of a file: `task=humanoid` is `cfg/task/humanoid.yaml`."""

OVERLAYS = {"randomization": "task.randomization", "terrain": "task.terrain"}
"""Groups whose file sets a part of the task: `terrain=rough` is `cfg/terrain/rough.yaml`, which
says in its first line that it goes there."""

OBSERVED = ("height_scan",)
"""Settings in those parts that a policy's observation follows from: a trained one keeps its own."""


@dataclass(frozen=True)
class Composed:
    """What Hydra made of the files and the overrides, not yet checked."""

    settings: Dict[str, Any]
    """Nested mapping with every interpolation resolved."""
    task_name: str
    """The chosen option of the group `task`."""
    origin: str = ""
    """Where settings come from, in place of `cfg/`; empty: from there."""
    inherited: Tuple[str, ...] = ()
    """Which of num_envs and device are those of the run that is continued."""


def compose(overrides: Sequence[str]) -> Composed:
    """Merge the configuration files with command-line overrides.

    Args:
        overrides: Hydra's syntax, one `key=value` each.

    Raises:
        ConfigError: an override or a file that cannot be read, an unknown task or train file, or
            an interpolation that leads nowhere.
    """
    for text in overrides:
        _check_single(text)
    prepared = prepare(overrides)
    try:
        folder = str(config_folders.folders()[0])
        with initialize_config_dir(version_base="1.3", config_dir=folder):
            config = hydra_compose("config", overrides=prepared, return_hydra_config=True)
            composed = from_hydra(config, str(config.hydra.runtime.choices.task), overrides)
            if legacy_settings.is_legacy(composed.task_name, composed.settings["task"]):
                files = hydra_compose("config", overrides=prepare(_groups(overrides)))
                before = from_hydra(files, composed.task_name).settings["task"]
                legacy_settings.check(composed.task_name, before, _changes(overrides))
        return composed
    except MissingConfigException as error:
        raise _missing_file(error) from error
    except yaml.YAMLError as error:
        raise ConfigError(f"settings that are not readable as YAML: {error}") from error
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(_first_line(error)) from error


def from_hydra(config: DictConfig, task_name: str, overrides: Sequence[str] = ()) -> Composed:
    """Resolve a configuration that Hydra composed, leaving Hydra's own settings out.

    Args:
        config: with the overrides in it.
        task_name: the chosen option of the group `task`.
        overrides: what counts on a GPU, too, in place of the settings for GPUs.
    """
    own = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
    settings = _resolved(own)
    gpu_settings.yield_to([str(_parse(text).key_or_group) for text in overrides], settings)
    return Composed(settings=settings, task_name=task_name)


def _resolved(config: DictConfig) -> Dict[str, Any]:
    if OmegaConf.is_dict(OmegaConf.select(config, "task.env")):
        process = distributed.launch_from(os.environ)
        requested = str(OmegaConf.select(config, "device"))
        device = choose_device(requested, what_gpu_physics_lacks(), process).value
        return legacy_settings.resolved(config, device)
    settings = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    assert isinstance(settings, dict)
    return {str(key): value for key, value in settings.items()}


def prepare(overrides: Sequence[str]) -> List[str]:
    """Check the form of each override and the names of groups; let any other key through.

    In front comes what tells Hydra of the project's own files. Hydra refuses keys that the YAML
    files do not list. `++` makes it set them all the same: the dataclass behind decides, and it
    knows the nearest valid name.

    Raises:
        ConfigError: an override that cannot be read, or an unknown option of a group.
    """
    return [*config_folders.search_path(), *map(_prepare_one, overrides)]


def is_for_hydra(override: str) -> bool:
    """Whether an override is one of Hydra's own settings: hydra/launcher=…, hydra.sweep.dir=….

    Raises:
        ConfigError: the override cannot be read.
    """
    return re.split(r"[./]", _parse(override).key_or_group)[0] == "hydra"


def values_of(override: str) -> List[str]:
    """Split a sweep over listed values into one override for each; others stay as they are.

    Raises:
        ConfigError: the override cannot be read, or a group's values have null among them.
    """
    parsed = _parse(override)
    if not parsed.is_discrete_sweep():
        return [override]
    listed = [f"{parsed.key_or_group}={value}" for value in parsed.sweep_string_iterator()]
    if any(_is_nothing(_parse(single)) for single in listed):
        raise ConfigError(
            f"{override}: Hydra does not sweep over null; name a file that changes nothing, which "
            "are randomization=none and terrain=flat"
        )
    return listed


def key(override: str) -> str:
    """Return the key, or the group, that an override sets.

    Raises:
        ConfigError: the override cannot be read.
    """
    return _parse(override).key_or_group


def values(overrides: Sequence[str]) -> Dict[str, Any]:
    """Return what overrides set, by key; the last one counts.

    Raises:
        ConfigError: an override that cannot be read, or that has several values.
    """
    for text in overrides:
        _check_single(text)
    return {parsed.key_or_group: parsed.value() for parsed in map(_parse, overrides)}


def tell_of_repetitions(overrides: Sequence[str]) -> None:
    """Say on stderr where a group is chosen twice, and the first choice has no effect.

    That the last one counts is Hydra's rule, of groups as of single settings, and what scripts that
    pass on their arguments rely on; but `task=a … task=b` is hardly meant.

    Raises:
        ConfigError: an override that cannot be read.
    """
    chosen = {key(text): text for text in overrides}
    for text in overrides:
        group = key(text)
        if group in (*GROUPS, *OVERLAYS) and text != chosen[group]:
            print(f"note: {chosen[group]} counts, as the last one, not {text}", file=sys.stderr)


def apply_overrides(settings: Dict[str, Any], overrides: Sequence[str]) -> Dict[str, Any]:
    """Set single keys of a resolved configuration, such as a run's own.

    Args:
        settings: nested mapping; not modified.
        overrides: `key=value` each. Groups are fixed by the run, but for those that set a part of
            the task; these come first, as everywhere in Hydra.

    Raises:
        ConfigError: an override that cannot be read, that replaces a group or deletes a key.
    """
    task_name = str(settings.get("task_name"))
    if legacy_settings.is_legacy(task_name, settings.get("task")):
        legacy_settings.check(task_name, settings["task"], _changes(overrides))
    try:
        return from_hydra(_changed(OmegaConf.create(settings), overrides), "").settings
    except OmegaConfBaseException as error:
        raise ConfigError(_first_line(error)) from error


def _groups(overrides: Sequence[str]) -> List[str]:
    """Return those overrides that choose files, and the device."""
    return [text for text in overrides if key(text) in (*GROUPS, *OVERLAYS, "device")]


def _changes(overrides: Sequence[str]) -> List[Change]:
    parsed = [(text, _parse(text)) for text in overrides]
    return [Change(t, p.key_or_group, None if p.is_delete() else p.value()) for t, p in parsed]


def _changed(config: DictConfig, overrides: Sequence[str]) -> DictConfig:
    for text in sorted(overrides, key=lambda text: key(text) not in OVERLAYS):
        parsed = _parse(text)
        if parsed.is_delete():
            raise ConfigError(
                f"{text}: a run's settings can be changed, not deleted; set key=value"
            )
        if parsed.key_or_group in GROUPS:
            raise ConfigError(
                f"{text}: the checkpoint's own run fixes '{parsed.key_or_group}'; "
                f"single keys can be changed, e.g. {parsed.key_or_group}.x=1"
            )
        if parsed.key_or_group in OVERLAYS:
            _overlay(config, parsed.key_or_group, parsed)
            continue
        OmegaConf.update(config, parsed.key_or_group, parsed.value(), force_add=True)
    return config


def _overlay(config: DictConfig, group: str, chosen: Override) -> None:
    """Put a group's file, or nothing for null, in place of the part of the task that it sets."""
    file = None if _is_nothing(chosen) else config_folders.find(group, _option(chosen))
    part = OmegaConf.create() if file is None else OmegaConf.load(file)
    own = OmegaConf.select(config, OVERLAYS[group]) or {}
    part = OmegaConf.merge(part, {key: own[key] for key in OBSERVED if key in own})
    OmegaConf.update(config, OVERLAYS[group], part, merge=False, force_add=True)


def _check_single(text: str) -> None:
    parsed = _parse(text)
    if parsed.is_sweep_override():
        raise ConfigError(f"{text}: several values need --multirun")
    if is_for_hydra(text):
        raise ConfigError(f"{text}: Hydra's own settings take effect with --multirun only")


def _prepare_one(text: str) -> str:
    parsed = _parse(text)
    if parsed.is_delete() or is_for_hydra(text):
        return text
    if parsed.key_or_group in (*GROUPS, *OVERLAYS):
        if _is_nothing(parsed):
            return f"~{parsed.key_or_group}"  # Hydra does not take null for a group
        if not parsed.is_sweep_override():
            config_folders.find(parsed.key_or_group, _option(parsed))
        return text
    return "++" + text.lstrip("+")


def _parse(text: str) -> Override:
    if ("=" not in text and not text.startswith("~")) or text.startswith("="):
        raise ConfigError(f"'{text}': expected key=value, for example task=humanoid")
    try:
        return OverridesParser.create().parse_override(text)
    except HydraException as error:
        raise ConfigError(f"cannot read '{text}': {_first_line(error)}; {_remedy(text)}") from error


def _remedy(text: str) -> str:
    """Return how to write what could not be read."""
    if "*" in text:
        return "names with * go into braces, without quotes: 'task.default_pose={*_knee: 0.5}'"
    return "a value with special characters needs quotes of its own: \"key='value'\""


def _is_nothing(parsed: Override) -> bool:
    """Whether an override says `terrain=null`, as cfg/config.yaml does: no file."""
    is_single = not parsed.is_sweep_override()
    return is_single and parsed.key_or_group in OVERLAYS and parsed.value() is None


def _option(parsed: Override) -> str:
    value = parsed.value()
    return "null" if value is None else str(value)


def _missing_file(error: MissingConfigException) -> ConfigError:
    wanted = error.missing_cfg_file or "?"
    available = ", ".join(error.options or ())
    hint = (
        f"; write it, or choose {str(wanted).split('/')[0]}=NAME: {available}" if available else ""
    )
    return ConfigError(f"no file cfg/{wanted}.yaml{hint}")


def _first_line(error: Exception) -> str:
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    place = getattr(error, "full_key", None)  # of a setting that refers to others
    return first if not place or str(place) in first else f"{place}: {first}"
