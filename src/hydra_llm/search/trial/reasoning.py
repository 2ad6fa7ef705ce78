"""Modes of reasoning: the fixed schema in which a proposer says what kind of thought an observation is.

Twelve modes after the published epistemic analyses of such searches. A mode is recorded when the observation is
written; a second tag from coded markers and all counts are derived later, in `hydra_llm.report.epistemic`.
"""

from __future__ import annotations

from enum import StrEnum


class ReasoningMode(StrEnum):
    INDUCTION = "induction"
    ABDUCTION = "abduction"
    DEDUCTION = "deduction"
    FALSIFICATION = "falsification"
    ANALOGY = "analogy"
    BOUNDARY = "boundary probing"
    META = "meta-reasoning"
    UNCERTAINTY = "uncertainty"
    CAUSAL = "causal chain"
    CONSTRAINT = "constraint propagation"
    REGIME = "regime recognition"
    PREDICTION = "prediction"


MEANING: dict[ReasoningMode, str] = {
    ReasoningMode.INDUCTION: "several observations give a pattern",
    ReasoningMode.ABDUCTION: "an observation gives an explanation that may be true",
    ReasoningMode.DEDUCTION: "a principle says what must follow",
    ReasoningMode.FALSIFICATION: "a result rejects what was believed",
    ReasoningMode.ANALOGY: "carried over from another block or configuration",
    ReasoningMode.BOUNDARY: "where something stops working",
    ReasoningMode.META: "on the search itself",
    ReasoningMode.UNCERTAINTY: "on spread and reproducibility",
    ReasoningMode.CAUSAL: "a mechanism in steps",
    ReasoningMode.CONSTRAINT: "since one thing failed, another is excluded",
    ReasoningMode.REGIME: "the system behaves in another way here",
    ReasoningMode.PREDICTION: "a number that a later run can prove wrong",
}
