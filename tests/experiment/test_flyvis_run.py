"""A whole run of the fly on five cell types: simulate, ask the oracle, fit, score."""

import pytest


def test_a_run_on_the_oracle_derivative_recovers_what_its_data_determine(run_tiny, tiny_connectome, tmp_path):
    metrics = run_tiny("simulation=flyvis_scenes", f"simulation.connectome={tiny_connectome}", "training.target=drift")
    for name in ("connectivity", "tau", "V_rest"):
        assert metrics[f"{name}_R2_identifiable"] > 0.99
        assert metrics[f"oracle_{name}_R2_identifiable"] > 0.999
    (dataset,) = (path for path in (tmp_path / "datasets").iterdir() if path.name != ".locks")
    assert {path.stem for path in (dataset / "observations" / "structure").iterdir()} == {
        "edge_index",
        "input_index",
        "column",
        "sequence_start_train",
        "sequence_start_validation",
        "sequence_start_test",
    }


def test_a_run_whose_arrays_all_stand_on_the_disk_reports_the_same(run_tiny, tiny_connectome, monkeypatch):
    overrides = (
        "simulation=flyvis_scenes",
        f"simulation.connectome={tiny_connectome}",
        "training.max_steps=3",
        "training.projection_iterations=2",
        "training.flow_rounds=2",
        "simulation.dtype=float64",  # so that sums in other blocks are the same to many digits
    )
    in_memory = run_tiny(*overrides)
    monkeypatch.setattr("hydra_llm.data.scratch.LARGE", 1)
    monkeypatch.setattr("hydra_llm.families.flyvis.fitting.innovations.SIDE_BY_SIDE", 1)
    on_disk = run_tiny(*overrides, folder="on_disk")
    for metrics in (in_memory, on_disk):
        metrics.pop("training_time_min")
    assert on_disk == pytest.approx(in_memory, rel=1e-5, abs=1e-8)
