"""The oracles of the fly visual system: least squares for W, tau and V_rest with relu known.

tau_i dv_i/dt = -v_i + sum_j W_ij relu(v_j) + I_i + V_i is linear in 1/tau_i, V_i/tau_i and W_ij/tau_i, one neuron at a
time. Oracles: `ls`, where weights that the data leave open are zero; `ridge`, its strength chosen on validation;
`evidence`, a strength per neuron by the evidence of the training frames; `tied`, where cell types are known and share
their parameters; on recordings that are filtered, `flow` (by_prediction). Least squares is a ceiling where the target
is the oracle derivative and all is identifiable; else it follows the noise, and the ceiling is the one of the others
that the validation frames prefer.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data

from hydra_llm.families.flyvis.fitting.counterparts import edge_kinds
from hydra_llm.families.flyvis.fitting.neighbours import Blocks, FrameBlock, by_in_degree, by_recorded, factorise
from hydra_llm.families.flyvis.oracle.neighbour_solutions import (
    Solution,
    best_ridge,
    determined,
    error,
    evidence,
    least_squares,
)
from hydra_llm.families.flyvis.oracle.sample import Looked
from hydra_llm.families.flyvis.oracle.tied import tie, untie
from hydra_llm.identifiability.samples import Samples

log = logging.getLogger(__name__)

_BLOCK = 1024  # frames per step
_LONG = 500_000_000  # edge-frames from which on every step is announced
_EDGE_FRAMES = 4_000_000_000  # about a minute on one core; longer recordings are thinned out evenly
_SLOWEST = 0.01  # of the median rate: what is smaller is rounding


@dataclass(frozen=True)
class OracleParameters:
    """W [edge], tau (s) and v_rest [neuron]. found [neuron]: whether the fit gave the neuron a time constant at all."""

    W: Tensor
    tau: Tensor
    v_rest: Tensor
    found: Tensor


@dataclass(frozen=True)
class FlyvisOracle:
    """What least squares finds, and what these data determine at all. [edge], [neuron]: those of `looked`, in order."""

    looked: Looked
    ls: OracleParameters
    ridge: OracleParameters
    evidence: OracleParameters
    tied: OracleParameters
    preferred: str  # the one of ridge, evidence, tied and flow that errs least on the validation frames
    identifiable_W: Tensor  # [edge]
    identifiable_tau: Tensor  # [neuron]
    identifiable_v_rest: Tensor  # [neuron]
    null_dimensions: int
    condition_number: float  # median over the neurons that are determined
    ridge_strength: float  # per frame, in squared units of relu(v)
    silent: Tensor  # [every neuron]: never above 0, so that no weight out of it acts
    linear: Tensor  # [every neuron]: always above 0, so that a weight onto itself and 1/tau are one
    n_frames: tuple[int, int]  # used, recorded
    flow: OracleParameters | None = None  # rounds of prediction errors (by_prediction); None where a fit has none

    def ceiling(self, target: str) -> OracleParameters:
        """The best that an honest method may hope for on this kind of target."""
        if target == "drift" and not self.null_dimensions:
            return self.ls
        return self.solutions()[self.preferred]

    def solutions(self) -> dict[str, OracleParameters]:
        """By name, those that stand for what the recording allows; without least squares, which follows its noise."""
        found = {"ridge": self.ridge, "evidence": self.evidence, "tied": self.tied}
        return found if self.flow is None else {**found, "flow": self.flow}

    def scores(self) -> dict[str, float]:
        """The numbers to show beside the scores of the parameters."""
        scores = {
            "oracle_null_dimensions": float(self.null_dimensions),
            "oracle_ridge_strength": self.ridge_strength,
            "oracle_silent_neurons": float(self.silent.sum()),
        }
        if self.looked.is_sample:
            scores["oracle_sampled_neurons"] = float(len(self.looked.neurons))
        if np.isfinite(self.condition_number):
            scores["oracle_condition_number"] = self.condition_number
        return scores

    def sentence(self, graph: Data, measurement_noise_level: float) -> str:
        """What these data cannot determine, in words. Looks at the data only, never at the true parameters."""
        source, target = graph["edge_index"][:, self.looked.edges]
        n_neurons, n_edges = len(self.looked.neurons), len(self.looked.edges)
        known_W, known_tau = int(self.identifiable_W.sum()), int(self.identifiable_tau.sum())
        if self.null_dimensions:
            own = (source == target) & self.linear[source]
            text = (
                f"These data determine {known_W:,} of {n_edges:,} synaptic weights, tau of {known_tau:,} and "
                f"V_rest of {int(self.identifiable_v_rest.sum()):,} of {n_neurons:,} neurons; "
                f"{self.null_dimensions:,} combinations of parameters stay open. {int(self.silent.sum()):,} neurons "
                f"are never above 0, so nothing tells the {int(self.silent[source].sum()):,} weights out of them; "
                f"{int(own.sum()):,} self-connections belong to neurons that are always above 0, where the weight and "
                "1/tau are one parameter and every weight into that neuron shares the doubt."
            )
        else:
            text = (
                f"These data determine all {n_edges:,} synaptic weights, {n_neurons:,} time constants "
                f"and resting potentials if the law is known (median condition number {self.condition_number:.0f})."
            )
        if self.preferred == "tied":
            text += " Whoever shares parameters within cell types predicts best: that is the ceiling."
        if self.preferred == "flow":
            text += " Whoever knows the law and filters the recording predicts best: that is the ceiling."
        elif measurement_noise_level > 0:
            text += f" Measurement noise of {measurement_noise_level:g} also enters the messages and biases the fit."
        if self.looked.is_sample:
            text = (
                f"Looked at: a sample of {n_neurons:,} of {self.looked.n_neurons:,} neurons, some of every cell type, "
                f"with all {n_edges:,} of {graph.num_edges:,} weights into them. {text}"
            )
        used, recorded = self.n_frames
        return text if used == recorded else f"{text} ({used:,} of {recorded:,} frames were looked at.)"


def most_frames(n_edges: int) -> int:
    """Training frames that the oracles are given at most: the law is evaluated in them for all neurons."""
    return max(1, _EDGE_FRAMES // max(1, n_edges))


def flyvis_oracle(
    used: Samples, validation: Samples, graph: Data, types: Tensor, n_recorded: int, looked: Looked | None = None
) -> FlyvisOracle:
    """Fit the law to the samples `used`, choose the ridge on validation. types [neuron]: for `tied` alone. n_recorded:
    training frames that there are. looked: the neurons to fit; None: all.
    """
    edge_index, n_neurons = graph["edge_index"], len(graph["column"])
    looked = looked or Looked.of(torch.arange(n_neurons), edge_index, n_neurons)
    chosen = torch.zeros(n_neurons, dtype=torch.bool)
    chosen[looked.neurons] = True
    groups, _ = by_recorded(by_in_degree(edge_index, n_neurons), chosen)
    target = torch.bucketize(edge_index[1, looked.edges], looked.neurons)
    say = log.info if len(looked.edges) * used.n_frames > _LONG else log.debug
    several = f"{len(looked.neurons):,} of {n_neurons:,}" if looked.is_sample else f"{n_neurons:,}"
    say("Oracle, step 1 of 3: regressions of %s neurons on %s frames ...", several, f"{used.n_frames:,}")
    factors, held_out = (
        looked.numbered(factorise(groups, law_blocks(part, graph["input_index"])), graph.num_edges)
        for part in (used, validation)
    )
    say("Oracle, step 2 of 3: a ridge for all neurons, and one for each ...")
    shrunk, strength = best_ridge(factors, held_out)
    probable = evidence(factors)
    say("Oracle, step 3 of 3: parameters shared within cell types, and what is determined at all ...")
    kinds = torch.unique(edge_kinds(edge_index, types, graph["column"])[looked.edges], return_inverse=True)[1]
    own = torch.unique(types[looked.neurons], return_inverse=True)[1]
    shared = untie(best_ridge(tie(factors, kinds, own), tie(held_out, kinds, own))[0], kinds, own)
    errors = {name: error(one, held_out) for name, one in (("ridge", shrunk), ("evidence", probable), ("tied", shared))}
    found = determined(factors)
    condition = found.condition_number[found.null_dimensions == 0]
    states = np.asarray(used.activity)
    return FlyvisOracle(
        looked=looked,
        ls=parameters(least_squares(factors, used.rounding), target),
        ridge=parameters(shrunk, target),
        evidence=parameters(probable, target),
        preferred=min(errors, key=lambda name: errors[name]),
        tied=parameters(shared, target),
        identifiable_W=found.weight & found.rate[target],
        identifiable_tau=found.rate,
        identifiable_v_rest=found.offset & found.rate,
        null_dimensions=int(found.null_dimensions.sum()),
        condition_number=float(condition.median()) if len(condition) else float("inf"),
        ridge_strength=strength,
        silent=torch.from_numpy(states.max(axis=0) <= 0),
        linear=torch.from_numpy(states.min(axis=0) >= 0),
        n_frames=(used.n_frames, n_recorded),
    )


def law_blocks(samples: Samples, input_index: Tensor) -> Blocks:
    """The problem of fitting.neighbours for the true law: message relu(v), own input minus own voltage."""

    def blocks() -> Iterator[FrameBlock]:
        for start in range(0, samples.n_frames, _BLOCK):
            v, slope, external = samples.block(start, start + _BLOCK)
            own = -v
            if external is not None:
                own[:, input_index] += external
            yield FrameBlock(v.clamp_min(0), own, slope)

    return blocks


def parameters(solution: Solution, target: Tensor) -> OracleParameters:
    """W, tau and V_rest of rate = 1/tau, offset = V_rest/tau, weight = W/tau; target [edge].

    A neuron whose rate is hardly above 0 has no time constant: it never moves, say. It is given the median of the
    others.
    """
    positive = solution.rate[solution.rate > 0]
    middle = positive.median() if len(positive) else solution.rate.new_ones(())
    found = solution.rate > _SLOWEST * middle
    tau = 1 / torch.where(found, solution.rate, middle)
    return OracleParameters(solution.weight * tau[target], tau, solution.offset * tau, found)
