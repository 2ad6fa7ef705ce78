"""Where a recording cannot tell homeostasis from its own errors, said before the fit. Knows how it was simulated."""

from collections.abc import Mapping
from typing import Any

from hydra_llm.families.metabolism.config import HomeostasisTraining
from hydra_llm.families.metabolism.homeostasis.fit import rolls_out


def unsuitable(training: HomeostasisTraining, meta: Mapping[str, Any]) -> list[str]:
    """Sentences for the log; meta: that of the truth."""
    from_recording, rollouts = training.target != "drift", rolls_out(training)
    noise = meta["noise_model_level"]
    if noise > 0:
        what = "what is estimated from the recording" if from_recording else "rollouts"
        return (
            [
                f"The recording has process noise (simulation.noise_model_level={noise:g}), which is larger than "
                f"homeostasis: with {what}, slopes came out at about a seventh. Use training.target=drift with "
                "training.k=profiled to compare, or record without process noise."
            ]
            if from_recording or rollouts
            else []
        )
    if meta["integrator"] == "euler" and meta["substeps"] == 1:
        return []
    recorded = f"the recording was integrated by {meta['integrator']} with {meta['substeps']} substeps"
    found = []
    if training.target == "finite_difference" and training.difference_order == "forward":
        found.append(
            f"Forward differences are biased here: {recorded}, and the error of the difference is larger than "
            "homeostasis (slopes came out up to nine times too steep). Use training.difference_order=central."
        )
    if rollouts:
        found.append(
            f"Rollouts by Euler steps are biased here: {recorded}. Use training/strategy=[residual_supervision] or "
            "training.k=profiled."
        )
    return found
