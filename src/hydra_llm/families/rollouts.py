"""Trajectories of a law from a recorded state, in the steps in which the recording was made, without noise."""

from collections.abc import Mapping, Sequence
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


def roll_out_together(
    law: Field,
    starts: Sequence[Tensor],
    n_frames: Sequence[int],
    externals: Sequence[Tensor | None],
    meta: Mapping[str, Any],
    delta_t: float,
    floor: float | None = None,
) -> list[Tensor]:
    """Trajectories [frame, unit] from each start [1, unit] on, as one batch: a step of a small network costs the same
    for two states as for one. externals: [frame, column] of each, or None for all.
    """
    longest = max(n_frames)
    given = [_lasting(held, longest) for held in externals if held is not None]
    external = torch.stack(given, dim=1) if given else None
    found = roll_out(law, torch.cat(list(starts)), longest, external, meta, delta_t, floor)
    return [found[:length, row] for row, length in enumerate(n_frames)]


def _lasting(external: Tensor, n_frames: int) -> Tensor:
    """An input [frame, column] that stays at its last value up to n_frames."""
    return torch.cat([external, external[-1:].expand(n_frames - len(external), -1)])
