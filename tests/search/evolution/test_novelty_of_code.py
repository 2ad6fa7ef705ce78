"""The same code in other words is not tried twice."""

from code_worlds import BEST, BETTER, code_study, idea, run

OTHER_WORDS = (
    "# the same\nclass Value:\n    def value(self, place: float) -> float:\n        return {} - (place - 0.3) ** 2\n"
)
BETTER_AGAIN, FIRST_AGAIN = OTHER_WORDS.format("2.0"), OTHER_WORDS.format("1.0")


def problems(study):
    return [problem for question in study.state.questions for problem in question.problems]


def test_a_known_revision_in_other_words_goes_back_with_its_name(tmp_path):
    study = run(code_study(tmp_path, [idea(BETTER), idea(BETTER_AGAIN), idea(BEST)]))
    assert [revision.text for revision in study.state.code.revisions.values()] == [BETTER, BEST]
    assert problems(study) == ["This code is revision r1 in other words. Propose another idea."]


def test_the_code_of_the_beginning_in_other_words_goes_back(tmp_path):
    study = run(code_study(tmp_path, [idea(FIRST_AGAIN), idea(BETTER)]))
    assert [revision.text for revision in study.state.code.revisions.values()] == [BETTER]
    assert "the code that the sweep started from, in other words" in problems(study)[0]
