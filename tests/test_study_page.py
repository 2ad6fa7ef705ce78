"""docs/study.md: the examples run, one after the other."""

import re
from pathlib import Path

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "study.md").read_text(encoding="utf-8")
SEARCH, LOST, SEVERAL = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def run(*examples: str) -> dict:
    names: dict = {}
    for example in examples:
        exec(example, names)
    return names


def test_the_example_of_the_page_finds_a_good_configuration(capsys):
    best = run(SEARCH)["best"]
    assert best.value > 0.87
    assert str(best.values) in capsys.readouterr().out


def test_a_trial_that_the_page_loses_runs_again():
    names = run(SEARCH, LOST)
    assert (names["again"].number, names["again"].attempt) == (0, 2)
    assert names["study"].best.metrics == {"accuracy": 0.8, "seconds": 12.0}


def test_the_front_of_the_page_holds_the_exact_and_the_fast(capsys):
    front = run(SEARCH, SEVERAL)["study"].front
    assert (front[0].values, front[-1].values) == ((0.0, 0.2), (4.0, 1.0))
    assert str(front[-1].values) in capsys.readouterr().out
