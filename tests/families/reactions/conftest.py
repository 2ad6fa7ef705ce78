"""Small SBML models and PEtab problems, written here by hand."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
MATH = 'xmlns="http://www.w3.org/1998/Math/MathML"'
CASCADE = ROOT / "examples" / "petab" / "cascade.yaml"


@pytest.fixture
def needs_libsbml() -> None:
    pytest.importorskip("torch", reason="the science extra is not installed")
    pytest.importorskip("libsbml", reason="python-libsbml is not installed: pip install 'hydra-llm[sbml]'")


@pytest.fixture
def sbml(needs_libsbml) -> Callable[..., str]:
    """sbml(species, parameters, reactions, more) -> an SBML text, Level 3 Version 1, with one compartment V.

    species: id -> (initial concentration, extra attributes). reactions: id -> (reactants, products, kinetic law in
    infix notation). more: elements of the model, by the name of their list, before the reactions.
    """
    import libsbml

    def mathml(text: str) -> str:
        node = libsbml.parseL3Formula(text)
        assert node is not None, libsbml.getLastParseL3Error()
        return libsbml.writeMathMLToString(node).partition("?>")[2]

    def side(name: str, references: dict[str, float]) -> str:
        own = "".join(
            f'<speciesReference species="{one}" stoichiometry="{n}" constant="true"/>' for one, n in references.items()
        )
        return f"<listOf{name}>{own}</listOf{name}>" if own else ""

    def make(
        species: dict[str, tuple[float, str]],
        parameters: dict[str, float],
        reactions: dict[str, tuple[dict[str, float], dict[str, float], str]],
        more: str = "",
        functions: str = "",
        varying: tuple[str, ...] = (),
        size: float = 1.0,
    ) -> str:
        def species_of(name: str, value: float, extra: str) -> str:
            defaults = {"hasOnlySubstanceUnits": "false", "boundaryCondition": "false", "constant": "false"}
            given = "".join(f' {key}="{default}"' for key, default in defaults.items() if key not in extra)
            return f'<species id="{name}" compartment="V" initialConcentration="{value}"{given} {extra}/>'

        listed = "".join(species_of(name, *one) for name, one in species.items())
        constants = "".join(
            f'<parameter id="{name}" value="{value}" constant="{"false" if name in varying else "true"}"/>'
            for name, value in parameters.items()
        )
        laws = "".join(
            f'<reaction id="{name}" reversible="false" fast="false">'
            f"{side('Reactants', before)}{side('Products', after)}<kineticLaw>{mathml(law)}</kineticLaw></reaction>"
            for name, (before, after, law) in reactions.items()
        )
        return (
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1"><model id="small">'
            f"{functions}"
            f'<listOfCompartments><compartment id="V" size="{size}" constant="true"/></listOfCompartments>'
            f"<listOfSpecies>{listed}</listOfSpecies>"
            f"<listOfParameters>{constants}</listOfParameters>{more}<listOfReactions>{laws}</listOfReactions></model></sbml>"
        ).replace("<listOfParameters></listOfParameters>", "")

    make.mathml = mathml  # type: ignore[attr-defined]
    return make


@pytest.fixture
def problem_of(needs_libsbml) -> Callable[..., Any]:
    """problem_of(model text, parameters=..., observables=..., measurements=..., conditions=...) -> ProblemFiles; tables
    as lists of dicts.
    """
    from hydra_llm.families.reactions.petab.problem import ProblemFiles

    def table(rows: list[dict[str, Any]]) -> str:
        names = list(dict.fromkeys(name for row in rows for name in row))
        lines = ["\t".join(names), *("\t".join(str(row.get(name, "")) for name in names) for row in rows)]
        return "\n".join(lines) + "\n"

    def make(model: str, *, conditions: list[dict[str, Any]] | None = None, **tables: list[dict[str, Any]]) -> Any:
        yaml = (
            "format_version: 1\nparameter_file: p.tsv\nproblems:\n- sbml_files: [m.xml]\n  condition_files: [c.tsv]\n"
            "  observable_files: [o.tsv]\n  measurement_files: [d.tsv]\n"
        )
        texts = {
            "problem.yaml": yaml,
            "m.xml": model,
            "p.tsv": table(tables["parameters"]),
            "o.tsv": table(tables["observables"]),
            "d.tsv": table(tables["measurements"]),
            "c.tsv": table(conditions or [{"conditionId": "c"}]),
        }
        return ProblemFiles("problem.yaml", texts)

    return make
