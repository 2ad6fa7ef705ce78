"""Errors that end a sweep with a sentence: Hydra prints them without a stack of ours."""

from hydra.errors import CompactHydraException


class SweepError(CompactHydraException):
    """The message says what is wrong and what to do."""
