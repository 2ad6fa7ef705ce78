"""The oracle of rate networks: least squares for W with everything else known.

Known are phi, leak, drive, gain and the types; unknown are the weights. Where the target is the oracle derivative and
all weights are identifiable, least squares is the ceiling. Else it follows the noise into the directions that the data
hardly move, and the ceiling is a ridge: of largest evidence, or with its strength by validation. The validation frames
say which. Under process noise the two agree; measurement noise is in states and differences alike, which the evidence
does not know of.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from hydra_llm.families.signal.system import RateField
from hydra_llm.identifiability.evidence import evidence_ridge
from hydra_llm.identifiability.least_squares import (
    NULL_PROJECTION,
    Factor,
    Solver,
    best_ridge,
    factorise,
    identifiable_without_own_source,
    own_source_direction,
    spread_without_own_source,
    without_own_source,
)
from hydra_llm.identifiability.samples import Samples

_BLOCK = 4096  # frames per step


@dataclass(frozen=True)
class SignalOracle:
    """What least squares finds. Weights are g_i W_ij [target, source], as in RateField.effective_connectivity."""

    ls: Tensor  # null space set to zero
    ridge: Tensor
    evidence: Tensor
    identifiable: Tensor  # bool, by the rank of the data; true also where noise hides a weight
    standard_error: Tensor  # of ls, from what it leaves unexplained
    evidence_error: Tensor  # posterior standard deviation of evidence
    singular_values: Tensor  # of phi(u); where each target has features of its own, those of the worst target
    rank: int  # of the same
    condition_number: float  # of the same
    null_dimensions: int  # sum over targets
    validation_errors: tuple[float, float]  # of ridge and of evidence: sums of squares, up to a constant
    ridge_strength: float  # relative to the largest squared singular value; the median where chosen per target

    def ceiling(self, target: str) -> Tensor:
        """The best that an honest method may hope for on this kind of target, [target, source]."""
        if target == "drift":
            return self.ls if self._off_diagonal(self.identifiable).all() else self.evidence
        by_validation, by_evidence = self.validation_errors
        return self.ridge if by_validation < by_evidence else self.evidence

    def scores(self) -> dict[str, float]:
        """The numbers to show beside the scores of the weights. What is infinite or undefined is left out."""
        scores = {
            "oracle_rank": float(self.rank),
            "oracle_null_dimensions": float(self.null_dimensions),
            "oracle_ridge_strength": self.ridge_strength,
        }
        errors = self.standard_error[self.standard_error > 0]
        if len(errors):
            scores["oracle_standard_error"] = float(errors.median())
        if np.isfinite(self.condition_number):
            scores["oracle_condition_number"] = self.condition_number
        return scores

    def sentence(self, measurement_noise_level: float) -> str:
        """What these data cannot determine, in words. Looks at the data only, never at the true weights."""
        known = self._off_diagonal(self.identifiable)
        lost = int((~known).sum())
        if lost:
            text = (
                f"To a relative precision of 1e-8 the messages phi(u) span {self.rank} of {len(self.singular_values)} "
                f"dimensions. These data leave {self.null_dimensions} combinations of synaptic weights undetermined, "
                f"and {lost} of {known.numel()} weights take part in one."
            )
        else:
            text = (
                f"These data determine all {known.numel()} synaptic weights if the law is known "
                f"(condition number {self.condition_number:.1e})."
            )
        weights, error = (self._off_diagonal(part)[known].square() for part in (self.ls, self.standard_error))
        if known.any() and error.mean() > 0.001 * weights.mean():
            size = float((weights.mean() - error.mean()).clamp_min(0).sqrt())  # the estimates hold the noise too
            text += f" Noise blurs a weight by {float(error.mean().sqrt()):.2g}, with a typical weight of {size:.2g}."
        if measurement_noise_level > 0:
            text += (
                f" Measurement noise of {measurement_noise_level:g} also enters the messages and biases least squares; "
                "its score is a baseline here, no ceiling."
            )
        return text

    def of(self, neurons: Tensor) -> "SignalOracle":
        """What it says of the weights between some neurons."""
        names = ("ls", "ridge", "evidence", "identifiable", "standard_error", "evidence_error")
        return replace(self, **{name: getattr(self, name)[neurons][:, neurons] for name in names})

    @staticmethod
    def _off_diagonal(matrix: Tensor) -> Tensor:
        return matrix[~torch.eye(len(matrix), dtype=torch.bool)]


def signal_oracle(
    train: Samples, validation: Samples, field: RateField, *, known_synapses: Tensor | None
) -> SignalOracle:
    """Fit W on train, choose the ridge on validation. field: the true one in float64; its weights are not looked at.

    known_synapses: bool [target, source], which synapses exist, if that is known; else all but the self-connections.
    One decomposition serves all targets, unless synapses are known or the input multiplies: each target needs its own.
    """
    if field.a.dtype != torch.float64:
        raise ValueError(f"The field must be in torch.float64, in which the oracle computes, got {field.a.dtype}.")
    own_features = field.multiplicative and train.external is not None
    if known_synapses is None and not own_features:
        return _shared(_factor(train, field), _factor(validation, field), train.rounding)
    n = len(field.a)
    synapses = torch.ones((n, n), dtype=torch.bool) if known_synapses is None else known_synapses.bool().clone()
    synapses.fill_diagonal_(False)
    if not synapses.any():
        raise ValueError(
            "known_synapses must name at least one synapse between two neurons, got none: there is no weight to find."
        )
    shared = None if own_features else (_factor(train, field), _factor(validation, field))

    def problem(i: int) -> tuple[Factor, Factor]:
        sources = synapses[i].nonzero().ravel()
        if shared is not None:
            return shared[0].columns(sources, i), shared[1].columns(sources, i)
        return _factor(train, field, i).columns(sources, 0), _factor(validation, field, i).columns(sources, 0)

    return _per_target(synapses, problem, train.rounding)


def _factor(samples: Samples, field: RateField, target: int | None = None) -> Factor:
    """Condense phi(u) and the part of du/dt that synapses have to explain; of one target where the input multiplies."""

    def blocks() -> Iterator[tuple[Tensor, Tensor]]:
        for start in range(0, samples.n_frames, _BLOCK):
            u, slope, external = samples.block(start, start + _BLOCK)
            messages, synaptic = field.message(u), slope - field.intrinsic(u)
            if external is not None and not field.multiplicative:
                synaptic = synaptic - external
            if target is None:
                yield messages, synaptic
            else:
                factor = 1.0 if external is None else external[:, target : target + 1]
                yield factor * messages, synaptic[:, target : target + 1]

    return factorise(blocks())


def _shared(factor: Factor, validation: Factor, rounding: float) -> SignalOracle:
    """Every target may listen to all others: one decomposition, the zero diagonal imposed afterwards."""
    solver = Solver(factor, rounding)
    weights, inverse, projector = solver.least_squares()
    direction = own_source_direction(inverse, projector)
    weights = without_own_source(weights, direction)  # [source, target]
    identifiable, null_dimensions = identifiable_without_own_source(solver.null_projector)
    ridge, strength = best_ridge(solver, validation, constrain=True)
    probable = evidence_ridge(factor, constrain=True)
    return SignalOracle(
        ls=weights.T.contiguous(),
        ridge=ridge.T.contiguous(),
        evidence=probable.weights.T.contiguous(),
        identifiable=identifiable.T.contiguous(),
        standard_error=(spread_without_own_source(inverse, direction) * solver.variance(weights)).sqrt().T.contiguous(),
        evidence_error=probable.variance.sqrt().T.contiguous(),
        singular_values=solver.singular_values,
        rank=solver.rank,
        condition_number=solver.condition_number,
        null_dimensions=int(null_dimensions.clamp_min(0).sum()),
        validation_errors=(validation.error(ridge), validation.error(probable.weights)),
        ridge_strength=strength,
    )


def _per_target(synapses: Tensor, problem: Callable[[int], tuple[Factor, Factor]], rounding: float) -> SignalOracle:
    """Each target has its own sources or its own features."""
    ls, ridge, error, probable, spread = (torch.zeros(synapses.shape, dtype=torch.float64) for _ in range(5))
    identifiable = torch.ones(synapses.shape, dtype=torch.bool)  # of an absent synapse the weight is known
    solvers, strengths, errors = [], [], []
    for i in synapses.any(dim=1).nonzero().ravel().tolist():
        factor, validation = problem(i)
        solver = Solver(factor, rounding)
        weights, inverse, _ = solver.least_squares()
        tuned, strength = best_ridge(solver, validation, constrain=False)
        here = synapses[i]
        likely = evidence_ridge(factor)
        ls[i, here], ridge[i, here], probable[i, here] = weights[:, 0], tuned[:, 0], likely.weights[:, 0]
        spread[i, here] = likely.variance[:, 0].sqrt()
        identifiable[i, here] = solver.null_projector.diagonal().clamp_min(0).sqrt() < NULL_PROJECTION
        error[i, here] = (inverse.diagonal() * solver.variance(weights)).sqrt()
        solvers.append(solver)
        strengths.append(strength)
        errors.append((validation.error(tuned), validation.error(likely.weights)))
    worst = max(solvers, key=lambda solver: solver.condition_number)
    return SignalOracle(
        ls=ls,
        ridge=ridge,
        evidence=probable,
        identifiable=identifiable,
        standard_error=error,
        evidence_error=spread,
        singular_values=worst.singular_values,
        rank=worst.rank,
        condition_number=worst.condition_number,
        null_dimensions=sum(len(solver.singular_values) - solver.rank for solver in solvers),
        validation_errors=(sum(one for one, _ in errors), sum(other for _, other in errors)),
        ridge_strength=float(np.median(strengths)),
    )
