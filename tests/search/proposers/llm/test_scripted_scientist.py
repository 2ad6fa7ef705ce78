"""A scientist that reads nothing but the question finds more than the coded rules, and less without its lists."""

from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[4] / "benchmarks"


@pytest.mark.slow
@pytest.mark.parametrize("surface", ["reactions", "rates"])
def test_following_the_question_beats_the_coded_rules_over_five_search_seeds(surface, monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import prompt

    seeing, blind = (prompt.gains(prompt.WORLDS[surface], 5, blind=lacking) for lacking in (False, True))
    assert seeing.mean() > 0.0
    assert (seeing > 0).sum() >= 3
    assert seeing.mean() > blind.mean()
