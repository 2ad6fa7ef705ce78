"""Errors that the user can fix: a run ends with their sentence, without a traceback."""

import os

from hydra_llm.data.errors import DatasetError
from hydra_llm.systems.base import DivergenceError


class ExperimentError(RuntimeError):
    """A run cannot be done as asked. The message names the value, what was expected and the remedy."""


class FitFailed(ExperimentError):
    """A fit found nothing. The message says what was seen; a sweep counts the run as failed, and there is no score."""


USER_ERRORS = (ExperimentError, DatasetError, DivergenceError, ValueError)


def wants_traceback() -> bool:
    """Hydra's own switch for people who debug."""
    return os.environ.get("HYDRA_FULL_ERROR", "0") not in ("", "0")
