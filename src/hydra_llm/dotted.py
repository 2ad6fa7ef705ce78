"""Classes and functions of a user's own, named by their dotted path: `package.module.Name`.

The registries of the search and of the language model know their built-in names; any other name with a dot in it is
loaded from here. Standard library only, so that both may import this module.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterable
from typing import Any, TypeVar

T = TypeVar("T")


class DottedPathError(ValueError):
    """A dotted path leads nowhere, or to something else than what is needed; the message is a sentence."""


class Named:
    """`name` is what logs and reports call an object; a class that states none is called by its dotted path."""

    name: str

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        if "name" not in vars(cls):
            cls.name = f"{cls.__module__}.{cls.__qualname__}"


def load(key: str, path: str) -> Any:
    """What the dotted path names. `key` is the setting that holds it, for the error: a DottedPathError."""
    module_name, _, name = path.rpartition(".")
    if not module_name or not all(part.isidentifier() for part in path.split(".")):
        raise DottedPathError(f"{key} must be a dotted path (package.module.name), got {path!r}.")
    try:
        return getattr(importlib.import_module(module_name), name)
    except (ImportError, AttributeError) as error:
        raise DottedPathError(
            f"{key}={path} cannot be imported ({error}). Write package.module.name; modules beside the application's "
            "script can be imported too."
        ) from error


def load_class(key: str, path: str, base: type[T], built_in: Iterable[str]) -> type[T]:
    """The class behind the path, a finished subclass of `base`. Raises DottedPathError naming what is missing, and the
    built-in names where the path has no dot and so was meant to be one of them.
    """
    wanted = f"the dotted path of a subclass of hydra_llm.{base.__name__}"
    if "." not in path:
        raise DottedPathError(f"{key} must be one of {', '.join(built_in)}, or {wanted}, got {path!r}.")
    found = load(key, path)
    if not inspect.isclass(found) or not issubclass(found, base):
        raise DottedPathError(f"{key} must be {wanted}, got {path}, which is {_kind(found)}.")
    missing = sorted(getattr(found, "__abstractmethods__", ()))
    if missing:
        raise DottedPathError(f"{key}={path} must define {', '.join(missing)} of hydra_llm.{base.__name__}.")
    return found


def check_object(key: str, found: Any, base: type[T]) -> T:
    """An object that a `_target_` node made, if it is a `base`; otherwise a DottedPathError."""
    if not isinstance(found, base):
        raise DottedPathError(f"{key} must be a name, a dotted path or a hydra_llm.{base.__name__}, got {found!r}.")
    return found


def construct(key: str, found: type[T], **arguments: Any) -> T:
    """`found(**arguments)`. Raises DottedPathError where its constructor takes other arguments."""
    try:
        inspect.signature(found).bind(**arguments)
    except TypeError as error:
        given = ", ".join(f"{name}={value!r}" for name, value in arguments.items()) or "no arguments"
        raise DottedPathError(f"{key}: {found.__qualname__} must be constructible with {given}: {error}.") from None
    return found(**arguments)


def _kind(found: Any) -> str:
    if inspect.isclass(found):
        return f"a subclass of {', '.join(base.__name__ for base in found.__bases__)}"
    return f"a {type(found).__name__}"
