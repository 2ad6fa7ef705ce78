from dataclasses import replace

from search_worlds import bowl, open_study, outcome_of, run_study, settings

from hydra_llm.search.confirmation_plan import missing_runs
from hydra_llm.search.settings import Confirmation

WANTED = settings(n_trials=6, seed_keys=("seed",), confirmation=Confirmation(n_seeds=2, budgets=("search", "full")))


def searched(folder, wanted=WANTED):
    """A sweep whose search has ended and whose confirmation has not begun."""
    study = open_study(folder, wanted)
    while not study.search_over:
        for trial in study.launched(study.ask(wanted.n_parallel)):
            study.tell(trial.number, outcome_of(bowl, trial, study))
    return study


def test_best_and_baseline_are_owed_on_equal_seeds_under_every_budget(tmp_path):
    state = searched(tmp_path).state
    best, root = state.best().number, state.trees[1].root.id
    owed = missing_runs(state, WANTED)
    assert [(run.budget, run.run, run.trial.number) for run in owed] == [
        (budget, run, number) for budget in ("search", "full") for run in (0, 1) for number in (best, root)
    ]
    assert all(a.seeds == b.seeds for a, b in zip(owed[::2], owed[1::2], strict=True))
    assert owed[0].seeds != owed[2].seeds
    assert owed[0].proposal(3).note == f"confirmation of trial {best}, fresh seeds 1"


def test_what_was_asked_for_is_owed_no_more_and_more_seeds_are_owed_alone(tmp_path):
    study = searched(tmp_path)
    run_study(study)
    assert missing_runs(study.state, WANTED) == []
    more = replace(WANTED, confirmation=Confirmation(n_seeds=3, budgets=("search", "full")))
    assert {run.run for run in missing_runs(study.state, more)} == {2}


def test_nothing_is_owed_where_nothing_has_a_score_or_nothing_is_wanted(tmp_path):
    assert missing_runs(open_study(tmp_path, WANTED).state, WANTED) == []
    unwanted = replace(WANTED, confirmation=Confirmation(n_seeds=0))
    assert missing_runs(searched(tmp_path / "other").state, unwanted) == []
