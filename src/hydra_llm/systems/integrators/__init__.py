"""Explicit integrators behind one interface, one method per file."""

from hydra_llm.choice import check_choice
from hydra_llm.systems.integrators.base import Integrator, VectorField, in_place
from hydra_llm.systems.integrators.euler import Euler
from hydra_llm.systems.integrators.rk4 import RK4

__all__ = ["RK4", "Euler", "Integrator", "VectorField", "in_place", "integrator"]

_METHODS: dict[str, type[Integrator]] = {"euler": Euler, "rk4": RK4}


def integrator(name: str) -> Integrator:
    """The integrator of that name; an unknown name lists those that exist."""
    check_choice("integrator", name, _METHODS)
    return _METHODS[name]()
