"""What a method of estimation is."""

from collections.abc import Callable
from typing import Protocol

from torch import Tensor

from hydra_llm.data.windows import Frames
from hydra_llm.estimation.recorded import Recorded

Field = Callable[[Tensor, Tensor | None], Tensor]  # du/dt [batch, unit] at states [batch, unit] under an input


class Method(Protocol):
    """A way to read equations off a recording.

    n_refinements: how often it pays to look at the recording again with a fitted network; 0: never.
    """

    @property
    def name(self) -> str: ...

    @property
    def n_refinements(self) -> int: ...

    def frames(self, recorded: Recorded) -> Frames:
        """States and estimates of du/dt before any network is known."""
        ...

    def refine(self, recorded: Recorded, field: Field) -> Frames:
        """The same, given the present estimate of the law. Depends on the two arguments alone."""
        ...
