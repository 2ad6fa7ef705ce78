import yaml
from search_worlds import open_study, run_study, settings

from hydra_llm.search.context import Thresholds
from hydra_llm.search.records import confirmation, results, ucb_scores
from hydra_llm.search.settings import Confirmation
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.outcome import Outcome
from hydra_llm.search.trial.trial import TrialError, TrialState


def finished(folder, task=None, **more):
    wanted = {"n_trials": 8, "seed_keys": ("seed",), "confirmation": Confirmation(3, ("search",)), **more}
    study = open_study(folder, settings(**wanted))
    run_study(study, *([task] if task else []))
    return study


def test_the_results_name_the_winner_with_number_folder_and_command(tmp_path):
    study = finished(tmp_path)
    results.write_results(tmp_path, study.state, study.settings, lambda trial: f"python app.py lr={trial.values['lr']}")
    data = yaml.safe_load((tmp_path / "optimization_results.yaml").read_text())
    best = study.state.best()
    assert best is not None
    assert data["best"]["number"] == best.number
    assert data["best"]["folder"] == "f"
    assert data["best"]["command"] == f"python app.py lr={best.values['lr']}"
    assert data["proposed_by"] == {"baseline": 1, "rules": 7}, "whoever fills the first slot proposed nothing"
    assert data["trials"] == {"COMPLETED": 8}


def test_selected_and_confirmed_values_stand_apart(tmp_path):
    study = finished(tmp_path)
    data = results.results_data(study.state, study.settings, lambda trial: "")
    (confirmed,) = data["confirmation"]
    assert "selected_value" in data["best"]
    assert len(confirmed["best"]["values"]) == 3
    assert confirmed["pairs"] == 3


def test_the_paired_difference_is_free_of_the_noise_that_both_share(tmp_path):
    """The toy's noise depends on the seed alone, so best and baseline move together."""
    (item,) = confirmation.compare(finished(tmp_path).state)
    assert item.difference is not None
    assert item.standard_error is not None
    assert item.baseline.sd is not None
    assert item.standard_error < 1e-9 < item.baseline.sd


def test_a_failed_confirmation_run_is_counted_and_not_averaged(tmp_path):
    def task(trial):
        if trial.purpose == "confirm" and trial.proposal.role == "baseline":
            return Outcome(TrialState.FAILED, error=TrialError("Boom", ""))
        return {"R2": 0.5 + trial.values["depth"] / 100}

    study = finished(tmp_path, task)
    (item,) = confirmation.compare(study.state)
    assert (item.baseline.failed, item.baseline.mean, item.difference) == (3, None, None)
    assert "nothing is confirmed" in item.verdict


def test_score_lines_have_the_documented_form_and_mark_the_current_node(tmp_path):
    study = finished(tmp_path)
    results.write_scores(tmp_path, study.state, study.settings, study.policy, study.ranking())
    lines = (tmp_path / "ucb_scores.txt").read_text().splitlines()
    nodes = [line for line in lines if line.startswith("Node ")]
    assert len(nodes) == len(study.state.tree)
    assert all(f"{key}=" in line for line in nodes for key in ("UCB", "parent", "visits", "R2"))
    assert sum(line.endswith("[CURRENT]") for line in nodes) == 1
    assert any("parent=root" in line for line in nodes)


def test_negative_and_tiny_values_are_shown_with_their_sign(tmp_path):
    study = finished(tmp_path, lambda trial: {"R2": -0.01 * trial.values["depth"]})
    assert "R2=-0.0200" in ucb_scores.ucb_table(study.state, study.ranking(), study.settings, study.policy)


def test_the_variance_table_shows_spread_failures_and_a_verdict(tmp_path):
    study = finished(tmp_path, n_parallel=4, n_trials=16)
    text = ucb_scores.variance_table(study.state.tree, study.settings)
    assert "CV %" in text
    assert "robust" in text


def test_analysis_holds_one_entry_per_search_trial_and_memory_what_is_known(tmp_path):
    study = finished(tmp_path, thresholds=Thresholds())
    study.note("memory", "lr near 0.01 is stable", "llm")
    study.finish("")
    study.analysis.write(tmp_path)
    results.write_memory(tmp_path, study.state, study.settings)
    analysis, memory = (tmp_path / "analysis.md").read_text(), (tmp_path / "memory.md").read_text()
    assert analysis.count("## Iter ") == 8
    assert "Mutation: [none]" in analysis
    assert "lr near 0.01 is stable (llm)" in memory


def test_a_minimised_metric_is_reported_in_its_own_unit(tmp_path):
    study = finished(tmp_path, lambda t: {"loss": float(t.values["depth"])}, objective=Objective("loss", "minimize"))
    data = results.results_data(study.state, study.settings, lambda trial: "")
    assert data["best"]["selected_value"] == data["best"]["params"]["depth"] > 0
