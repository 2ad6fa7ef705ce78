"""Which errors are the user's to mend: they are told as a sentence, without a traceback of ours."""

import os

from hydra_llm.data.errors import DatasetError
from hydra_llm.systems.base import DivergenceError


class ExperimentError(RuntimeError):
    """A run cannot be done as asked. The message names the value, what was expected and the remedy."""


USER_ERRORS = (ExperimentError, DatasetError, DivergenceError, ValueError)


def wants_traceback() -> bool:
    """Hydra's own switch for people who debug."""
    return os.environ.get("HYDRA_FULL_ERROR", "0") not in ("", "0")
