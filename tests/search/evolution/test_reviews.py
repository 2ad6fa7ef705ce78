"""A person between the checks of proposed code and its launch."""

import io

import pytest
from code_worlds import BETTER, CRASHES, code_study, idea, run

from hydra_llm.search.evolution.reviewer import FileReviewer, TerminalReviewer


def terminal(*lines):
    """A person who types these lines and goes away; and what they see."""
    typed, out = iter(lines), io.StringIO()

    def read():
        try:
            return next(typed)
        except StopIteration:
            raise EOFError from None

    return TerminalReviewer(read, out), out


def codes(study):
    return [trial.values["code"] for trial in study.state.search_trials() if trial.values["code"] != "base"]


def test_code_that_a_person_accepts_runs_at_once(tmp_path):
    review, out = terminal("y")
    study = run(code_study(tmp_path, [idea(BETTER)], review))
    assert study.state.trials[2].values["code"] == "r1"
    assert "-        return 1.0" in out.getvalue()
    assert "+        return 2.0" in out.getvalue()
    assert "It is better." in out.getvalue()


def test_code_that_a_person_refuses_never_runs_and_its_reason_is_told_to_the_model(tmp_path):
    review, _ = terminal("n it hides the noise")
    study = code_study(tmp_path, [idea(BETTER), idea(BETTER.replace("x)", "y)").replace("x -", "y -"))], review)
    run(study)
    assert codes(study) == []
    assert study.state.code.given_up == {"r1": "it hides the noise"}
    asked = study._evolution.author.client.requests  # what the model was told when it came with the same again
    assert "it hides the noise" in asked[1].messages[-1].text


def test_an_answer_that_is_none_is_asked_for_again(tmp_path):
    review, out = terminal("perhaps", "y")
    study = run(code_study(tmp_path, [idea(BETTER)], review))
    assert "must begin with y, n or q, got 'perhaps'" in out.getvalue()
    assert "r1" in codes(study)


def test_code_waits_where_the_terminal_has_nobody_any_more_and_is_asked_about_in_the_next_session(tmp_path):
    nobody, _ = terminal()
    study = run(code_study(tmp_path, [idea(BETTER)], nobody))
    study.close("all trials are used")
    assert study.state.code.waiting == ["r1"]
    assert codes(study) == []
    review, _ = terminal("yes")
    again = run(code_study(tmp_path, [], review, n_trials=8))
    assert again.state.trials[6].values["code"] == "r1"


def test_a_person_may_stop_the_sweep_at_the_question(tmp_path):
    review, _ = terminal("q")
    study = code_study(tmp_path, [idea(BETTER)], review)
    with pytest.raises(KeyboardInterrupt):
        run(study)
    assert study.state.code.waiting == ["r1"], "it is asked about again when the sweep goes on"


def test_a_repair_is_looked_at_too(tmp_path):
    review, out = terminal("y", "n no more of this")
    study = run(code_study(tmp_path, [idea(CRASHES), idea(BETTER)], review))
    assert codes(study) == ["r1"]
    assert study.state.code.given_up["r2"] == "no more of this"
    assert out.getvalue().count("has passed its checks") == 2


def test_a_file_beside_the_diff_decides(tmp_path):
    study = run(code_study(tmp_path, [idea(BETTER)], FileReviewer(), n_trials=3))
    study.close("all trials are used")
    (tmp_path / "code/review/r1.reject").write_text("too\ndear\n")
    again = run(code_study(tmp_path, [], FileReviewer(), n_trials=5))
    assert codes(again) == []
    assert again.state.code.given_up == {"r1": "too dear"}
