"""What the sweep is told about the code that it may change."""

from __future__ import annotations

from dataclasses import dataclass

BASE = "base"  # the revision that the sweep starts from
MOST_REVISIONS = 64  # of one sweep: a configuration names one of r1 ... r64
NAMES = tuple(f"r{number}" for number in range(1, MOST_REVISIONS + 1))
SPACING = 3  # trials between two ideas of `when`, where `every` says nothing: an idea, its repair, a rerun
IN_SEQUENCE, IN_SLOTS = 10, 3  # repairs of one idea, where the settings say nothing


@dataclass(frozen=True)
class CodeSettings:
    """key: whose value in a configuration is the name of a revision. every: trials between two ideas; None: one at the
    beginning of every block but the first. when: names of rules, of the protocol's table or declared as focus; an idea
    is due while one of them holds, and `every` is the fewest trials between two. max_repairs: of one idea, before and
    after its launch. prefix: words before the command of the interface test.
    """

    key: str
    interface_test: str
    every: int | None
    max_repairs: int
    test_seconds: float
    test_megabytes: int
    prefix: tuple[str, ...] = ()
    when: tuple[str, ...] = ()
