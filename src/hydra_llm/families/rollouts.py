"""Trajectories of a law from a recorded state, in the steps in which the recording was made, without noise."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from hydra_llm.estimation.method import Field
from hydra_llm.systems.integrators import in_place, integrator
from hydra_llm.systems.trajectory import integrate


def roll_out(
    law: Field,
    start: Tensor,
    n_frames: int,
    external: Tensor | None,
    meta: Mapping[str, Any],
    delta_t: float,
    floor: float | None = None,
) -> Tensor:
    """States [frame, batch, unit] from start [batch, unit] on.

    external [frame, batch, column]: held over each frame. meta: of the truth, with integrator and substeps. floor: the
    lowest possible state.
    """
    field, method = in_place(law), integrator(meta["integrator"])
    with torch.inference_mode():
        return integrate(field, method, start, n_frames, delta_t, meta["substeps"], external, None, floor)[0]
