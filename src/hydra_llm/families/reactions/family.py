"""Reaction networks from files in a run."""

from hydra_llm.families.family import Family
from hydra_llm.families.reactions.evaluation import LikelihoodEvaluator, recorded
from hydra_llm.families.reactions.fit import fit

FAMILY = Family(
    fit=fit,
    evaluator=LikelihoodEvaluator,
    headline="nll",
    recorded=recorded,
    shown=(
        "nll",
        "objective",
        "chi2",
        "chi2_per_measurement",
        "n_measurements",
        "n_parameters",
        "parameters_determined",
        "parameters_R2",
        "parameters_R2_identifiable",
        "parameters_coverage_95",
        "parameters_coverage_95_determined",
        "n_starts",
        "starts_at_best",
        "starts_failed",
        "training_time_min",
    ),
)
