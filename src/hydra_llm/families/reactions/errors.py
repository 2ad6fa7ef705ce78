"""Files that cannot be used, and features that are not supported, as sentences."""

from importlib import import_module
from types import ModuleType


class ModelError(ValueError):
    """A file of a reaction network that cannot be used. The message says what was found and what to do."""


class NotSupported(ModelError):
    """A feature that the readers refuse. feature: its name, by which refusals are counted."""

    def __init__(self, feature: str, sentence: str) -> None:
        super().__init__(sentence)
        self.feature = feature

    def __reduce__(self) -> tuple[object, ...]:  # two arguments cross a process boundary only so
        return type(self), (self.feature, str(self))


def libsbml() -> ModuleType:
    """The module libsbml. Raises ModelError where it is not installed."""
    return _module("libsbml", "python-libsbml")


def fides() -> ModuleType:
    """The module fides. Raises ModelError where it is not installed."""
    return _module("fides", "fides")


def _module(name: str, package: str) -> ModuleType:
    try:
        return import_module(name)
    except ImportError:
        raise ModelError(
            f"Reaction networks from files need {package}, not installed here: pip install 'hydra-llm[sbml]' (or "
            "'.[sbml]')."
        ) from None
