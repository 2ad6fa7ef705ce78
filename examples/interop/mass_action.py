"""A mass-action network as text, and as SBML (Level 3 Version 1) that any simulator reads.

X = 1.2            the concentration at the start
2 X + Y -> 3 X : 1.0    a reaction and its rate constant; an empty side is the outside

rate of a reaction = volume * k * product of concentrations^stoichiometry (items per unit of time)
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

BRUSSELATOR = """
X = 1.2
Y = 3.0
-> X : 1.0
X -> Y : 3.0
2 X + Y -> 3 X : 1.0
X -> : 1.0
"""
TERM = re.compile(r"(?:(\d+) *)?([A-Za-z_]\w*)")
MATHML = "http://www.w3.org/1998/Math/MathML"


@dataclass(frozen=True)
class Reaction:
    """inputs and outputs: species -> stoichiometry."""

    inputs: Mapping[str, int]
    outputs: Mapping[str, int]
    k: float


@dataclass(frozen=True)
class MassAction:
    """start: species -> concentration, in the order in which they are recorded."""

    start: Mapping[str, float]
    reactions: tuple[Reaction, ...]

    @classmethod
    def read(cls, text: str) -> "MassAction":
        """Raises ValueError with the line that is neither a start nor a reaction, or names an unknown species."""
        start: dict[str, float] = {}
        reactions: list[Reaction] = []
        for line in filter(None, (line.partition("#")[0].strip() for line in text.splitlines())):
            try:
                if "->" in line:
                    left, right = line.split("->")
                    right, _, k = right.rpartition(":")
                    reactions.append(Reaction(_side(left), _side(right), float(k)))
                else:
                    name, value = line.split("=")
                    start[name.strip()] = float(value)
            except ValueError as error:
                raise ValueError(f"{line!r} is neither `species = concentration` nor `A + 2 B -> C : k`.") from error
        unknown = sorted({name for one in reactions for name in {**one.inputs, **one.outputs}} - set(start))
        if unknown:
            raise ValueError(f"Every species needs a line `species = concentration`; missing: {', '.join(unknown)}.")
        return cls(start, tuple(reactions))

    def sbml(self, volume: float) -> str:
        """volume: items per unit of concentration, which is how large the intrinsic noise of few molecules is."""
        species = "".join(
            f'<species id="{escape(name)}" compartment="cell" initialConcentration="{value!r}" substanceUnits="item" '
            'hasOnlySubstanceUnits="false" boundaryCondition="false" constant="false"/>'
            for name, value in self.start.items()
        )
        constants = "".join(
            f'<parameter id="k{number}" value="{one.k!r}" constant="true"/>'
            for number, one in enumerate(self.reactions)
        )
        reactions = "".join(_reaction(number, one) for number, one in enumerate(self.reactions))
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1">'
            '<model id="network" substanceUnits="item" timeUnits="dimensionless" volumeUnits="dimensionless" '
            'extentUnits="item"><listOfCompartments>'
            f'<compartment id="cell" spatialDimensions="3" size="{volume!r}" constant="true"/></listOfCompartments>'
            f"<listOfSpecies>{species}</listOfSpecies><listOfParameters>{constants}</listOfParameters>"
            f"<listOfReactions>{reactions}</listOfReactions></model></sbml>\n"
        )


def _side(text: str) -> dict[str, int]:
    terms: dict[str, int] = {}
    for term in filter(None, (part.strip() for part in text.split("+"))):
        found = TERM.fullmatch(term)
        if found is None:
            raise ValueError(term)
        terms[found[2]] = terms.get(found[2], 0) + int(found[1] or 1)
    return terms


def _reaction(number: int, one: Reaction) -> str:
    def listed(name: str, side: Mapping[str, int]) -> str:
        references = "".join(
            f'<speciesReference species="{species}" stoichiometry="{count}" constant="true"/>'
            for species, count in side.items()
        )
        return f"<listOf{name}>{references}</listOf{name}>" if references else ""

    factors = ["cell", f"k{number}", *(name for name, count in one.inputs.items() for _ in range(count))]
    law = "".join(f"<ci>{factor}</ci>" for factor in factors)
    return (
        f'<reaction id="r{number}" reversible="false" fast="false">{listed("Reactants", one.inputs)}'
        f'{listed("Products", one.outputs)}<kineticLaw><math xmlns="{MATHML}"><apply><times/>{law}</apply></math>'
        "</kineticLaw></reaction>"
    )
