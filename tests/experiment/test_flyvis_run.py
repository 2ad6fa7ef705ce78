"""A whole run of the fly on five cell types: simulate, ask the oracle, fit, score."""


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
