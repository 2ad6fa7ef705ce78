"""The metabolism family in a run."""

from hydra_llm.families.family import Family
from hydra_llm.families.metabolism.evaluation.evaluator import MetabolismEvaluator
from hydra_llm.families.metabolism.fit import fit

FAMILY = Family(
    fit=fit,
    evaluator=MetabolismEvaluator,
    oracle_keys=("target", "difference_order"),
    headline="rate_constants_R2",
    shown=(
        "rate_constants_R2",
        "rate_constants_R2_identifiable",
        "rate_constants_R2_pearson2",
        "rate_constants_R2_slope",
        "rate_constants_n_outliers",
        "rate_constants_standard_error",
        "rate_constants_coverage_90",
        "stoichiometry_R2",
        "turnover_R2",
        "slope_score",
        "avg_slope_ratio",
        "slope_ratio_0",
        "slope_ratio_1",
        "offset_ratio_0",
        "offset_ratio_1",
        "embedding_cluster_acc",
        "cluster_accuracy",
        "phase2_loss",
        "phase2_node_magnitude",
        "MLP_sub_R2",
        "alpha",
        "onestep_R2",
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
