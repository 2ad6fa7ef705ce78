"""A sweep of train.py that changes the loss of phase 2: the better one is kept, others are mended or refused."""

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.search.log.reader import read_sweep
from hydra_llm.search.records.revisions import evidence

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
IDEAS = ("weight_decay", "reads_the_types", "left_over", "is_detached", "sparse_weights")
OFTEN = "hydra.sweeper.code_evolution.every=1"


@pytest.mark.slow
def test_a_better_loss_of_phase_2_is_found_kept_and_run_on_other_recordings(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import code_phase2

    code_phase2.sweep(tmp_path, tmp_path / "data", IDEAS, 9, 2, 0, OFTEN)
    row = code_phase2.row(tmp_path)
    assert row["best"] == "left_over"
    assert row["runs"] >= 2
    assert row["difference"] > 0
    assert (row["repaired"], row["given up"], row["refused"]) == (1, 1, 2)
    state = read_sweep(tmp_path / "sweep").state
    better = next(seen for seen in evidence(state) if code_phase2.idea_of(seen.revision) == "left_over")
    assert better.alone is not None
    assert better.alone.change > 0.2
    said = [problem for question in state.questions for problem in question.problems]
    assert any("asks for .types" in problem for problem in said)
    assert any("does not depend on the network" in problem for problem in said)
