"""What every conf/training has: doors for phases, for a LightningModule and for a strategy of the user's own."""

from dataclasses import dataclass, field
from typing import Any

from hydra_llm.schema.fields import key
from hydra_llm.schema.target import TargetKeys

RECOVERY = {"_target_": "hydra_llm.training.recovery.RecoveryModule"}


@dataclass
class CustomStrategy:
    """training/strategy=custom: what a gradient step minimises, in a file of the user's own (docs/strategies.md)."""

    source: str | None = key(
        None, help="PATH.py or PATH.py@REVISION of a file with one class that has loss(model, batch, step)"
    )
    checked: bool = key(True, help="refuse a file that breaks the rules of docs/strategies.md; false: run it as it is")


@dataclass
class OpenTraining(TargetKeys):
    """phases and module are `_target_` nodes; docs/extending.md shows one of each."""

    phases: list[Any] | None = key(
        None, help="the phases of the fit in order, each a _target_ called with (training, data); null: the recipe"
    )
    must_beat: list[str] = key(
        ["constant", "persistence", "linear"],
        help="baselines that a fit must beat on the validation frames, by 1 %, or it has failed; [] accepts any fit",
    )
    retries: int = key(2, help="further attempts of a fit that failed, from other starts with stronger ridges", low=0)
    module: dict[str, Any] = key(RECOVERY, help="the LightningModule, called with net, phases and validate")
    strategy: CustomStrategy = field(
        default_factory=CustomStrategy, metadata={"help": "a loss of your own; training/strategy=custom selects it"}
    )


@dataclass
class ResampledTraining(OpenTraining):
    """What a family has whose fits are repeated on resampled recordings (hydra_llm.families.bootstrap)."""

    bootstrap: int = key(
        0,
        help="further fits to resampled blocks of the training frames, whose scatter gives the intervals; 0: none, and "
        "intervals from the closed form",
        low=0,
    )
