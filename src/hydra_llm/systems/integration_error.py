"""How far a recording is from a solution of its own equations: the error of the integrator over one frame.

A recording whose steps are too coarse obeys the integrator's map as much as the law, and a fit that knows that map
recovers more from it than from nature.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from hydra_llm.systems.integrators import Integrator, in_place
from hydra_llm.systems.noise import ProcessNoise
from hydra_llm.systems.trajectory import integrate

LIMIT = 1e-6  # of rms; above it a recording is not called converged, unless something else hides the error
ROUNDINGS = 4  # of a state per frame, in the precision of the recording, hide what is smaller
NOISE_SHARE = 1e-3  # of the process noise of a frame: what remains of it in a mean over a million frames
SAMPLE = 256  # frames
_MOST_STATES = 2**22  # integrated at once


@runtime_checkable
class Stepped(Protocol):
    """A system that an integrator advances in steps of delta_t / substeps."""

    @property
    def delta_t(self) -> float: ...
    @property
    def substeps(self) -> int: ...
    @property
    def integrator(self) -> Integrator: ...
    @property
    def noise(self) -> ProcessNoise: ...
    def drift(self, activity: Tensor, external: Tensor | None) -> Tensor: ...


@dataclass(frozen=True)
class IntegrationError:
    """By how much a frame changes when it is integrated in twice the steps, over sampled frames and units.

    rms, maximum, and visible, the smallest error that rounding and process noise do not hide from a fit, are relative
    to the rms change of a state per frame by the law alone.
    """

    rms: float
    maximum: float
    visible: float

    @property
    def wanted(self) -> float:
        """The largest rms of a recording that is integrated to convergence."""
        return max(LIMIT, self.visible)

    @property
    def is_small(self) -> bool:
        return self.rms <= self.wanted

    def sentence(self, integrator: str, substeps: int) -> str:
        """For the log."""
        steps = f"{integrator} in {substeps} step{'s' if substeps > 1 else ''} per frame"
        told = (
            f"Integrated by {steps}: twice as many would change what a frame adds by {self.rms:.1e} of itself (rms; at "
            f"most {self.maximum:.1e})."
        )
        if self.is_small:
            return told
        remedy = f"simulation.substeps={2 * substeps} or more"
        return (
            f"{told} That is more than {self.wanted:.0e}: the recording obeys the integrator as much as "
            f"the law. Set {remedy if integrator == 'rk4' else f'simulation.integrator=rk4, and {remedy}'}."
        )


def sampled(n_frames: int, n_units: int) -> Tensor:
    """Frames [frame] that stand for a recording, evenly spaced."""
    n = min(n_frames, SAMPLE, max(2, _MOST_STATES // n_units))
    return torch.linspace(0, n_frames - 1, n, dtype=torch.float64).round().long()


@torch.no_grad()
def integration_error(system: Stepped, states: Tensor, external: Tensor | None) -> IntegrationError:
    """Of single frames: true states [frame, unit] in the precision of the recording, and the input of each [frame,
    column] or None.

    Computed in float64, which tells the error of the method from that of rounding.
    """
    u, held = states.double(), None if external is None else external.double()[None]
    field = in_place(system.drift)

    def after(substeps: int) -> Tensor:
        return integrate(field, system.integrator, u, 1, system.delta_t, substeps, held, None)[1]

    fine = after(2 * system.substeps)
    change = _rms(fine - u).clamp_min(torch.finfo(torch.float64).tiny)
    error = (after(system.substeps) - fine) / change
    rounding = ROUNDINGS * torch.finfo(states.dtype).eps * float(_rms(u))
    noise = system.noise.standard_deviation(system.delta_t, system.substeps)
    kick = noise * system.noise.draws_per_frame(system.substeps) ** 0.5
    visible = max(rounding, NOISE_SHARE * kick) / float(change)
    return IntegrationError(float(_rms(error)), float(error.abs().max()), visible)


def _rms(values: Tensor) -> Tensor:
    return values.square().mean().sqrt()
