"""An SBML file as a KineticNetwork. What is not supported is refused by name."""

from pathlib import Path
from typing import Any

import numpy as np
import sympy
from sympy import Expr

from hydra_llm.families.reactions.errors import ModelError, NotSupported, libsbml
from hydra_llm.families.reactions.sbml.mathematics import TIME, expression, number, real, replaced
from hydra_llm.families.reactions.sbml.network import KineticNetwork, initial_of, resolved
from hydra_llm.families.reactions.sbml.refusals import refuse


def read_sbml(path: Path) -> KineticNetwork:
    """The network of a file. Raises ModelError, NotSupported."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"The SBML file {path} cannot be read: {error}.") from error
    return network_of(text, path.name)


def network_of(text: str, name: str) -> KineticNetwork:
    """The network of an SBML document. name: of the file, for sentences."""
    lib = libsbml()
    document = lib.readSBMLFromString(text)
    model = document.getModel()
    if model is None or document.getNumErrors(lib.LIBSBML_SEV_ERROR) + document.getNumErrors(lib.LIBSBML_SEV_FATAL):
        errors = [document.getError(i) for i in range(document.getNumErrors())]
        severe = [error for error in errors if error.getSeverity() >= lib.LIBSBML_SEV_ERROR]
        first = " ".join(severe[0].getMessage().split()) if severe else "it holds no model"
        raise ModelError(f"{name} is not a valid SBML file: {first}")
    refuse(document, name)
    for converter in ("expandFunctionDefinitions", "promoteLocalParameters"):
        options = lib.ConversionProperties()
        options.addOption(converter, True)
        if document.convert(options) != lib.LIBSBML_OPERATION_SUCCESS:
            raise ModelError(f"libsbml cannot rewrite {name} ({converter}): check the file with its validator.")
    return _Reader(document.getModel(), name).network()


class _Reader:
    def __init__(self, model: Any, name: str) -> None:
        self.model, self.name = model, name
        self.species = {one.getId(): one for one in _all(model.getListOfSpecies())}
        self.compartments = {one.getId(): one for one in _all(model.getListOfCompartments())}
        self.parameters = {one.getId(): one for one in _all(model.getListOfParameters())}
        rules = [rule for rule in _all(model.getListOfRules()) if rule.isSetMath()]
        self.assignments = {rule.getVariable(): rule for rule in rules if rule.isAssignment()}
        self.rate_rules = {rule.getVariable(): rule for rule in rules if rule.isRate()}
        self.known: dict[str, Expr] = {
            name: real(name) for name in (*self.species, *self.compartments, *self.parameters)
        }
        self._add_stoichiometries_and_rates()

    def network(self) -> KineticNetwork:
        rules = {
            target: self._math(rule, f"The assignment rule of {target}") for target, rule in self.assignments.items()
        }
        rules = {str(k): v for k, v in resolved({real(k): v for k, v in rules.items()}, "assignment rules").items()}
        inline = {real(name): value for name, value in rules.items()}
        rates = {
            reaction.getId(): self._math(reaction.getKineticLaw(), f"The kinetic law of {reaction.getId()}")
            for reaction in _all(self.model.getListOfReactions())
        }
        changed, S = self._stoichiometry()
        derivatives = self._derivatives(changed, S, rates)
        states = tuple(derivatives)
        initial = {name: self._initial(name, inline) for name in states}
        constants = {
            name: self._initial(name, inline) for name in self.known if name not in derivatives and name not in rules
        }
        return KineticNetwork(
            name=self.model.getId() or self.name,
            states=states,
            species=tuple(changed),
            reactions=tuple(rates),
            S=S,
            rates={name: replaced(value, inline) for name, value in rates.items()},
            derivatives={name: replaced(value, inline) for name, value in derivatives.items()},
            initial=initial,
            constants=constants,
            rules=rules,
            fixed=tuple(name for name in self.species if name not in derivatives and name not in rules),
        )

    def _math(self, element: Any, place: str) -> Expr:
        if element is None or not element.isSetMath():
            raise ModelError(f"{place} in {self.name} holds no formula.")
        return sympy.sympify(expression(element.getMath(), f"{place} in {self.name}", self.known))

    def _add_stoichiometries_and_rates(self) -> None:
        """Names that formulas may use beside species, compartments and parameters."""
        for reaction in _all(self.model.getListOfReactions()):
            for reference in (*_all(reaction.getListOfReactants()), *_all(reaction.getListOfProducts())):
                if reference.getId() and not reference.isSetStoichiometryMath():
                    self.known[reference.getId()] = number(reference.getStoichiometry())

    def _stoichiometry(self) -> tuple[list[str], np.ndarray]:
        """The species that reactions or rate rules change, and S [species, reaction]."""
        reactions = _all(self.model.getListOfReactions())
        dynamic = [
            name
            for name, one in self.species.items()
            if name not in self.assignments and not one.getConstant() and not one.getBoundaryCondition()
        ]
        dynamic += [name for name in self.species if name in self.rate_rules and name not in dynamic]
        row = {name: i for i, name in enumerate(dynamic)}
        S = np.zeros((len(dynamic), len(reactions)))
        for j, reaction in enumerate(reactions):
            for sign, references in ((-1, reaction.getListOfReactants()), (1, reaction.getListOfProducts())):
                for reference in _all(references):
                    name = reference.getSpecies()
                    if name not in self.species:
                        raise ModelError(f"{reaction.getId()} in {self.name} names {name}, which is no species.")
                    if name in row and name not in self.rate_rules:
                        S[row[name], j] += sign * self._coefficient(reference, reaction.getId())
        return dynamic, S

    def _coefficient(self, reference: Any, reaction: str) -> float:
        if reference.isSetStoichiometryMath():
            value = expression(reference.getStoichiometryMath().getMath(), f"A stoichiometry of {reaction}", self.known)
            value = value.xreplace({real(name): self._initial(name, {}) for name in self.parameters})
            if not value.is_number:
                raise NotSupported(
                    "a stoichiometry that changes",
                    f"{reaction} in {self.name} has a stoichiometry that changes, which is not supported.",
                )
            return float(value)
        return reference.getStoichiometry() if reference.isSetStoichiometry() else 1.0

    def _derivatives(self, changed: list[str], S: np.ndarray, rates: dict[str, Expr]) -> dict[str, Expr]:
        found: dict[str, Expr] = {}
        laws = list(rates.values())
        for i, name in enumerate(changed):
            if name in self.rate_rules:
                continue
            flow = sympy.Add(*(number(S[i, j]) * laws[j] for j in np.flatnonzero(S[i])))
            species = self.species[name]
            compartment = species.getCompartment()
            found[name] = flow if species.getHasOnlySubstanceUnits() else flow / real(compartment)
        for name, rule in self.rate_rules.items():
            found[name] = self._math(rule, f"The rate rule of {name}")
        return {name: found[name] for name in (*changed, *(n for n in found if n not in changed))}

    def _initial(self, name: str, rules: dict[Any, Expr]) -> Expr:
        """The value at time 0 in terms of constants and of values at time 0."""
        assignment = self.model.getInitialAssignmentBySymbol(name)
        if assignment is not None:
            value = self._math(assignment, f"The initial assignment of {name}").xreplace(rules)
        else:
            value = self._declared(name)
        at_start = {real(state): initial_of(state) for state in self._states()}
        return replaced(value, {**at_start, TIME: sympy.Integer(0)})

    def _states(self) -> list[str]:
        return [
            name
            for name, one in self.species.items()
            if name in self.rate_rules
            or (name not in self.assignments and not one.getConstant() and not one.getBoundaryCondition())
        ] + [name for name in self.rate_rules if name not in self.species]

    def _declared(self, name: str) -> Expr:
        if name in self.parameters:
            one = self.parameters[name]
            return number(one.getValue()) if one.isSetValue() else sympy.nan
        if name in self.compartments:
            one = self.compartments[name]
            return number(one.getSize()) if one.isSetSize() else sympy.Integer(1)
        if name not in self.species:
            return self.known[name]
        one, size = self.species[name], real(self.species[name].getCompartment())
        amounts = one.getHasOnlySubstanceUnits()
        if one.isSetInitialConcentration():
            value = number(one.getInitialConcentration())
            return value * size if amounts else value
        if one.isSetInitialAmount():
            value = number(one.getInitialAmount())
            return value if amounts else value / size
        return sympy.nan


def _all(items: Any) -> list[Any]:
    return [items.get(i) for i in range(items.size())]
