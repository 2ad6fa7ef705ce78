"""From conf/trainer to the arguments of lightning.Trainer."""

import inspect
import sys
from typing import Any

from hydra.utils import instantiate
from lightning import Trainer
from omegaconf import DictConfig

from hydra_llm.families.errors import ExperimentError
from hydra_llm.schema.fields import close_to

OURS = ("threads", "progress")  # keys of conf/trainer that the Trainer does not know
OWNED = {  # arguments that a run decides, and the keys that it decides them by
    "max_epochs": "the keys of training, such as training.max_steps",
    "callbacks": "the keys of callbacks",
    "logger": "the group logger",
    "enable_progress_bar": "trainer.progress",
    "enable_checkpointing": "callbacks.checkpoint, which keeps the best checkpoint",
}


def trainer_options(trainer: DictConfig) -> dict[str, Any]:
    """Arguments of lightning.Trainer; an option may be a `_target_` node.

    Raises ExperimentError for an option that the Trainer does not have, and for one that a run decides itself.
    """
    known = set(inspect.signature(Trainer.__init__).parameters) - {"self", "kwargs"}
    options = [str(name) for name in trainer if name not in OURS]
    for name in options:
        if name in OWNED:
            raise ExperimentError(f"trainer.{name} is decided by the run: set {OWNED[name]} instead.")
        if name not in known:
            near = close_to(name, sorted((known | set(OURS)) - set(OWNED)))
            raise ExperimentError(f"trainer.{name} is not an option of lightning.Trainer.{near}")
    chosen = {name: trainer[name] for name in options}
    return {**instantiate(chosen, _convert_="all"), "enable_progress_bar": shows_progress(trainer)}


def shows_progress(trainer: DictConfig) -> bool:
    return trainer.progress == "on" or (trainer.progress == "auto" and sys.stderr.isatty())
