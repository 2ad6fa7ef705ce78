"""A stimulus that was learned, beside the one that was shown."""

import numpy as np
import torch

from hydra_llm.data.observations import RecordedSplit
from hydra_llm.families.flyvis.model.implicit_stimulus import ImplicitStimulus
from hydra_llm.metrics.scores import identity_r2, pearson

_FRAMES = 1000  # at once


def external_input_metrics(stimulus: ImplicitStimulus, train: RecordedSplit, delta_t: float) -> dict[str, float]:
    """external_input_R2 and _pearson2 over the training frames and the input neurons.

    A constant in the input of a neuron is one in its V_rest with the other sign, so each input neuron is compared
    about its own mean.
    """
    if train.external is None:
        return {}
    learned = []
    with torch.no_grad():
        for start in range(0, train.n_frames, _FRAMES):
            frames = torch.arange(start, min(start + _FRAMES, train.n_frames))
            learned.append(stimulus(frames * delta_t).double().numpy())
    found, shown = (part - part.mean(axis=0) for part in (np.concatenate(learned), np.array(train.external, float)))
    scores = {}
    fit, correlation = identity_r2(found, shown), pearson(found, shown)
    if fit is not None:
        scores["external_input_R2"] = fit
    if correlation is not None:
        scores["external_input_R2_pearson2"] = correlation**2
    return scores
