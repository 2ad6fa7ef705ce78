"""The true parameters of an eye, on the graph that a model observes, and how near to them learned ones are."""

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor
from torch_geometric.data import Data

from hydra_llm.data.truth import Truth
from hydra_llm.families.flyvis.evaluation.edges import edge_metrics, perturbed_edge_metrics
from hydra_llm.families.flyvis.evaluation.parameters import parameter_metrics, tolerance_metrics
from hydra_llm.families.flyvis.evaluation.relaxation_gauge import RecoveredParameters
from hydra_llm.families.flyvis.oracle.report import FlyvisOracle
from hydra_llm.families.flyvis.oracle.sample import Looked
from hydra_llm.metrics.scores import identity_r2

log = logging.getLogger(__name__)

_TOLERANCE = 0.1  # of the standard deviation of the true values: what counts as right for V_rest


@dataclass(frozen=True)
class EyeTruth:
    """W [observed edge], 0 for a null edge; tau in seconds and v_rest [neuron]; types [neuron], numbers of type_names.

    true_edge [observed edge]: its number among the true edges, -1 for a null edge. n_true_edges: of them, those between
    recorded neurons. All of these are of recorded neurons. groups: type name -> group.
    """

    graph: Data
    W: np.ndarray
    tau: np.ndarray
    v_rest: np.ndarray
    true_edge: np.ndarray
    n_true_edges: int
    types: np.ndarray
    type_names: tuple[str, ...]
    groups: dict[str, str]

    @classmethod
    def of(cls, truth: Truth, graph: Data) -> "EyeTruth":
        W, tau, v_rest = (truth[name].double().numpy() for name in ("W", "tau", "v_rest"))
        number, types, n_true_edges = truth["observed_edge"].numpy(), truth["neuron_type"].numpy(), len(W)
        if "hidden" in truth:
            seen = ~truth["hidden"].numpy()
            tau, v_rest, types = tau[seen], v_rest[seen], types[seen]
            n_true_edges = int(seen[truth["edge_index"].numpy()].all(axis=0).sum())
        return cls(
            graph=graph,
            W=np.where(number >= 0, W[np.maximum(number, 0)], 0.0),
            tau=tau,
            v_rest=v_rest,
            true_edge=number,
            n_true_edges=n_true_edges,
            types=types,
            type_names=tuple(truth.meta["type_names"]),
            groups=dict(truth.meta.get("groups", {})),
        )

    @property
    def edges(self) -> tuple[np.ndarray, np.ndarray]:
        """Sources and targets [observed edge]."""
        source, target = self.graph["edge_index"].numpy()
        return source, target

    def scores(
        self,
        W: np.ndarray,
        tau: np.ndarray,
        v_rest: np.ndarray,
        *,
        delta_t: float,
        looked: Looked | None = None,
        identifiable: FlyvisOracle | None = None,
        prefix: str = "",
    ) -> dict[str, float]:
        """Scores of W, tau and V_rest under the names <prefix>connectivity_..., <prefix>tau_..., <prefix>V_rest_....

        looked: the neurons and edges that the values are of; None: all. identifiable: whose masks say what the data
        determine of these. delta_t: of the recording, in seconds.
        """
        edges, neurons = (
            (slice(None), slice(None)) if looked is None else (looked.edges.numpy(), looked.neurons.numpy())
        )
        source, target = (ends[edges] for ends in self.edges)
        true_W, true_tau, true_v_rest = self.W[edges], self.tau[neurons], self.v_rest[neurons]
        pair = np.unique(self.types[source] * len(self.type_names) + self.types[target], return_inverse=True)[1]
        known = (None, None, None)
        if identifiable is not None:
            known = (identifiable.identifiable_W, identifiable.identifiable_tau, identifiable.identifiable_v_rest)
        scores = edge_metrics(
            W, true_W, target=target, pair=pair, identifiable=known[0], prefix=f"{prefix}connectivity"
        )
        if np.ptp(true_tau) > 0:
            scores |= parameter_metrics(tau, true_tau, prefix=f"{prefix}tau", identifiable=known[1])
            slow = true_tau > delta_t
            fit = identity_r2(tau[slow], true_tau[slow]) if slow.any() else None
            if fit is not None:
                scores[f"{prefix}tau_R2_slow"] = fit  # of neurons with a memory of more than a frame
        else:
            scores[f"{prefix}tau_median_ratio"] = float(np.median(tau / true_tau))
            if not prefix:
                log.info(
                    "Not reported: tau_R2, because all neurons have tau = %.3g s; tau_median_ratio is.", true_tau[0]
                )
        scores |= parameter_metrics(v_rest, true_v_rest, prefix=f"{prefix}V_rest", identifiable=known[2])
        return scores | tolerance_metrics(v_rest, true_v_rest, prefix=f"{prefix}V_rest", tolerance=_TOLERANCE)

    def identifiable_scores(
        self, W: np.ndarray, tau: np.ndarray, v_rest: np.ndarray, oracle: FlyvisOracle
    ) -> dict[str, float]:
        """..._identifiable and ..._identifiable_share of all values, over those that an oracle looked at."""
        edges, neurons = oracle.looked.edges.numpy(), oracle.looked.neurons.numpy()
        parts = {
            "connectivity": (W[edges], self.W[edges], oracle.identifiable_W),
            "tau": (tau[neurons], self.tau[neurons], oracle.identifiable_tau),
            "V_rest": (v_rest[neurons], self.v_rest[neurons], oracle.identifiable_v_rest),
        }
        scores: dict[str, float] = {}
        for prefix, (learned, true, known) in parts.items():
            if prefix != "tau" or np.ptp(self.tau) > 0:
                found = parameter_metrics(learned, true, prefix=prefix, identifiable=known)
                scores |= {name: value for name, value in found.items() if "identifiable" in name}
        return scores

    def gauge_scores(self, found: RecoveredParameters) -> dict[str, float]:
        """connectivity_gauge_share, of the neurons whose message the recording moves, and connectivity_R2_told_sources,
        over the weights out of them alone. The weights out of the others have the median scale of these.
        """
        told = found.gauge.told
        scores = {"connectivity_gauge_share": float(told.mean())}
        edges = told[self.edges[0]]
        value = identity_r2(found.W[edges], self.W[edges])
        return scores if value is None else {**scores, "connectivity_R2_told_sources": value}

    def name_of(self, neuron: int) -> str:
        """The type of a neuron."""
        return self.type_names[self.types[neuron]]

    def moving_scores(self, tau: np.ndarray, resting: Tensor | None) -> dict[str, float]:
        """still_neurons and tau_R2_moving, over the neurons that move; nothing where all do. resting: bool [neuron]."""
        if resting is None or np.ptp(self.tau) == 0:
            return {}
        moves = ~resting.numpy()
        scores = {"still_neurons": float((~moves).sum())}
        fit = identity_r2(tau[moves], self.tau[moves])
        return scores if fit is None else {**scores, "tau_R2_moving": fit}

    def inferred_scores(self, net: Any, true_edges: np.ndarray) -> dict[str, float]:
        """inferred_edges that a fit put beside the observed ones, the share of them that exist, and the share of the
        hidden edges that are among them; nothing where it put none. true_edges [(source, target), edge].
        """
        given = self.graph["edge_index"].numpy()
        if not hasattr(net, "edge_index") or net.edge_index.shape[1] <= given.shape[1]:
            return {}
        n = len(self.tau)
        inferred, hidden = (_numbers(edges, n) for edges in (net.edge_index[:, given.shape[1] :].numpy(), true_edges))
        hidden = np.setdiff1d(hidden, _numbers(given, n))
        right = int(np.isin(inferred, hidden).sum())
        scores = {"inferred_edges": float(len(inferred)), "inferred_edge_precision": right / len(inferred)}
        return scores if not len(hidden) else {**scores, "inferred_edge_recall": right / len(hidden)}

    def perturbed_scores(self, W: np.ndarray) -> dict[str, float]:
        """Scores of a graph that is not the connectome."""
        return perturbed_edge_metrics(W, self.W, self.true_edge, self.n_true_edges)

    def published_scores(self, found: RecoveredParameters) -> dict[str, float]:
        """Scores after the correction of the publications, whose R2 is a squared correlation."""
        scores: dict[str, float] = {}
        pairs = (("connectivity", found.W, self.W), ("tau", found.tau, self.tau), ("V_rest", found.v_rest, self.v_rest))
        for name, learned, true in pairs:
            if np.ptp(true) > 0 and np.ptp(learned) > 0:
                both = parameter_metrics(learned, true, prefix=f"{name}_published")
                scores |= {key: value for key, value in both.items() if not key.endswith("slope")}
        return scores

    def central(self) -> np.ndarray:
        """The neuron of each type that is nearest to the middle of the lattice [type]."""
        u, v = self.graph["column"].numpy().T.astype(np.float64)
        distance = u**2 + u * v + v**2
        members = (np.flatnonzero(self.types == number) for number in np.unique(self.types))
        return np.array([own[distance[own].argmin()] for own in members])


def _numbers(edges: np.ndarray, n_neurons: int) -> np.ndarray:
    """One number per pair (source, target) [2, edge]."""
    return edges[0].astype(np.int64) * n_neurons + edges[1]
