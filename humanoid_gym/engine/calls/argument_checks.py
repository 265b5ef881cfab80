"""Checks that every method of Gym makes of its first argument: one clear error for a wrong one."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from humanoid_gym.engine.assets.asset import Asset
from humanoid_gym.engine.scene.scene import Env
from humanoid_gym.engine.sim import Sim

Class = TypeVar("Class", bound=type)

KINDS: dict[str, tuple[type, str]] = {
    "Sim": (Sim, "create_sim"),
    "Env": (Env, "create_env"),
    "Asset": (Asset, "load_asset"),
}
"""Class of a first argument by its annotation (a text), and the call that makes one."""


def checked(cls: Class) -> Class:
    """Class decorator: methods whose first argument is a Sim, an Env or an Asset check it."""
    for name, method in inspect.getmembers(cls, inspect.isfunction):
        arguments = method.__code__.co_varnames[1 : method.__code__.co_argcount]
        if arguments and not name.startswith("_"):
            kind = KINDS.get(method.__annotations__.get(arguments[0], ""))
            if kind is not None:
                setattr(cls, name, guarded(method, arguments[0], *kind))
    return cls


def guarded(method: Callable[..., Any], first: str, kind: type, maker: str) -> Callable[..., Any]:
    """The method behind a check of its first argument."""
    name = method.__name__

    @functools.wraps(method)
    def call(self: object, *args: object, **named: object) -> object:
        given = args[0] if args else named.get(first)
        if not isinstance(given, kind):
            if not args and first not in named:
                return method(self, *args, **named)  # it knows best what is missing
            raise TypeError(
                f"{name}: a {kind.__name__} from {maker} expected as {first!r}, "
                f"got {type(given).__name__}"
            )
        if isinstance(given, Sim | Env) and given.scene.destroyed:
            raise destroyed(name)
        return method(self, *args, **named)

    return call


def destroyed(call: str) -> RuntimeError:
    """What calls on a destroyed simulation and its environments raise."""
    return RuntimeError(f"{call}: the sim was destroyed by destroy_sim; create_sim makes a new one")
