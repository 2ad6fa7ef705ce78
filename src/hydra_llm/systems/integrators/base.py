"""What an integrator is: one step of du/dt = f(u, input) with the input held over the step."""

from collections.abc import Callable
from typing import Protocol

from torch import Tensor


class VectorField(Protocol):
    """The drift f. Writes du/dt into `out` and returns it; u, out: [batch, unit]; external: [batch, unit] or None."""

    def __call__(self, u: Tensor, external: Tensor | None, out: Tensor) -> Tensor: ...


def in_place(law: Callable[[Tensor, Tensor | None], Tensor]) -> VectorField:
    """A law that returns du/dt, as a field that writes it."""

    def field(u: Tensor, external: Tensor | None, out: Tensor) -> Tensor:
        return out.copy_(law(u, external))

    return field


class Integrator(Protocol):
    """A one-step method. Stateless, so that one object serves any number of trajectories."""

    def step(
        self, field: VectorField, u: Tensor, external: Tensor | None, drift: Tensor, dt: float, out: Tensor
    ) -> None:
        """Write the state after dt into `out` [batch, unit].

        `drift` is field(u, external), which the caller has already evaluated because it is recorded. `out` may be u.
        """
        ...
