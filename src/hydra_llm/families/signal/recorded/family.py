"""A recording of a rate network in a run."""

from hydra_llm.families.family import Family
from hydra_llm.families.signal.fit import fit
from hydra_llm.families.signal.recorded.evaluation import RecordingEvaluator

FAMILY = Family(
    fit=fit,
    evaluator=RecordingEvaluator,
    headline="trust_score",
    shown=(
        "measurement_noise",
        "measurement_noise_share",
        "process_noise",
        "process_noise_share",
        "trust_score",
        "onestep_skill",
        "onestep_R2",
        "connectivity_standard_error",
        "connectivity_determined_share",
        "connectivity_R2",
        "connectivity_R2_slope",
        "connectivity_R2_pearson2",
        "connectivity_coverage_90",
        "connectivity_coverage_95",
        "connectivity_mean_z2",
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
