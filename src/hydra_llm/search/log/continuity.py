"""Whether each event of a log can follow those before it: what one program writes always does."""

from __future__ import annotations

from functools import singledispatchmethod
from typing import Literal

from hydra_llm.search.log.events import Asked, BlockRecord, Event, Header, Launched, Lost, Told

Stage = Literal["waiting", "running", "told"]


class Continuity:
    """A reader of a log, event by event. `fault` takes the next one and says what does not fit, "" if it fits."""

    def __init__(self) -> None:
        self._begun = False
        self._blocks: set[int] = set()
        self._stages: dict[int, Stage] = {}

    @singledispatchmethod
    def fault(self, event: Event) -> str:
        return ""

    @fault.register
    def _(self, event: Header) -> str:
        if self._begun:
            return "a second sweep begins"
        self._begun = True
        return ""

    @fault.register
    def _(self, event: BlockRecord) -> str:
        if event.index in self._blocks:
            return f"block {event.index} was opened before"
        self._blocks.add(event.index)
        return ""

    @fault.register
    def _(self, event: Asked) -> str:
        if event.block not in self._blocks:
            return f"block {event.block} was never opened"
        for trial in event.trials:
            parent = trial.proposal.parent
            if trial.number in self._stages:
                return f"trial {trial.number} was asked for before"
            if parent is not None and parent not in self._stages:
                return f"the parent of trial {trial.number}, trial {parent}, was never asked for"
            self._stages[trial.number] = "waiting"
        return ""

    @fault.register
    def _(self, event: Launched) -> str:
        for number in event.numbers:
            if fault := self._moved(number, ("waiting",), "running"):
                return f"{fault} when it is launched"
        return ""

    @fault.register
    def _(self, event: Lost) -> str:
        fault = self._moved(event.number, ("running",), "waiting")
        return fault and f"{fault} when it is lost"

    @fault.register
    def _(self, event: Told) -> str:
        fault = self._moved(event.number, ("waiting", "running"), "told")
        return fault and f"{fault} when it is told"

    def _moved(self, number: int, before: tuple[Stage, ...], after: Stage) -> str:
        stage = self._stages.get(number)
        if stage is None:
            return f"trial {number} was never asked for"
        if stage not in before:
            state = {"waiting": "not running", "running": "running already", "told": "told already"}[stage]
            return f"trial {number} is {state}"
        self._stages[number] = after
        return ""
