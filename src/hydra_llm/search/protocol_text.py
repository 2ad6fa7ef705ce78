"""The protocol text and its editable part: what stands between the two marker lines, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

BEGIN = "<!-- editable rules: begin -->"
END = "<!-- editable rules: end -->"
MAX_RULES_CHARS = 6_000


class ProtocolError(ValueError):
    """An edit that is not allowed; the message is a sentence for the model."""


@dataclass(frozen=True)
class Protocol:
    """A protocol in three parts; `before` and `after` hold the marker lines."""

    before: str
    rules: str
    after: str

    @classmethod
    def parse(cls, text: str) -> Protocol:
        """Raises ProtocolError if the two markers are not there once each, in order, on lines of their own."""
        lines = text.splitlines(keepends=True)
        begins = [number for number, line in enumerate(lines) if line.strip() == BEGIN]
        ends = [number for number, line in enumerate(lines) if line.strip() == END]
        if len(begins) != 1 or len(ends) != 1 or begins[0] > ends[0] or text.count(BEGIN) + text.count(END) != 2:
            raise ProtocolError(f"A protocol needs the line {BEGIN} once and after it the line {END} once.")
        first, last = begins[0], ends[0]
        return cls("".join(lines[: first + 1]), "".join(lines[first + 1 : last]), "".join(lines[last:]))

    @property
    def text(self) -> str:
        return self.before + self.rules + self.after

    def with_rules(self, rules: str) -> Protocol:
        """The protocol with other rules between the markers. Raises ProtocolError, with a sentence, if they may not
        be.
        """
        problem = rules_problem(rules)
        if problem:
            raise ProtocolError(problem)
        return Protocol(self.before, rules.strip("\n") + "\n", self.after)


def rules_problem(rules: str) -> str | None:
    """Why this text may not stand between the markers, or None."""
    if BEGIN in rules or END in rules:
        return "The edited rules contain a marker line. Send only the text between the markers."
    if not rules.strip():
        return "The edited rules are empty. Send the whole text between the markers, or null for no change."
    if len(rules) > MAX_RULES_CHARS:
        return (
            f"The edited rules have {len(rules)} characters; at most {MAX_RULES_CHARS} are kept. Remove what is unused."
        )
    if any(not character.isprintable() and character not in "\n\t" for character in rules):
        return "The edited rules contain control characters. Send plain text."
    return None
