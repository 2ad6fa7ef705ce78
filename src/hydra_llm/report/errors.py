"""Errors of figures, pages and look-ups that a person can remedy."""


class FigureError(ValueError):
    """The figure cannot be drawn as asked; the message says what can."""


class LookupFailure(LookupError):
    """What was asked for is not in the sweep; the message says what is."""

    def __str__(self) -> str:  # KeyError's kin would show the repr
        return str(self.args[0]) if self.args else ""


class ExportError(RuntimeError):
    """The table cannot be written as asked; the message says what is missing."""


class RepeatError(RuntimeError):
    """The model of a recorded sweep cannot be asked; the message is a sentence."""
