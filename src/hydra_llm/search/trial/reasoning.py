"""Modes of reasoning: the fixed schema in which a proposer says what kind of thought an observation is.

Twelve modes after the published epistemic analyses of such searches. A mode is recorded when the observation is
written; a second tag from coded markers and all counts are derived later, in `hydra_llm.report.epistemic`.
"""

from __future__ import annotations

from enum import StrEnum


class Mode(StrEnum):
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


MEANING: dict[Mode, str] = {
    Mode.INDUCTION: "several observations give a pattern",
    Mode.ABDUCTION: "an observation gives an explanation that may be true",
    Mode.DEDUCTION: "a principle says what must follow",
    Mode.FALSIFICATION: "a result rejects what was believed",
    Mode.ANALOGY: "carried over from another block or configuration",
    Mode.BOUNDARY: "where something stops working",
    Mode.META: "on the search itself",
    Mode.UNCERTAINTY: "on spread and reproducibility",
    Mode.CAUSAL: "a mechanism in steps",
    Mode.CONSTRAINT: "since one thing failed, another is excluded",
    Mode.REGIME: "the system behaves in another way here",
    Mode.PREDICTION: "a number that a later run can prove wrong",
}
