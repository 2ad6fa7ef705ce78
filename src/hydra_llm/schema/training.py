"""What every conf/training has: doors for phases and for a LightningModule of the user's own."""

from dataclasses import dataclass
from typing import Any

from hydra_llm.schema.fields import key

RECOVERY = {"_target_": "hydra_llm.training.recovery.RecoveryModule"}


@dataclass
class OpenTraining:
    """Both are `_target_` nodes; docs/extending.md shows one of each."""

    phases: list[Any] | None = key(
        None, help="the phases of the fit in order, each a _target_ called with (training, data); null: the recipe"
    )
    module: dict[str, Any] = key(RECOVERY, help="the LightningModule, called with net, phases and validate")
