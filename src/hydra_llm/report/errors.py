"""Errors of figures and pages that a person can remedy."""


class FigureError(ValueError):
    """The figure can not be drawn as asked; the message says what can."""
