"""A problem is read from its tables; what is wrong in them, or not supported, is one sentence."""

from pathlib import Path

import pytest

CASCADE = Path(__file__).parents[4] / "examples" / "petab" / "cascade.yaml"


@pytest.fixture
def files(needs_libsbml):
    from hydra_llm.families.reactions.petab.problem import ProblemFiles

    return ProblemFiles.read(CASCADE)


def changed(files, name, *pairs):
    from hydra_llm.families.reactions.petab.problem import ProblemFiles

    text = files.texts[name]
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    return ProblemFiles(files.yaml, {**files.texts, name: text})


def test_the_example_is_read_as_its_tables_say(files):
    problem = files.problem()
    assert [one.id for one in problem.estimated][:2] == ["k_act", "k_deact"]
    assert problem.estimated[0].start == (-3.0, 3.0)
    assert problem.conditions["high"] == {"stimulus": "10"}
    assert [one.transformation for one in problem.observables] == ["log10", "lin"]
    assert len(problem.measurements) == 60
    assert problem.measurements[0].observable_overrides == ("scale_Kp",)


def test_a_fit_is_given_no_nominal_value_of_what_it_estimates(files):
    blind = files.without_nominal_values()
    assert "0.15" not in blind.texts["parameters.tsv"]
    assert blind.problem().estimated[0].nominal != blind.problem().estimated[0].nominal  # no number
    assert files.problem().estimated[0].nominal == 0.5


@pytest.mark.parametrize(
    ("table", "old", "new", "sentence"),
    [
        ("cascade.yaml", "format_version: 1", "format_version: 2.0.0", "is of PEtab version 2.0.0; version 1 is read"),
        ("cascade.yaml", "format_version", "version", "no format_version"),
        ("parameters.tsv", "log10", "log2", "parameterScale must be one of lin, log, log10, got 'log2'"),
        ("parameters.tsv", "1e-3", "0", "its lowerBound must be above 0, got 0"),
        ("parameters.tsv", "1e-3", "1e4", "lowerBound must be below upperBound"),
        ("parameters.tsv", "parameterId", "id", "must have the columns parameterId, estimate; it lacks parameterId"),
        ("observables.tsv", "log10", "sqrt", "observableTransformation must be one of lin, log, log10, got 'sqrt'"),
        ("observables.tsv", "normal", "cauchy", "noiseDistribution must be one of normal, laplace, got 'cauchy'"),
        ("measurements.tsv", "kinase", "kinases", "names the observable kinases, which no table defines"),
        ("measurements.tsv", "low", "lower", "names the condition lower, which no table defines"),
        ("measurements.tsv", "0.0698073", "many", "measurement must be a number, got 'many'"),
    ],
)
def test_what_is_wrong_in_a_table_is_one_sentence(files, table, old, new, sentence):
    from hydra_llm.families.reactions.errors import ModelError

    with pytest.raises(ModelError) as caught:
        changed(files, table, (old, new)).problem()
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("table", "old", "new", "sentence"),
    [
        ("conditions.tsv", "stimulus", "dose", "sets dose, which is not in the model"),
        ("observables.tsv", "* Kp", "* Kq", "names Kq, which is not defined there"),
        ("observables.tsv", "* Kp", "* (Kp", "cannot be read as a formula"),
        (
            "measurements.tsv",
            "scale_Kp",
            "scale_Kp;2",
            "gives 2 observableParameters, and its formula has 1 placeholders",
        ),
        ("measurements.tsv", "scale_Kp", "scale", "'scale', which is neither a number nor in the parameter table"),
    ],
)
def test_a_problem_that_cannot_be_simulated_is_one_sentence(files, table, old, new, sentence):
    from hydra_llm.families.reactions.errors import ModelError
    from hydra_llm.families.reactions.likelihood.likelihood import Likelihood

    with pytest.raises(ModelError) as caught:
        Likelihood(changed(files, table, (old, new)).problem())
    assert sentence in str(caught.value)


def test_a_file_that_is_missing_is_named(files, tmp_path):
    from hydra_llm.families.reactions.errors import ModelError
    from hydra_llm.families.reactions.petab.problem import ProblemFiles

    (tmp_path / "problem.yaml").write_text(files.texts["cascade.yaml"])
    with pytest.raises(ModelError, match=r"cascade\.xml cannot be read"):
        ProblemFiles.read(tmp_path / "problem.yaml")


def test_the_measurements_of_the_example_are_those_of_its_script(tmp_path):
    from programs import PYTHON, run

    made = tmp_path / "measurements.tsv"
    run([PYTHON, str(CASCADE.parent / "make_measurements.py"), str(made)])
    assert made.read_text() == (CASCADE.parent / "measurements.tsv").read_text()
