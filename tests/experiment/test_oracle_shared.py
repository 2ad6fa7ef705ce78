"""Runs on one recording share what its oracle found: the second one asks nothing and reports the same numbers."""

import pytest

pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families.flyvis.evaluation.evaluator import FlyvisEvaluator
from hydra_llm.families.metabolism.evaluation.evaluator import MetabolismEvaluator
from hydra_llm.families.signal.evaluation import SignalEvaluator

CASES = {
    "signal_chaotic": SignalEvaluator,
    "flyvis_scenes": FlyvisEvaluator,
    "metabolism_small": MetabolismEvaluator,
    "metabolism_homeostasis": MetabolismEvaluator,
}


@pytest.mark.parametrize("regime", CASES)
def test_a_second_run_reports_the_same_without_asking_the_oracle(regime, run_tiny, tiny_connectome, monkeypatch):
    overrides = [f"simulation={regime}"]
    if regime.startswith("flyvis"):
        overrides.append(f"simulation.connectome={tiny_connectome}")
    first = run_tiny(*overrides)

    def ask(self):
        raise AssertionError("the oracle was asked again")

    monkeypatch.setattr(CASES[regime], "oracle", ask)
    second = run_tiny(*overrides, folder="again")
    first.pop("training_time_min")
    second.pop("training_time_min")
    assert second == first
