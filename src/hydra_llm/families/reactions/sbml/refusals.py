"""What the SBML reader refuses, each by name in one sentence."""

from collections.abc import Iterator
from typing import Any

from hydra_llm.families.reactions.errors import NotSupported

HARMLESS = ("layout", "render", "groups", "annot", "l3v2extendedmath")  # packages without a say in the dynamics


def refuse(document: Any, name: str) -> None:
    """Raise NotSupported for the first feature of a document that would change its dynamics and is not supported."""
    for feature in _features(document):
        raise NotSupported(feature, f"{name} uses {feature}, which is not supported.")


def _features(document: Any) -> Iterator[str]:
    model = document.getModel()
    if model.getNumEvents():
        yield "events"
    for rule in _all(model.getListOfRules()):
        if rule.isAlgebraic():
            yield "algebraic rules"
    for i in range(document.getNumPlugins()):
        package = document.getPlugin(i).getPackageName()
        empty = package == "comp" and model.getPlugin("comp").getNumSubmodels() == 0
        if package not in HARMLESS and not empty and document.getPackageRequired(package):
            yield f"the package {package}"
    for reaction in _all(model.getListOfReactions()):
        if reaction.isSetFast() and reaction.getFast():
            yield "fast reactions"
        if not reaction.isSetKineticLaw():
            yield "reactions without a kinetic law"
        for reference in (*_all(reaction.getListOfReactants()), *_all(reaction.getListOfProducts())):
            variable = reference.getId() and model.getRuleByVariable(reference.getId())
            assigned = reference.getId() and model.getInitialAssignmentBySymbol(reference.getId())
            if variable or assigned:
                yield "a stoichiometry that changes"
    if model.isSetConversionFactor():
        yield "conversion factors"
    for species in _all(model.getListOfSpecies()):
        if species.isSetConversionFactor():
            yield "conversion factors"
    for compartment in _all(model.getListOfCompartments()):
        if model.getRuleByVariable(compartment.getId()):
            yield "compartments whose size changes"


def _all(items: Any) -> list[Any]:
    return [items.get(i) for i in range(items.size())]
