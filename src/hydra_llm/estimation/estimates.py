"""The splits of a dataset as equations: what a fit is given, and what an oracle is compared on."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import torch

from hydra_llm.choice import check_choice
from hydra_llm.data.observations import Observations
from hydra_llm.data.oracle import Oracle
from hydra_llm.data.scratch import on_disk
from hydra_llm.data.windows import Frames
from hydra_llm.estimation.choose import Choice, choose
from hydra_llm.estimation.flow import Flow
from hydra_llm.estimation.method import Field, Method
from hydra_llm.estimation.recorded import Recorded
from hydra_llm.schema.target import TARGETS, TargetKeys

ORACLE_DERIVATIVE = "oracle derivative"  # as every result calls it
ORACLE_SENTENCE = "The target is the oracle derivative: the simulator's own du/dt, which no experimenter has."


class Estimates:
    """Opens <dataset>/observations, under target=drift <dataset>/oracle too, and nothing else.

    The method is chosen once, on the training trajectory, and serves all splits. filters: as in choose().
    """

    def __init__(self, dataset: Path, keys: TargetKeys, *, filters: bool = False) -> None:
        check_choice("target", keys.target, TARGETS)
        self.observations = Observations.open(dataset)
        self._keys, self._filters = keys, filters
        self._oracle = Oracle.open(dataset) if keys.target == "drift" else None
        self._kept_back = 0.0

    @property
    def delta_t(self) -> float:
        return float(self.observations.meta["delta_t"])

    @cached_property
    def choice(self) -> Choice | None:
        """The method with the reason for it; None: the oracle derivative, which needs none."""
        return None if self._oracle is not None else choose(self._keys, self.recorded("train"), filters=self._filters)

    @property
    def sentence(self) -> str:
        """What the target is, and why."""
        return ORACLE_SENTENCE if self.choice is None else self.choice.sentence

    @property
    def words(self) -> str:
        """The target in a few words, for every number that comes of it."""
        return ORACLE_DERIVATIVE if self.choice is None else f"recording by {self.choice.method.name}"

    @property
    def n_refinements(self) -> int:
        """How often it pays to estimate again with a fitted network."""
        return 0 if self.choice is None else self.choice.method.n_refinements

    @contextmanager
    def kept_back(self, share: float) -> Iterator[None]:
        """Meanwhile the last `share` of the training trajectory stands in for the validation one."""
        self._kept_back = share
        try:
            yield
        finally:
            self._kept_back = 0.0

    def recorded(self, split: str) -> Recorded:
        """One trajectory, in memory as far as it is not large."""
        source, own = self._part(split)
        return self._whole(source).part(own)

    def _part(self, split: str) -> tuple[str, slice]:
        """The stored split that a split is taken from, and its frames there."""
        if not self._kept_back or split == "test":
            return split, slice(None)
        n_frames = len(self.observations.split("train").activity)
        cut = round((1 - self._kept_back) * n_frames)
        return "train", slice(cut, n_frames) if split == "validation" else slice(0, cut)

    def _whole(self, split: str) -> Recorded:
        stored, starts = self.observations.split(split), f"sequence_start_{split}"
        return Recorded(
            on_disk(stored.activity),
            None if stored.external is None else on_disk(stored.external),
            self.delta_t,
            self.observations.structure(starts) if starts in self.observations.meta["structure"] else None,
            scratch=self.observations.path.parent,
        )

    def frames(self, split: str, field: Field | None = None, n_frames: int | None = None) -> Frames:
        """States and targets of train, validation or test; field: the present estimate of the law, None: none yet.

        n_frames: at most so many of them, evenly spaced; None: all.
        """
        recorded = self.recorded(split)
        if self._oracle is not None:
            source, own = self._part(split)
            drift = on_disk(self._oracle.drift(source))[own]
            return Frames(recorded.activity, drift, recorded.external, recorded.sequence_start).spread(n_frames)
        assert self.choice is not None  # without an oracle there is one
        if field is None:
            return self.choice.method.frames(recorded).spread(n_frames)
        return self._refined(self.choice.method, recorded, field, n_frames)

    def frames_of(self, recorded: Recorded, law: Field, n_frames: int | None = None) -> Frames:
        """The same equations of another set of states, such as those of all units where some are hidden, refined by a
        law of these states. n_frames: as in frames.
        """
        if self.choice is None:
            every = torch.arange(recorded.n_frames)
            drift = law(recorded.activity, recorded.external).to(recorded.activity)
            return recorded.frames(every, recorded.activity, drift).spread(n_frames)
        return self._refined(self.choice.method, recorded, law, n_frames)

    def _refined(self, method: Method, recorded: Recorded, law: Field, n_frames: int | None) -> Frames:
        if isinstance(method, Flow):  # frame by frame, so that no other frame needs the law
            return method.refined(method.frames(recorded).spread(n_frames), law, self.delta_t)
        return method.refine(recorded, law).spread(n_frames)
