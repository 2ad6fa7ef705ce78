"""The activity of hidden neurons, by the law of their recorded counterparts.

A hidden neuron is wired as its counterparts in other columns are, so tau, V_rest and the weights between kinds of
neurons that regressions share among counterparts are its own too. With them its equation is integrated, driven by the
stimulus, by the recorded neurons and by the other hidden ones: the filter of innovations.py with a gain of zero. What
it sends then stands in the regressions of the recorded neurons, and the law that these find reconstructs it anew.
"""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from hydra_llm.data.observations import Observations
from hydra_llm.data.windows import Frames
from hydra_llm.families.flyvis.fitting.frame_map import FrameMap
from hydra_llm.families.flyvis.fitting.partial_eye import PartialEye
from hydra_llm.training.datamodule import RecordingDataModule


@dataclass(frozen=True)
class HiddenCells:
    """The frames of a partly recorded eye with room for the hidden neurons."""

    eye: PartialEye
    data: RecordingDataModule
    observations: Observations

    def frames(self, split: str) -> Frames:
        """Forward differences of the recorded neurons [frame, neuron of all]; zero for the hidden ones."""
        if split not in self._filled:
            own, recorded = self.data.frames(split), self.data.recorded(split)
            external = self.observations.whole_external(split)
            light = None if external is None else torch.from_numpy(external[recorded.interior(0, 1).numpy()])
            filled = Frames(self.eye.filled(own.activity), self.eye.filled(own.target), light, own.sequence_start)
            self._filled[split] = filled
        return self._filled[split]

    @cached_property
    def _filled(self) -> dict[str, Frames]:
        return {}

    def begun(self, split: str) -> Frames:
        """The frames with hidden states at the start of every sequence."""
        frames = self.frames(split)
        starts = frames.sequence_start
        starts = torch.zeros(1, dtype=torch.long) if starts is None else starts
        activity = frames.activity.clone()
        activity[starts] = begun(activity[starts], self.eye)
        return frames._replace(activity=activity)


def begun(start: Tensor, eye: PartialEye) -> Tensor:
    """start [sequence, neuron of all] with hidden neurons at the mean of their recorded counterparts; 0 without any."""
    one = torch.zeros(int(eye.alike.max()) + 1, dtype=start.dtype)
    seen = eye.alike[eye.neuron]
    count = one.index_add(0, seen, one.new_ones(len(seen))).clamp_min(1)
    total = one.expand(len(start), -1).index_add(1, seen, start[:, eye.neuron])
    return start.index_copy(1, eye.hidden, (total / count)[:, eye.alike[eye.hidden]])


def reconstructed(law: FrameMap, activity: Tensor, light: Tensor | None, starts: Tensor, eye: PartialEye) -> Tensor:
    """States [frame, neuron of all]: activity [frame, recorded neuron] as it is, hidden neurons by the law.

    light [frame, input]; starts [sequence]: frames at which a sequence begins. Sequences are integrated side by side.
    """
    states = eye.filled(activity)
    ends = torch.cat([starts[1:], starts.new_tensor([len(activity)])])
    longest = int((ends - starts).max())
    hidden = eye.hidden
    states[starts] = begun(states[starts], eye)
    for k in range(longest - 1):
        now = (starts + k)[starts + k + 1 < ends]
        held = law.spread(states[now], None if light is None else light[now])
        after = law.within(law(states[now].T, held.T)).T
        rows = now + 1
        states[rows[:, None], hidden] = after[:, hidden]
    return states
