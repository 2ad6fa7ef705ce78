"""A scientist that reads nothing but the question beats the coded rules on one surface and keeps up with them on
another, and does worse without its lists.
"""

from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[4] / "benchmarks"
LEAST = {"reactions": 0.5, "rates": -0.1}  # digits ahead of the rules: on `rates` the two are level


@pytest.mark.slow
@pytest.mark.parametrize("surface", LEAST)
def test_following_the_question_keeps_up_with_the_coded_rules_and_needs_its_lists(surface, monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import prompt

    seeing, blind = (prompt.gains(prompt.WORLDS[surface], 5, blind=lacking) for lacking in (False, True))
    assert seeing.mean() > LEAST[surface]
    assert seeing.mean() > blind.mean()


def test_a_question_for_the_last_of_24_trials_stays_below_8500_tokens(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import prompt
    from _scientist import Scientist

    pytest.importorskip("bpe_openai")
    scientist = Scientist()
    prompt.run(prompt.asked(scientist), prompt.WORLDS["reactions"])
    whole, static = prompt.sizes(scientist.requests)[24]
    assert whole < 8_500
    assert static < 3_500
