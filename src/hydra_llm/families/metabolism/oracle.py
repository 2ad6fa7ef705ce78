"""The oracle of a metabolic recording: joint least squares given the rate law, scored beside every result."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from hydra_llm.data.observations import Observations
from hydra_llm.families.evaluation import OracleReport
from hydra_llm.families.metabolism.fitting.joint_regression import Condensed, JointFit
from hydra_llm.families.metabolism.fitting.log_evidence import log_evidence
from hydra_llm.families.metabolism.metrics import rate_constant_metrics
from hydra_llm.families.metabolism.system import ReactionField, ReactionNetwork
from hydra_llm.identifiability.samples import Samples
from hydra_llm.systems.random_streams import stream

DRAWS = 8  # initialisations that show what luck decides
PUBLISHED_INIT = (-2.0, 1.0)  # log10 k starts uniform in it


@dataclass(frozen=True)
class MetabolismOracle:
    """condensed: the equations with the true rate law, for further analyses."""

    condensed: Condensed
    joint: JointFit


def reaction_laws(field: ReactionField, c: Tensor, external: Tensor | None) -> Tensor:
    """True rates per unit of their constants [frame, reaction]."""
    laws = field.laws(c)
    multiplies = external is not None and field.input_mode.startswith("multiplicative")
    return laws * field.speed(external) if multiplies and external is not None else laws


def condense(samples: Samples, field: ReactionField) -> Condensed:
    return Condensed.of(
        samples, lambda c, external: reaction_laws(field, c, external), field.stoichiometry, input_mode=field.input_mode
    )


def oracle_report(
    samples: Samples,
    field: ReactionField,
    log_k: Tensor,
    types: Tensor,
    observations: Observations,
    meta: Mapping[str, Any],
    *,
    target: str,
) -> OracleReport[MetabolismOracle]:
    """log_k, types and meta are the truth: log_k to score with, types for the oracle that knows them.

    The ceiling is least squares where the target is the oracle derivative and all constants are identifiable; else it
    is the most probable constants (fitting.log_evidence).
    """
    condensed = condense(samples, field)
    joint, alone, tied = (condensed.solve(lines) for lines in ("metabolite", "none", types))
    probable = log_evidence(joint)
    exact = target == "drift" and bool(joint.identifiable.all())
    ceiling = torch.where(joint.k > 0, joint.k, torch.nan).log10() if exact else probable.log_k
    scores = {
        **rate_constant_metrics(ceiling, log_k, identifiable=joint.identifiable, prefix="oracle_rate_constants"),
        **_constants(joint, log_k, "oracle_ls_rate_constants"),
        **rate_constant_metrics(probable.log_k, log_k, identifiable=None, prefix="oracle_evidence_rate_constants"),
        **_constants(alone, log_k, "oracle_reactions_only_rate_constants"),
        **_constants(tied, log_k, "oracle_tied_rate_constants"),
        "oracle_rank": float(joint.rank),
        "oracle_null_dimensions": float(joint.null_dimensions),
        "oracle_condition_number": joint.condition_number,
        "oracle_standard_error_log10": float(joint.standard_error_log10[joint.identifiable].median()),
    }
    for name in ("oracle_ls", "oracle_evidence", "oracle_tied"):
        if f"{name}_rate_constants_R2" in scores:
            scores[name] = scores[f"{name}_rate_constants_R2"]
    network = ReactionNetwork(
        observations.structure("stoichiometry").double(), observations.structure("substrate_orders").double()
    )
    sentence = _sentence(joint, network, scores, meta)
    return OracleReport(MetabolismOracle(condensed, joint), scores, sentence)


def _constants(fit: JointFit, log_k: Tensor, prefix: str) -> dict[str, float]:
    """Scores of the constants. Where some are not determined, the mean over random initialisations, with its spread."""
    if fit.identifiable.all():
        found = torch.where(fit.k > 0, fit.k, torch.nan).log10()
        return rate_constant_metrics(found, log_k, identifiable=fit.identifiable, prefix=prefix)
    low, high = PUBLISHED_INIT
    drawn = torch.rand((DRAWS, len(log_k)), generator=stream(0, "model_init/luck"), dtype=torch.float64)
    draws = [
        rate_constant_metrics(found, log_k, identifiable=fit.identifiable, prefix=prefix)
        for found in fit.luck(low + (high - low) * drawn)
    ]
    shared = set.intersection(*(set(scores) for scores in draws))
    table = {name: torch.tensor([scores[name] for scores in draws], dtype=torch.float64) for name in sorted(shared)}
    means = {name: float(values.mean()) for name, values in table.items()}
    return {**means, f"{prefix}_R2_sd": float(table[f"{prefix}_R2"].std())} if f"{prefix}_R2" in table else means


def _sentence(joint: JointFit, network: ReactionNetwork, scores: dict[str, float], meta: Mapping[str, Any]) -> str:
    text = joint.sentence(network.faults())
    if "oracle_ls_rate_constants_R2_sd" in scores:
        text += (
            f" Where they start decides those: over {DRAWS} initialisations with the law known, R2 of all constants is "
            f"{scores['oracle_ls_rate_constants_R2']:.2f} +- {scores['oracle_ls_rate_constants_R2_sd']:.2f}, that of "
            f"the identifiable ones {scores.get('oracle_ls_rate_constants_R2_identifiable', float('nan')):.4f}."
        )
    if meta["flux_limit_time"] is not None:
        text += " The flux limit bends rates away from their law where it acts; this oracle does not know of it."
    level = meta["measurement_noise_sd"]
    if level > 0:
        text += (
            f" Measurement noise of {level:g} also enters the rate laws and biases least squares; "
            "its score is a baseline here, no ceiling."
        )
    return text
