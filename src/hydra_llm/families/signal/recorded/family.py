"""A recording of a rate network in a run."""

from pathlib import Path

from omegaconf import DictConfig

from hydra_llm.data.dataset import Dataset
from hydra_llm.data.observations import Observations
from hydra_llm.families.bootstrap import with_replicates
from hydra_llm.families.evaluation import sentence_on_states
from hydra_llm.families.family import Evaluator, Family
from hydra_llm.families.fitting import Fit, FitContext
from hydra_llm.families.signal.fit import fit
from hydra_llm.families.signal.fitting.sessions import Sessions, sees_all
from hydra_llm.families.signal.recorded.evaluation import RecordingEvaluator
from hydra_llm.families.signal.recorded.stitched_evaluation import StitchedEvaluator
from hydra_llm.families.signal.stitched import stitched_fit


def _fit(dataset: Path, model: DictConfig, training: DictConfig, context: FitContext) -> Fit:
    if sees_all(Observations.open(dataset)):
        return with_replicates(fit, dataset, model, training, context)
    if training.bootstrap:
        raise ValueError(
            f"training.bootstrap={training.bootstrap} needs sessions that all show the same units. Intervals of others "
            "come from draws of what was hidden: set training.bootstrap=0."
        )
    return stitched_fit(dataset, model, training, context)


def _evaluator(dataset: Dataset, training: DictConfig) -> Evaluator:
    return (RecordingEvaluator if sees_all(dataset.observations()) else StitchedEvaluator)(dataset, training)


def _recorded(dataset: Dataset) -> str:
    """What the training frames show. Raises FitFailed for a recording of one state."""
    observations = dataset.observations()
    if not sees_all(observations):
        return Sessions.of(observations, "train").sentence()
    return sentence_on_states(observations.split("train").activity)


FAMILY = Family(
    fit=_fit,
    evaluator=_evaluator,
    recorded=_recorded,
    headline="trust_score",
    shown=(
        "measurement_noise",
        "measurement_noise_share",
        "process_noise",
        "process_noise_share",
        "trust_score",
        "onestep_skill",
        "onestep_R2",
        "n_latent_inputs",
        "n_sessions",
        "connectivity_together_share",
        "connectivity_standard_error",
        "connectivity_determined_share",
        "connectivity_R2",
        "silenced_connectivity_R2",
        "averaged_connectivity_R2",
        "alone_connectivity_R2",
        "connectivity_R2_slope",
        "connectivity_R2_pearson2",
        "connectivity_coverage_90",
        "connectivity_coverage_95",
        "connectivity_mean_z2",
        "bootstrap_fits",
        "message_band",
        "update_band",
        "split_half_correlation",
        "split_half_z",
        "permutation_false_positives",
        "test_innovation_correlation",
        "test_likelihood_gain",
        "test_rollout_reach",
        "val_R2",
        "val_pearson",
        "test_R2",
        "test_pearson",
        "test_valid_frames",
        "activity_rank_90",
        "activity_rank_99",
        "final_loss",
        "training_time_min",
    ),
)
