"""Recovery by cell type: one row per type, as CSV for programs and as Markdown for people."""

from dataclasses import dataclass

import numpy as np

from hydra_llm.families.csv_text import csv_text
from hydra_llm.families.flyvis.evaluation.relaxation_gauge import RecoveredParameters
from hydra_llm.families.flyvis.evaluation.truth import EyeTruth
from hydra_llm.metrics.scores import identity_r2

HEADER = (
    "type",
    "group",
    "neurons",
    "tau_true",
    "tau",
    "tau_sd",
    "V_rest_true",
    "V_rest",
    "V_rest_sd",
    "edges_in",
    "W_R2_in",
    "same_cluster",
)


@dataclass(frozen=True)
class TypeTable:
    """Rows in the order of HEADER. tau in seconds; an empty cell is a number that does not exist."""

    rows: tuple[tuple[object, ...], ...]

    @classmethod
    def of(cls, truth: EyeTruth, recovered: RecoveredParameters, clusters: np.ndarray | None) -> "TypeTable":
        """same_cluster: share of a type's neurons that lie in the cluster most of them lie in."""
        _, target = truth.edges
        rows = []
        for number in np.unique(truth.types):
            own = truth.types == number
            name = truth.type_names[number]
            edges = own[target]
            W_fit = identity_r2(recovered.W[edges], truth.W[edges])
            share = None if clusters is None else np.bincount(clusters[own]).max() / own.sum()
            row = (
                name,
                truth.groups.get(name, ""),
                int(own.sum()),
                float(truth.tau[own].mean()),
                float(recovered.tau[own].mean()),
                float(recovered.tau[own].std()),
                float(truth.v_rest[own].mean()),
                float(recovered.v_rest[own].mean()),
                float(recovered.v_rest[own].std()),
                int(edges.sum()),
                W_fit,
                share,
            )
            rows.append(row)
        return cls(tuple(rows))

    def csv(self) -> str:
        return csv_text(HEADER, ([_plain(cell) for cell in row] for row in self.rows))

    def markdown(self) -> str:
        align = ["---", "---", *["---:"] * (len(HEADER) - 2)]
        lines = [HEADER, align, *([_short(cell) for cell in row] for row in self.rows)]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _plain(cell: object) -> object:
    return "" if cell is None else f"{cell:.6g}" if isinstance(cell, float) else cell


def _short(cell: object) -> str:
    return "" if cell is None else f"{cell:.3g}" if isinstance(cell, float) else str(cell)
