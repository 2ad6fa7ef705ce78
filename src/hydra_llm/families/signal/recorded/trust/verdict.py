"""What a check says."""

from collections.abc import Mapping
from dataclasses import dataclass, field

HOLDS, FAILS, UNTOLD = "holds", "fails", "not told"


@dataclass(frozen=True)
class TrustVerdict:
    """finding: HOLDS, FAILS, or UNTOLD where this recording cannot tell. scores: the numbers behind it, as metrics."""

    check: str
    finding: str
    sentence: str
    scores: Mapping[str, float] = field(default_factory=dict)


def judged(check: str, holds: bool, sentence: str, scores: Mapping[str, float]) -> TrustVerdict:
    return TrustVerdict(check, HOLDS if holds else FAILS, sentence, scores)
