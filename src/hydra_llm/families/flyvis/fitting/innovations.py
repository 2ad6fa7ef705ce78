"""What a recording says of a law beyond differences: the errors of predicting each frame from all frames before it.

    x_(k+1|k) = Phi(x_(k|k), I_k),   e_(k+1) = y_(k+1) - x_(k+1|k),   x_(k+1|k+1) = x_(k+1|k) + K e_(k+1)

with y recorded, Phi the flow of the present law over a frame and K one gain per neuron, or a matrix (joint_filter).
Without measurement noise K = 1 and x = y. A law is right where its prediction errors are uncorrelated with everything
before them, so targets f(x) + e / dt at the filtered states x ask for no change there, however coarse the frames are
and whatever noise drives the neurons: neither the step size, nor noise that enters states and differences alike,
biases what is fitted to them. Ljung, System Identification (1999), ch. 3, 7, 10.6 (prediction errors, pseudolinear
regression).

K needs no noise level: it is right where successive errors are uncorrelated, and then (1 - K) var(e) is the variance
of the measurement noise.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from hydra_llm.data.windows import Frames
from hydra_llm.families.flyvis.fitting.frame_map import FrameMap
from hydra_llm.families.flyvis.model.gnn import FlyvisGNN

LEAST_GAIN = 0.02
TRUSTED = 0.05  # mean distance of the gains from 1 that is none: measurement noise of 22 % of the prediction errors
LEAST_MEMORY = 0.2  # of a neuron over a frame, in a step of its gain: fast ones hardly show what their gain is
SETTLING = 10  # frames of a sequence until its filter, which begins at a measurement, has forgotten the error of that
SIDE_BY_SIDE = 2**25  # states of the sequences that are filtered side by side


@dataclass(frozen=True)
class Sequences:
    """The sequences of a recording side by side: recorded and external [frame, neuron, sequence], present [frame,
    sequence] (false where a sequence is over, or its filter has not settled), delta_t in seconds."""

    recorded: Tensor
    external: Tensor
    present: Tensor
    delta_t: float

    @classmethod
    def of(cls, net: FlyvisGNN, frames: Frames, delta_t: float) -> "Sequences":
        """From frames whose targets are forward differences, so that the state after each is known."""
        starts = frames.sequence_start
        starts = frames.activity.new_zeros(1, dtype=torch.long) if starts is None else starts
        lengths = torch.diff(starts, append=starts.new_tensor([frames.n_frames])).tolist()
        held = net.spread_input(frames.activity, frames.external)
        longest, n = max(lengths), frames.activity.shape[1]
        recorded = frames.activity.new_zeros((longest + 1, n, len(lengths)))
        external, present = (
            recorded.new_zeros((longest, n, len(lengths))),
            torch.zeros((longest, len(lengths)), dtype=torch.bool),
        )
        for s, (start, length) in enumerate(zip(starts.tolist(), lengths, strict=True)):
            rows = slice(start, start + length)
            recorded[:length, :, s], external[:length, :, s] = frames.activity[rows], held[rows]
            last = start + length - 1
            recorded[length, :, s] = frames.activity[last] + delta_t * frames.target[last]
            present[:length, s] = True
        return cls(recorded, external, present.to(recorded.device), delta_t)

    @classmethod
    def groups(
        cls, net: FlyvisGNN, frames: Frames, delta_t: float, every: int = 1, settling: int = 0
    ) -> Iterator[tuple["Sequences", Frames]]:
        """Every `every`-th sequence in their order with its frames, as many side by side as memory holds well.

        settling: frames at the start of a sequence that are filtered and left out of all results, at most a quarter of
        the sequence.
        """
        for index, starts in _neighbouring(frames, every):
            own = frames.at(index)._replace(sequence_start=starts)
            sequences = cls.of(net, own, delta_t)
            yield sequences._settled(own, settling) if settling else (sequences, own)

    def _settled(self, frames: Frames, settling: int) -> tuple["Sequences", Frames]:
        lengths = self.present.sum(0)
        left_out = _left_out(lengths, settling)
        place = torch.arange(len(self.present), device=lengths.device)[:, None]
        present = self.present & (place >= left_out)
        kept = lengths - left_out
        own = frames.at(present.T[self.present.T])._replace(sequence_start=kept.cumsum(0) - kept)
        return replace(self, present=present), own

    def in_order(self, values: Tensor) -> Tensor:
        """values [frame, neuron, sequence] as the frames [frame, neuron] they came from."""
        return values.permute(2, 0, 1)[self.present.T]


@dataclass(frozen=True)
class Filtered:
    """State given all frames up to it, and the error of predicting the next: [frame, neuron, sequence]."""

    state: Tensor
    error: Tensor
    present: Tensor

    def moments(self) -> "ErrorMoments":
        both = (self.present[1:] & self.present[:-1])[:, None]
        return ErrorMoments(
            cross=(self.error[1:] * self.error[:-1] * both).sum((0, 2)),
            n_pairs=both.sum(),
            squares=(self.error.square() * self.present[:, None]).sum((0, 2)),
            n_frames=self.present.sum(),
        )


@dataclass(frozen=True)
class ErrorMoments:
    """Sums over prediction errors: products of successive ones and squares [neuron], and how many were summed."""

    cross: Tensor
    n_pairs: Tensor
    squares: Tensor
    n_frames: Tensor

    def __add__(self, other: "ErrorMoments") -> "ErrorMoments":
        return ErrorMoments(
            self.cross + other.cross,
            self.n_pairs + other.n_pairs,
            self.squares + other.squares,
            self.n_frames + other.n_frames,
        )

    def correlation(self) -> Tensor:
        """Of successive errors [neuron]."""
        return self.cross / self.n_pairs / self.variance().clamp_min(1e-30)

    def variance(self) -> Tensor:
        """Mean square error [neuron]."""
        return self.squares / self.n_frames


def reach(frames: Frames, delta_t: float) -> tuple[float, float]:
    """Lowest and highest voltage of a recording, from frames whose targets are forward differences."""
    last = [rows.stop - 1 for rows in _stretches(frames)]
    after = frames.activity[last] + delta_t * frames.target[last]
    low, high = (torch.stack(parts) for parts in zip(frames.activity.aminmax(), after.aminmax(), strict=True))
    return float(low.min()), float(high.max())


def _stretches(frames: Frames) -> list[slice]:
    """The frames of each sequence."""
    starts = [0] if frames.sequence_start is None else frames.sequence_start.tolist()
    return [slice(start, stop) for start, stop in zip(starts, [*starts[1:], frames.n_frames], strict=True)]


def n_frames_of(frames: Frames, every: int, settling: int = 0) -> int:
    """How many frames every `every`-th sequence has, without those that `settling` leaves out."""
    lengths = torch.tensor([own.stop - own.start for own in _stretches(frames)[::every]])
    return int((lengths - _left_out(lengths, settling)).sum())


def _left_out(lengths: Tensor, settling: int) -> Tensor:
    """Frames at the start of sequences of these lengths."""
    return (lengths // 4).clamp_max(settling)


def _neighbouring(frames: Frames, every: int) -> Iterator[tuple[slice | Tensor, Tensor]]:
    """Sequences that are filtered together: their frames, and where each begins among these."""
    stretches = _stretches(frames)[::every]
    longest = max(own.stop - own.start for own in stretches)
    most = max(1, SIDE_BY_SIDE // (longest * frames.activity.shape[1]))
    for k in range(0, len(stretches), most):
        own = stretches[k : k + most]
        lengths = torch.tensor([part.stop - part.start for part in own])
        starts = (lengths.cumsum(0) - lengths).to(frames.activity.device)
        # a slice of a recording on disk is a view of it, an index a copy
        index = slice(own[0].start, own[-1].stop) if every == 1 else _indices(own).to(frames.activity.device)
        yield index, starts


def _indices(stretches: list[slice]) -> Tensor:
    return torch.cat([torch.arange(own.start, own.stop) for own in stretches])


def filtered(law: FrameMap, sequences: Sequences, gain: Tensor) -> Filtered:
    """Run the filter from the first recorded state of every sequence. gain: K [neuron], or [neuron, neuron]."""
    y = sequences.recorded
    states, errors = torch.empty_like(y[:-1]), torch.empty_like(y[:-1])
    x = y[0]
    for k in range(len(states)):
        states[k] = x
        predicted = law.within(law(x, sequences.external[k]))
        errors[k] = y[k + 1] - predicted
        x = predicted + (gain[:, None] * errors[k] if gain.ndim == 1 else gain @ errors[k])
    return Filtered(states, errors, sequences.present)


def better_gain(law: FrameMap, found: ErrorMoments, gain: Tensor, delta_t: float) -> Tensor:
    """Towards uncorrelated errors: e_(k+1) holds -exp(-rate dt) e_k per unit of gain.

    1 for all where neurons together show no measurement noise: single gains are told to a few per cent, none is above
    1, and so gains of a recording without such noise would be below it on average, and time constants too long.
    """
    memory = torch.exp(-law.rate[:, 0] * delta_t).clamp_min(LEAST_MEMORY)
    better = gain + found.correlation() / memory
    weight = memory.square()  # the precision of a gain
    if float((weight * (1 - better)).sum() / weight.sum()) < TRUSTED:
        return torch.ones_like(better)
    return better.clamp(LEAST_GAIN, 1)


def corrected(law: FrameMap, sequences: Sequences, found: Filtered, gain: Tensor, frames: Frames) -> Frames:
    """The frames with states within them and targets f(x) + weight e / dt. gain [neuron]: of each neuron for its own
    error.

    x is a mean over the frame (FrameMap.place) of states on the line from the filtered one to the predicted one, with
    the weight exp(-rate (dt - s)) that an input at s has in the state at the frame's end. To first order f at x is what
    the parameters add to the prediction, so a regression is a Gauss-Newton step of the prediction errors, and has their
    standard errors. Both ends of the line come from the past, so nothing is biased.

    weight: what a change of f, held over a frame, does to the error, divided out; it speeds up the rounds and moves no
    solution. The slower a neuron and the smaller its gain, the longer a change lasts in the filtered state.
    """
    dt, rate = sequences.delta_t, law.rate
    kept = torch.exp(-rate * dt)
    weight = rate * dt / (1 - kept) * (1 - (1 - gain[:, None]) * kept)
    predicted = sequences.recorded[1:] - found.error
    states = found.state + law.place() * (predicted - found.state)
    slope = torch.stack([law.slope(x, held) for x, held in zip(states, sequences.external, strict=True)])
    target = slope + weight * found.error / dt
    return Frames(sequences.in_order(states), sequences.in_order(target), frames.external, frames.sequence_start)
