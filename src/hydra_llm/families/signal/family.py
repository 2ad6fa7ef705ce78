"""The signal family in a run."""

from functools import partial

from hydra_llm.families.bootstrap import with_replicates
from hydra_llm.families.family import Family
from hydra_llm.families.signal.evaluation import SignalEvaluator
from hydra_llm.families.signal.fit import fit

FAMILY = Family(
    fit=partial(with_replicates, fit),
    evaluator=SignalEvaluator,
    oracle_keys=("target", "difference_order"),
    headline="connectivity_R2",
    shown=(
        "connectivity_R2",
        "connectivity_R2_identifiable",
        "connectivity_R2_slope",
        "connectivity_R2_pearson2",
        "connectivity_sign_accuracy",
        "connectivity_gauge_share",
        "connectivity_standard_error",
        "connectivity_coverage_90",
        "message_R2",
        "update_R2",
        "cluster_accuracy",
        "n_types",
        "n_types_estimated",
        "onestep_R2",
        "val_R2",
        "val_pearson",
        "test_R2",
        "test_pearson",
        "test_valid_frames",
        "activity_rank_90",
        "activity_rank_99",
        "gain_spectral_radius",
        "final_loss",
        "training_time_min",
    ),
)
