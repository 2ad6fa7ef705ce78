"""A recording through the filter of a law, some sequences at a time: what a round of prediction errors fits."""

from collections.abc import Iterator

import torch
from torch import Tensor

from hydra_llm.data.windows import FrameParts, Frames
from hydra_llm.families.flyvis.fitting.frame_map import FrameMap
from hydra_llm.families.flyvis.fitting.innovations import (
    SETTLING,
    ErrorMoments,
    Sequences,
    corrected,
    filtered,
    n_frames_of,
)
from hydra_llm.families.flyvis.model.gnn import FlyvisGNN


class CorrectedFrames:
    """Filtered states with corrected targets. A recording of one group is filtered once, a longer one whenever its
    frames are asked for, since memory would not hold what came of it.
    """

    def __init__(
        self,
        net: FlyvisGNN,
        law: FrameMap,
        frames: Frames,
        gain: Tensor,
        delta_t: float,
        every: int = 1,
        joint: Tensor | None = None,
    ) -> None:
        """frames: forward differences of the recording. gain [neuron]: K of the filter, of each neuron for its own
        error. every: of so many sequences one is used. joint: K [neuron, neuron] where errors correct other neurons
        too.
        """
        self._net, self._law, self._frames, self._gain, self._delta_t = net, law, frames, gain, delta_t
        self._every, self._joint = every, joint
        # a state that was measured with noise biases what is regressed on it
        self._settling = SETTLING if gain.lt(1).any() else 0
        self._moments: ErrorMoments | None = None
        self._kept: Frames | None = None

    @property
    def all(self) -> FrameParts:
        return FrameParts(n_frames_of(self._frames, self._every, self._settling), self._parts)

    @property
    def moments(self) -> ErrorMoments:
        """Of the errors of predicting each frame."""
        if self._moments is None:
            for _ in self._parts():
                pass
        assert self._moments is not None  # a recording has frames
        return self._moments

    def _parts(self) -> Iterator[Frames]:
        if self._kept is not None:
            yield self._kept
            return
        moments, part, n_parts = None, None, 0
        groups = Sequences.groups(self._net, self._frames, self._delta_t, self._every, self._settling)
        for sequences, frames in groups:
            with torch.no_grad():
                found = filtered(self._law, sequences, self._gain if self._joint is None else self._joint)
                part = corrected(self._law, sequences, found, self._gain, frames)
            moments = found.moments() if moments is None else moments + found.moments()
            n_parts += 1
            yield part
        self._moments, self._kept = moments, part if n_parts == 1 else None
