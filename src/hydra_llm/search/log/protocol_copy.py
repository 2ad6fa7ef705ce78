"""The sweep's own copy of its protocol: versions by block, the edits between them, and why.

The file that the protocol was read from is never written. An edit that a proposer makes at the end of a block is kept
and takes effect when the next block starts. If the file changes between two sessions, the new text is taken; edited
rules stay, unless the file's own rules changed too.
"""

from __future__ import annotations

import difflib

from hydra_llm.search.log.events.texts import ProtocolEdit
from hydra_llm.search.protocol_text import Protocol, ProtocolError


class ProtocolCopy:
    def __init__(self) -> None:
        self.source = ""  # as read from the file, latest
        self.text = ""
        self.versions: dict[int, str] = {}  # block -> text that it ran under, the latest if the file was replaced
        self.edits: dict[int, ProtocolEdit] = {}  # block at whose end it was made -> the latest one
        self._block = 0

    def take_source(self, text: str) -> None:
        """Another text was read from the file."""
        self.text = _carried(self.source, self.text, text)
        self.source = text
        if self._block:
            self.versions[self._block] = self.text

    def take_edit(self, edit: ProtocolEdit) -> None:
        self.edits[edit.block] = edit

    def start_block(self, block: int) -> None:
        self.text = self.after(block - 1) or self.text
        self.versions[block] = self.text
        self._block = block

    def after(self, block: int) -> str:
        """The text that the edit at the end of this block leads to; "" without one."""
        edit = self.edits.get(block)
        if edit is None or edit.rules is None:
            return ""
        try:
            return Protocol.parse(self.versions.get(block, self.text)).with_rules(edit.rules).text
        except ProtocolError:  # the file lost its markers since
            return ""

    def diff(self, block: int) -> str:
        """What the edit at the end of this block changed, as a unified diff; "" if nothing."""
        after = self.after(block)
        if not after:
            return ""
        before = self.versions.get(block, "")
        names = (f"block_{block:03d}.md", f"block_{block + 1:03d}.md")
        lines = difflib.unified_diff(before.splitlines(), after.splitlines(), *names, n=2, lineterm="")
        return "".join(f"{line}\n" for line in lines)

    def document(self, block: int) -> str:
        """`protocol/block_NNN.md`: the text of a block, then how it came about where an edit led to it; "" without a
        protocol.
        """
        text = self.versions.get(block) or self.after(block - 1)
        edit = self.edits.get(block - 1)
        if not text or edit is None:
            return text
        lines = [text.rstrip("\n"), "", "---", "", f"## Edit at the end of block {edit.block}", ""]
        lines += [f"By {edit.by}. " + (f"Reason: {edit.reason}" if edit.rules else f"No changes needed: {edit.reason}")]
        diff = self.diff(edit.block)
        if diff:
            lines += ["", "```diff", diff.rstrip("\n"), "```"]
        return "\n".join(lines) + "\n"


def _carried(old_source: str, edited: str, new_source: str) -> str:
    """The new text with the edited rules, where the file left the rules alone."""
    try:
        before, here, after = (Protocol.parse(text) for text in (old_source, edited, new_source))
    except ProtocolError:
        return new_source
    if before.rules != after.rules or here.rules == before.rules:
        return new_source
    return after.with_rules(here.rules).text
