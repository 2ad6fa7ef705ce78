"""Who proposed a trial, and why it was not who was asked first."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Provenance:
    """`source` is the proposer whose configuration it is ("rules", "llm", "tpe", "confirm"), "" while that is unknown.

    `via` is the proposer that handed the slot to that source, as `bayes` may to another one; `fallback_reason` says
    why the source stepped in for another one ("llm failed: ...").
    """

    source: str = ""
    fallback_reason: str = ""
    via: str = ""

    @property
    def label(self) -> str:
        """Who, without why: what trials are counted by."""
        return f"{self.via}:{self.source}" if self.via else self.source

    def __str__(self) -> str:
        return f"{self.label} ({self.fallback_reason})" if self.fallback_reason else self.label

    @classmethod
    def of_text(cls, text: str) -> Provenance:
        """Reads what `str` shows: the form in which logs of version 0.1 hold a provenance."""
        label, _, reason = text.partition(" (")
        via, _, source = label.rpartition(":")
        return cls(source, reason.removesuffix(")"), via)


UNSTATED = Provenance()
