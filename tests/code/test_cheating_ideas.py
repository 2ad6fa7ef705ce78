"""The cheats of the bench, each examined as a sweep examines it: refused or contained, with its reason."""

import re
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.code.examination import examine
from hydra_llm.code.trial_run import RunLimits

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
TEST = "hydra_llm.training.strategy_check.check_strategy"
REASONS = {
    "reads_the_types": "asks for .types: that asks for what an experimenter does not know",
    "opens_a_file": "uses open, which reaches files",
    "imports_os": "imports os",
    "never_ends": "did not end within",
    "takes_50_gb": "asked for more than 2000 MB",
    "is_no_number": "is nan, not a finite number",
    "is_detached": "does not depend on the network",
    "patches_a_metric": "assigns to .metric of something that is not its own",
}


@pytest.fixture
def ideas(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import _phase2_ideas

    return _phase2_ideas


def test_every_cheat_of_the_bench_has_a_reason_here(ideas):
    assert set(ideas.CHEATING) == set(REASONS)


@pytest.mark.slow
@pytest.mark.parametrize("name", REASONS)
def test_a_cheat_is_refused_with_its_reason(ideas, name):
    seconds = 20.0 if name == "never_ends" else 120.0
    problems = examine(ideas.CHEATING[name], TEST, RunLimits(seconds=seconds))
    assert any(re.search(re.escape(REASONS[name]), problem) for problem in problems), problems


@pytest.mark.slow
def test_what_is_no_cheat_passes(ideas):
    good = {**ideas.GOOD, **ideas.USELESS, **ideas.CRASHING}
    assert [name for name, text in good.items() if examine(text, TEST, RunLimits(seconds=120.0))] == []
