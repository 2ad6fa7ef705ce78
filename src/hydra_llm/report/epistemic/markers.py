"""The second tag: modes of reasoning by markers in the text, coded and therefore the same for every author.

A marker is a phrase that people use in one mode and seldom in others. The mode with most markers wins; on a tie the
one listed first, which puts what is easily told apart before what is common.
"""

from __future__ import annotations

import re

from hydra_llm.search.trial.reasoning import ReasoningMode

MARKERS: dict[ReasoningMode, tuple[str, ...]] = {
    ReasoningMode.CONSTRAINT: (
        r"since .{1,60}\bfail",
        r"\brul(?:es|ed) out\b",
        r"\bexclud",
        r"\bleaves? only\b",
        r"\bonly .{1,40}\bremains?\b",
        r"\bmust not\b",
        r"\bno longer (?:an option|possible)\b",
    ),
    ReasoningMode.REGIME: (
        r"\bphase transition\b",
        r"\bregimes?\b",
        r"\bbifurcat",
        r"\bfixed[- ]point\b",
        r"\b(?:turns?|becomes?) chaotic\b",
        r"\bcollaps",
        r"\boscillatory (?:phase|state)\b",
    ),
    ReasoningMode.UNCERTAINTY: (
        r"\bnot reproducible\b",
        r"\bspread\b",
        r"\bvarianc",
        r"\b(?:with)?in the noise\b",
        r"\bnoisy\b",
        r"\bseeds?\b",
        r"\buncertain",
        r"\bunclear\b",
        r"\bCV\b",
        r"\bby luck\b",
    ),
    ReasoningMode.FALSIFICATION: (
        r"\breject",
        r"\brefut",
        r"\bfalsif",
        r"\bcontradict",
        r"\bdis(?:prove|confirm)",
        r"\bdoes not\b",
        r"\bdid not\b",
        r"\bno longer holds\b",
        r"\bwas wrong\b",
    ),
    ReasoningMode.ABDUCTION: (
        r"\blikely because\b",
        r"\bprobably\b",
        r"\bpresumably\b",
        r"\bmay be (?:due|because|caused)\b",
        r"\bexplain",
        r"\bsuggests?\b",
        r"\bcould be caused\b",
    ),
    ReasoningMode.ANALOGY: (
        r"\bbased on block\b",
        r"\b(?:as|like) in block\b",
        r"\btransfer",
        r"\banalog",
        r"\bcarr(?:y|ies|ied) over\b",
        r"\bsimilar(?:ly)? to\b",
        r"\bsame as (?:in|for)\b",
    ),
    ReasoningMode.BOUNDARY: (
        r"\blimit",
        r"\bbeyond\b",
        r"\bthreshold\b",
        r"\bcliff\b",
        r"\bbreaks? down\b",
        r"\bstops? working\b",
        r"\bdiverg",
        r"\btoo (?:large|small|high|low)\b",
        r"\bextreme\b",
    ),
    ReasoningMode.META: (
        r"\bstuck\b",
        r"\bthe search\b",
        r"\bexplor(?:e|ation|ing)\b",
        r"\bexploit",
        r"\bstrateg",
        r"\bbudget\b",
        r"\bswitch (?:to|dimension)",
        r"\bnext batch\b",
        r"\buntested\b",
        r"\bbranch",
    ),
    ReasoningMode.PREDICTION: (
        r"\bpredict",
        r"\bexpected R2\b",
        r"\bwill (?:be|reach|give|rise|fall)\b",
        r"\bbetween [-\d.e]+ and [-\d.e]+",
        r"\bshould reach [-\d.]",
        r"\bexpected .{0,30}\d",
    ),
    ReasoningMode.CAUSAL: (
        r"\bleads? to\b",
        r"\bcauses?\b",
        r"\bin turn\b",
        r"\bresults? in\b",
        r"\bmechanism\b",
        r"\bdrives\b",
        r"\bthereby\b",
        r"\binflates?\b",
    ),
    ReasoningMode.DEDUCTION: (
        r"\bimpl(?:y|ies|ied)\b",
        r"\bit follows\b",
        r"\btherefore\b",
        r"\bhence\b",
        r"\bshould\b",
        r"\bexpect",
        r"\bprinciple\b",
        r"\bif .{1,60}\bthen\b",
    ),
    ReasoningMode.INDUCTION: (
        r"\bscales? with\b",
        r"\boptimal (?:for|at)\b",
        r"\bconsistent",
        r"\balways\b",
        r"\btends? to\b",
        r"\bpattern\b",
        r"\b(?:in|over|across) (?:all|both|\w+) (?:trials|runs|blocks)\b",
        r"\bthe (?:larger|smaller|higher|lower)\b",
        r"\b(?:helps?|hurts?|improves?|worsens?)\b",
        r"\bis (?:better|worse)\b",
    ),
}

_COMPILED = {mode: tuple(re.compile(m, re.IGNORECASE) for m in markers) for mode, markers in MARKERS.items()}
_ORDER = {mode: place for place, mode in enumerate(MARKERS)}


def hits(text: str) -> dict[ReasoningMode, int]:
    """How many different markers of each mode occur; modes without one are left out."""
    counts = {mode: sum(bool(marker.search(text)) for marker in markers) for mode, markers in _COMPILED.items()}
    return {mode: count for mode, count in counts.items() if count}


def tag(text: str) -> ReasoningMode | None:
    """The mode by markers, None where the text has none."""
    found = hits(text)
    return min(found, key=lambda mode: (-found[mode], _ORDER[mode])) if found else None
