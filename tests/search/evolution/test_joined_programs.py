"""A crossover is an idea that a model can have: it sees several programs with their values and may answer with both."""

from code_worlds import FIRST, code_study, idea, on_best, run

HIGHER, WIDER = FIRST.replace("1.0", "2.0"), FIRST.replace("** 2", "** 4")
BOTH = HIGHER.replace("** 2", "** 4")


def test_the_question_shows_the_best_programs_and_the_answer_may_join_them(tmp_path):
    seen = []

    def join(request):
        seen.append(request.messages[1].text)
        return on_best(BOTH)(request)

    study = run(code_study(tmp_path, [idea(HIGHER), idea(WIDER), join], n_trials=8))
    assert study.state.code.revisions["r3"].text == BOTH
    [question] = seen
    for name, text in (("r1", HIGHER), ("r2", WIDER)):
        assert f"code of revision {name}" in question
        assert text.strip() in question
    assert study.state.best().values["code"] == "r3"
