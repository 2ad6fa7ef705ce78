"""What a revision gave, apart from the parameters that moved with it."""

from code_worlds import BEST, BETTER, CRASHES, FIRST, code_study, idea, run
from search_worlds import SPACE

from hydra_llm.search.evolution.evolution import TAKEN_BACK
from hydra_llm.search.records.revisions import code_key, evidence


def test_a_sweep_without_code_has_no_evidence_of_it():
    assert code_key(SPACE) is None


def test_the_code_alone_is_compared_at_the_parameters_of_its_parent(tmp_path):
    study = run(code_study(tmp_path, [idea(BETTER)], n_trials=4))
    [seen] = evidence(study.state)
    assert (seen.revision.name, seen.fate) == ("r1", "ran")
    assert seen.alone is not None
    assert (seen.alone.trial, round(seen.alone.change, 6), seen.alone.recordings) == (0, 1.0, 1)


def test_a_repair_is_credited_against_the_code_that_its_idea_changes(tmp_path):
    study = run(code_study(tmp_path, [idea(CRASHES), idea(BETTER)], n_trials=5))
    first, second = evidence(study.state)
    assert first.fate == "crashed, repaired as r2"
    assert first.best is None
    assert second.revision.made_of == "r1"
    assert second.alone is not None
    assert (second.alone.trial, round(second.alone.change, 6)) == (0, 1.0)


def test_what_leads_runs_once_with_its_code_taken_back(tmp_path):
    seeds = {"seed_keys": ("seed",), "n_trials": 16}
    study = run(code_study(tmp_path, [idea(BETTER)], **seeds), noise=0.01)
    taken_back = [trial for trial in study.state.search_trials() if trial.proposal.strategy == TAKEN_BACK]
    assert len(taken_back) == 1
    [trial] = taken_back
    parent = study.state.trials[trial.proposal.parent]
    assert (parent.values["code"], trial.values["code"]) == ("r1", "base")
    assert parent.values["x"] == trial.values["x"]
    [seen] = evidence(study.state)
    gains = [one.change for one in (seen.alone, seen.taken_back) if one is not None]
    assert all(abs(gain - 1.0) < 0.1 for gain in gains)


def test_the_next_question_tells_what_the_code_alone_gave(tmp_path):
    study = run(code_study(tmp_path, [idea(BETTER), idea(BEST, parent=2)], n_trials=6))
    asked = study._evolution.author.client.requests
    assert "the code alone: +1 against trial 0 on 1 recording(s)" in asked[1].messages[-1].text
    assert [seen.revision.made_of for seen in evidence(study.state)] == ["base", "r1"]


def test_code_in_other_words_is_no_second_revision(tmp_path):
    same = FIRST.replace("x)", "y)").replace("x -", "y -")
    study = run(code_study(tmp_path, [idea(same), idea(same), idea(same), idea(BETTER)], n_trials=4))
    [seen] = evidence(study.state)
    assert seen.revision.text == BETTER
