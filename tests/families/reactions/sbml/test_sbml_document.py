"""A model's derivatives are those of its file, by hand and by an independent simulator; the rest is refused by name."""

import numpy as np
import pytest

STATES = {"A": 1.3, "B": 0.4}


def rule(sbml, kind, target, text):
    return f'<listOfRules><{kind} variable="{target}">{sbml.mathml(text)}</{kind}></listOfRules>'


def assigned(sbml, target, text):
    own = f'<initialAssignment symbol="{target}">{sbml.mathml(text)}</initialAssignment>'
    return f"<listOfInitialAssignments>{own}</listOfInitialAssignments>"


def models(sbml):
    """name -> (SBML text, dx/dt as a function of the concentrations)."""
    both = {"A": (1.0, ""), "B": (0.5, "")}
    amounts = {"A": (1.0, 'hasOnlySubstanceUnits="true"'), "B": (0.5, "")}
    turned = {"r": ({"A": 2.0}, {"B": 1.0}, "V * k * A^2")}
    double = (
        '<listOfFunctionDefinitions><functionDefinition id="hill">'
        f"{sbml.mathml('lambda(x, K, x^2 / (K^2 + x^2))')}</functionDefinition></listOfFunctionDefinitions>"
    )
    return {
        "mass action in a compartment of 2.5": (
            sbml(both, {"k": 0.7}, turned, size=2.5),
            lambda A, B: (-2 * 0.7 * A**2, 0.7 * A**2),
        ),
        "an amount beside a concentration": (
            sbml(amounts, {"k": 0.7}, {"r": ({"A": 1.0}, {"B": 1.0}, "k * A")}, size=2.5),
            lambda A, B: (-0.7 * A, 0.7 * A / 2.5),
        ),
        "an assignment rule in a kinetic law": (
            sbml(
                both,
                {"k": 0.7, "total": 0},
                {"r": ({"A": 1.0}, {"B": 1.0}, "k * total * A")},
                rule(sbml, "assignmentRule", "total", "A + 3 * B"),
                varying=("total",),
            ),
            lambda A, B: (-0.7 * (A + 3 * B) * A, 0.7 * (A + 3 * B) * A),
        ),
        "a function definition": (
            sbml(both, {"k": 0.7, "K": 0.9}, {"r": ({"A": 1.0}, {"B": 1.0}, "k * hill(A, K)")}, functions=double),
            lambda A, B: (-0.7 * A**2 / (0.81 + A**2), 0.7 * A**2 / (0.81 + A**2)),
        ),
        "a rate rule": (
            sbml(both, {"k": 0.7}, {"r": ({"A": 1.0}, {}, "k * A")}, rule(sbml, "rateRule", "B", "A - B")),
            lambda A, B: (-0.7 * A, A - B),
        ),
        "a parameter of an initial assignment": (
            sbml(both, {"k": 0, "base": 0.2}, turned, assigned(sbml, "k", "base + 0.5")),
            lambda A, B: (-2 * 0.7 * A**2, 0.7 * A**2),
        ),
        "a boundary species": (
            sbml(
                {"A": (1.0, ""), "B": (0.5, 'boundaryCondition="true"')},
                {"k": 0.7},
                {"r": ({"B": 1.0}, {"A": 1.0}, "k * B")},
            ),
            lambda A: (0.7 * 0.5,),
        ),
        "a fractional power, a root and a logarithm": (
            sbml(both, {"n": 1.7}, {"r": ({"A": 1.0}, {"B": 1.0}, "A^n + sqrt(B) + ln(1 + A) + exp(-B)")}),
            lambda A, B: (
                -(A**1.7 + B**0.5 + np.log(1 + A) + np.exp(-B)),
                A**1.7 + B**0.5 + np.log(1 + A) + np.exp(-B),
            ),
        ),
        "a larger and an absolute value": (
            sbml(both, {"k": 0.7}, {"r": ({"A": 1.0}, {"B": 1.0}, "k * max(A, B) + abs(B - A)")})
            .replace("level3/version1", "level3/version2")
            .replace('version="1">', 'version="2">')
            .replace(' fast="false"', ""),
            lambda A, B: (-(0.7 * max(A, B) + abs(B - A)), 0.7 * max(A, B) + abs(B - A)),
        ),
        "a pulse in time": (
            sbml(both, {"k": 0.7}, {"r": ({"A": 1.0}, {"B": 1.0}, "piecewise(k, time < 5, 0) * A")}),
            lambda A, B: (-0.7 * A, 0.7 * A),
        ),
    }


NAMES = (
    "mass action in a compartment of 2.5",
    "an amount beside a concentration",
    "an assignment rule in a kinetic law",
    "a function definition",
    "a rate rule",
    "a parameter of an initial assignment",
    "a boundary species",
    "a fractional power, a root and a logarithm",
    "a larger and an absolute value",
    "a pulse in time",
)


def derivatives_of(text):
    from hydra_llm.families.reactions.dynamics.system import OpenSystem
    from hydra_llm.families.reactions.dynamics.trajectory import switches_at
    from hydra_llm.families.reactions.sbml.document import network_of

    network = network_of(text, "small.xml")
    system = OpenSystem(network, ())
    x = [STATES[name] for name in network.states]
    return network, np.array(system.rate((0.0,), x, (), switches_at(system, np.array([]), 0.0)), dtype=float)


@pytest.mark.parametrize("name", NAMES)
def test_derivatives_are_those_of_the_laws_in_the_file(name, sbml):
    text, expected = models(sbml)[name]
    network, found = derivatives_of(text)
    wanted = dict(
        zip(
            [one for one in STATES if one in network.states],
            expected(*(STATES[one] for one in sorted(network.states))),
            strict=True,
        )
    )
    assert found == pytest.approx([wanted[one] for one in network.states], rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_derivatives_are_those_of_libroadrunner(name, sbml, tmp_path):
    roadrunner = pytest.importorskip("roadrunner", reason="libroadrunner, an independent simulator, is not installed")
    text, _ = models(sbml)[name]
    network, found = derivatives_of(text)
    (tmp_path / "small.xml").write_text(text)
    simulator = roadrunner.RoadRunner(str(tmp_path / "small.xml"))
    import libsbml

    model = libsbml.readSBMLFromString(text).getModel()
    amounts = [model.getSpecies(one).getHasOnlySubstanceUnits() for one in network.states]
    for one, amount in zip(network.states, amounts, strict=True):
        simulator[one if amount else f"[{one}]"] = STATES[one]
    ruled = {model.getRule(i).getVariable() for i in range(model.getNumRules()) if model.getRule(i).isRate()}
    rates = simulator.getRatesOfChangeNamedArray()
    of_rules = dict(zip(rates.colnames, rates[0], strict=True))
    theirs = [
        of_rules[f"{one}'"] if one in ruled else simulator[f"{one}'"] / (1 if amount else simulator["V"])
        for one, amount in zip(network.states, amounts, strict=True)
    ]
    assert found == pytest.approx(theirs, rel=1e-8)


def test_the_stoichiometry_has_a_row_per_species_and_a_column_per_reaction(sbml):
    reactions = {"bind": ({"A": 2.0, "B": 1.0}, {"C": 1.0}, "A"), "decay": ({"C": 1.0}, {}, "C")}
    network = read(sbml(dict.fromkeys("ABC", (1.0, "")), {}, reactions))
    assert network.species == ("A", "B", "C")
    assert network.reactions == ("bind", "decay")
    assert network.S.tolist() == [[-2, 0], [-1, 0], [1, -1]]


def read(text):
    from hydra_llm.families.reactions.sbml.document import network_of

    return network_of(text, "small.xml")


def test_an_initial_amount_becomes_a_concentration(sbml):
    text = sbml({"A": (1.0, "")}, {"k": 1.0}, {"r": ({"A": 1.0}, {}, "k * A")}, size=4.0)
    network = read(text.replace('initialConcentration="1.0"', 'initialAmount="2.0"'))
    from hydra_llm.families.reactions.sbml.network import initial_of

    assert float(network.in_order()[initial_of("A")]) == 0.5


EVENT = (
    '<listOfEvents><event id="e" useValuesFromTriggerTime="true"><trigger initialValue="true" persistent="true">{when}'
    "</trigger></event></listOfEvents>"
)


def refused(sbml):
    both, law = {"A": (1.0, ""), "B": (0.5, "")}, {"r": ({"A": 1.0}, {"B": 1.0}, "A")}
    plain = sbml(both, {"k": 1.0}, law)
    algebraic = f"<listOfRules><algebraicRule>{sbml.mathml('A + B - k')}</algebraicRule></listOfRules>"
    return {
        "events": plain.replace("</model>", EVENT.format(when=sbml.mathml("time > 3")) + "</model>"),
        "algebraic rules": sbml(both, {"k": 1.0}, law, algebraic),
        "fast reactions": plain.replace('fast="false"', 'fast="true"'),
        "delay": sbml(both, {"k": 1.0}, {"r": ({"A": 1.0}, {"B": 1.0}, "delay(A, 1)")}),
        "reactions without a kinetic law": plain[: plain.index("<kineticLaw>")]
        + plain[plain.index("</kineticLaw>") + len("</kineticLaw>") :],
        "compartments whose size changes": sbml(both, {"k": 1.0}, law, rule(sbml, "rateRule", "V", "k")).replace(
            'size="1.0" constant="true"', 'size="1.0" constant="false"'
        ),
        "the function floor": sbml(both, {"k": 1.0}, {"r": ({"A": 1.0}, {"B": 1.0}, "floor(A)")}),
    }


@pytest.mark.parametrize(
    "feature",
    [
        "events",
        "algebraic rules",
        "fast reactions",
        "delay",
        "reactions without a kinetic law",
        "compartments whose size changes",
        "the function floor",
    ],
)
def test_what_is_not_supported_is_refused_by_name(feature, sbml):
    from hydra_llm.families.reactions.errors import NotSupported

    with pytest.raises(NotSupported, match=feature) as caught:
        derivatives_of(refused(sbml)[feature])
    assert caught.value.feature == feature
    assert "small.xml" in str(caught.value)


def test_a_condition_on_the_state_is_refused_by_name(sbml):
    from hydra_llm.families.reactions.errors import NotSupported

    law = {"r": ({"A": 1.0}, {}, "piecewise(A, A > 0.5, 0)")}
    with pytest.raises(NotSupported, match="condition depends on the state") as caught:
        derivatives_of(sbml({"A": (1.0, "")}, {}, law))
    assert caught.value.feature == "piecewise in the state"


@pytest.mark.parametrize("text", ["", "<sbml/>", "not a model"])
def test_a_file_that_is_no_model_is_one_sentence(text, needs_libsbml):
    from hydra_llm.families.reactions.errors import ModelError
    from hydra_llm.families.reactions.sbml.document import network_of

    with pytest.raises(ModelError, match=r"small\.xml is not a valid SBML file"):
        network_of(text, "small.xml")


def test_a_parameter_without_a_value_is_named(sbml):
    from hydra_llm.families.reactions.errors import ModelError

    text = sbml({"A": (1.0, "")}, {"k": 1.0}, {"r": ({"A": 1.0}, {}, "k * A")})
    with pytest.raises(ModelError, match="k of small has no value"):
        derivatives_of(text.replace('<parameter id="k" value="1.0"', '<parameter id="k"'))


def test_without_libsbml_a_sentence_names_the_extra(monkeypatch):
    pytest.importorskip("torch", reason="the science extra is not installed")
    from hydra_llm.families.reactions import errors

    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr(errors, "import_module", absent)
    with pytest.raises(errors.ModelError, match=r"python-libsbml, not installed here: pip install 'hydra-llm\[sbml\]'"):
        errors.libsbml()
