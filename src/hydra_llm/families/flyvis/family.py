"""The fly visual system in a run."""

from functools import partial

from hydra_llm.families.bootstrap import with_replicates
from hydra_llm.families.family import Family
from hydra_llm.families.flyvis.evaluation.evaluator import FlyvisEvaluator
from hydra_llm.families.flyvis.fit import fit
from hydra_llm.families.flyvis.memory import peak_memory

FAMILY = Family(
    fit=partial(with_replicates, fit),
    evaluator=FlyvisEvaluator,
    oracle_keys=("target", "difference_order", "flow_substeps"),
    memory=peak_memory,
    headline="connectivity_R2",
    shown=(
        "connectivity_R2",
        "connectivity_R2_identifiable",
        "connectivity_identifiable_share",
        "connectivity_R2_slope",
        "connectivity_R2_pearson2",
        "connectivity_R2_neuron_median",
        "connectivity_R2_type_pairs",
        "connectivity_sign_accuracy",
        "connectivity_standard_error",
        "connectivity_coverage_90",
        "connectivity_gauge_share",
        "message_R2",
        "tau_R2",
        "tau_R2_identifiable",
        "tau_R2_moving",
        "tau_R2_slow",
        "tau_median_ratio",
        "V_rest_R2",
        "V_rest_R2_identifiable",
        "V_rest_median_error",
        "cluster_accuracy",
        "cluster_ari",
        "onestep_R2",
        "val_R2",
        "val_pearson",
        "test_R2",
        "test_pearson",
        "test_noise_free_R2_median",
        "test_noise_free_pearson",
        "final_loss",
        "training_time_min",
    ),
)
