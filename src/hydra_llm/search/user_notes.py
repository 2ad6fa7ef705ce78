"""What a person wrote to a running sweep, taken into its log."""

from __future__ import annotations

from collections.abc import Callable

from hydra_llm.search.log.events import Event, UserNote
from hydra_llm.search.log.inbox import Inbox
from hydra_llm.search.log.state import SweepState

LABEL = "before trial {}"


def take_notes(inbox: Inbox, state: SweepState, number: int, record: Callable[[Event], None]) -> None:
    """Record what waits in the inbox, then acknowledge it there. `number` is that of the next trial."""
    text = inbox.pending()
    if not text:
        return
    last = state.user_notes[-1] if state.user_notes else None
    if last is None or last.text != text or LABEL.format(last.number) in inbox.acknowledged():
        record(UserNote(text, number, len(state.blocks)))
    else:
        number = last.number  # recorded, and the program ended before it was acknowledged
    inbox.acknowledge(text, LABEL.format(number))
