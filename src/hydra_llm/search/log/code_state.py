"""What is known of the revisions of a file of code, as a fold over their events."""

from __future__ import annotations

from dataclasses import dataclass, field

from hydra_llm.search.log.events import CodeGivenUp, CodeRefusal, CodeReview, CodeRevision


@dataclass
class CodeState:
    """`forbidden` maps the digest of a syntax tree, and `given_up` the name of a revision, to the reason."""

    revisions: dict[str, CodeRevision] = field(default_factory=dict)
    given_up: dict[str, str] = field(default_factory=dict)
    forbidden: dict[str, str] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)  # for a person
    accepted: list[str] = field(default_factory=list)  # by a person; to be run
    ideas: int = 0  # asked for, refused ones included; repairs are none
    asked_at: int | None = None  # number of the next trial when the latest of them was asked for

    def take(self, event: CodeRevision | CodeReview | CodeRefusal | CodeGivenUp) -> None:
        if isinstance(event, CodeRevision):
            self.revisions[event.name] = event
            self._count(event)
            if event.waits:
                self.waiting.append(event.name)
        elif isinstance(event, CodeRefusal):
            self._count(event)
            self.forbidden |= {digest: _first(event.reasons) for digest in event.digests}
        elif isinstance(event, CodeReview):
            self.waiting.remove(event.name)
            if event.accepted:
                self.accepted.append(event.name)
            else:
                self._give_up((event.name,), event.reason or "a person refused it")
        else:
            self._give_up(event.names, event.reason)

    def chain(self, name: str) -> tuple[str, ...]:
        """The idea behind a revision and its repairs, in order, up to this one."""
        found = [name]
        while before := self.revisions[found[0]].repairs:
            found.insert(0, before)
        return tuple(found)

    def origin(self, name: str) -> str:
        """What the idea behind a revision was made of; its repairs are passed over."""
        return self.revisions[self.chain(name)[0]].made_of

    def is_repaired(self, name: str) -> bool:
        return any(revision.repairs == name for revision in self.revisions.values())

    def of_digest(self, digest: str) -> CodeRevision | None:
        return next((revision for revision in self.revisions.values() if revision.digest == digest), None)

    def _count(self, event: CodeRevision | CodeRefusal) -> None:
        if not event.repairs:
            self.ideas += 1
            self.asked_at = event.number

    def _give_up(self, names: tuple[str, ...], reason: str) -> None:
        for name in names:
            self.given_up[name] = reason
            self.forbidden[self.revisions[name].digest] = reason


def _first(reasons: tuple[str, ...]) -> str:
    return reasons[-1] if reasons else "no answer passed the checks"
