"""The weak (integral) form of the law: no derivative of the recording is taken.

Against a test function psi that vanishes at both ends, integration by parts gives

    -integral psi' u dt = integral psi f(u, I) dt

(Messenger & Bortz 2021, Multiscale Modeling & Simulation 19, 1474). psi is the bump (1 - x^2)^p around every frame;
its derivatives vanish at the ends, so the trapezoidal rule has an error far below any power of delta_t. With an
estimate f of the law, the filtered equation is brought to the form of the others, a target for f itself:

    target = -<psi', u> + f(u, I) - <psi, f(u, I)>
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from hydra_llm.data.windows import Frames
from hydra_llm.estimation.method import Field
from hydra_llm.estimation.recorded import Recorded
from hydra_llm.estimation.smoothing import Smoothed

_POWER = 4  # p of the bump


@dataclass(frozen=True)
class Weak:
    """half_width: frames from the centre of a test function to its end; None: the width of the smoothing that
    cross-validation chooses, at least 4. States are the smoothed ones.
    """

    half_width: int | None = None
    name: str = "the weak form"
    n_refinements: int = 4

    def frames(self, recorded: Recorded) -> Frames:
        return self._frames(recorded, None)

    def refine(self, recorded: Recorded, field: Field) -> Frames:
        return self._frames(recorded, field)

    def _frames(self, recorded: Recorded, field: Field | None) -> Frames:
        x, strength = Smoothed().path(recorded)
        width = self.half_width or max(4, round(3 * float(strength.median()) ** (1 / 6)))
        frame = recorded.interior(width, width)
        if not len(frame):
            raise ValueError(
                f"The weak form with test functions of {2 * width + 1} frames needs as many without a jump, and no "
                "stretch of this recording is that long. Record longer, or choose another training.target."
            )
        psi, slope = bump(width, recorded.delta_t)
        target = _filtered(recorded.activity, -slope, frame)
        if field is not None:
            with torch.no_grad():
                f = field(x, recorded.external)
            correction = f[frame] - _filtered(f, psi, frame)
            target = target + torch.where(correction.isfinite(), correction, 0)
        return recorded.frames(frame, x[frame], target)


def bump(half_width: int, delta_t: float) -> tuple[Tensor, Tensor]:
    """psi and its derivative by time, at frames -half_width to half_width [frame]; psi sums to 1."""
    x = torch.arange(-half_width, half_width + 1, dtype=torch.float64) / half_width
    psi = (1 - x**2) ** _POWER
    slope = -2 * _POWER * x * (1 - x**2) ** (_POWER - 1) / (half_width * delta_t)
    return psi / psi.sum(), slope / psi.sum()


def _filtered(values: Tensor, kernel: Tensor, frame: Tensor) -> Tensor:
    """sum_q kernel_q values[frame + q] [len(frame), unit]."""
    half_width = len(kernel) // 2
    total = torch.zeros_like(values[frame])
    for q, weight in enumerate(kernel.tolist(), start=-half_width):
        total.add_(values[frame + q], alpha=weight)
    return total
