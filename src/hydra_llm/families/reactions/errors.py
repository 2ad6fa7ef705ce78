"""Files that cannot be used, and features that are not supported, as sentences."""

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
    try:
        import libsbml as found
    except ImportError:
        raise ModelError(_absent("python-libsbml")) from None
    return found


def fides() -> ModuleType:
    """The module fides. Raises ModelError where it is not installed."""
    try:
        import fides as found
    except ImportError:
        raise ModelError(_absent("fides")) from None
    return found


def _absent(name: str) -> str:
    return f"Reaction networks from files need {name}, not installed here: pip install 'hydra-llm[sbml]' (or '.[sbml]')."
