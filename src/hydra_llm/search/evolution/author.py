"""Asks a language model for code, until an answer passes its checks: the new revision is committed and recorded."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hydra_llm.code.edits import EditError
from hydra_llm.code.errors import CodeError
from hydra_llm.code.examination import examine
from hydra_llm.code.identity import tree_digest
from hydra_llm.code.trial_run import RunLimits
from hydra_llm.code.workspace import Reason, Workspace
from hydra_llm.llm.base import Answer, Client, Message, Request
from hydra_llm.llm.errors import LlmError
from hydra_llm.search.context import Context
from hydra_llm.search.evolution import question
from hydra_llm.search.evolution.answer import CodeAnswer, read
from hydra_llm.search.evolution.calls import call_record
from hydra_llm.search.evolution.reviewer import Reviewer
from hydra_llm.search.evolution.settings import BASE, NAMES, CodeSettings
from hydra_llm.search.log.events import CodeGivenUp, CodeRefusal, CodeRevision, Question
from hydra_llm.search.log.state import SweepState
from hydra_llm.search.tree.tree import Node, Tree
from hydra_llm.search.trial.trial import Trial

log = logging.getLogger(__name__)

Record = Callable[..., None]  # writes events, and takes them into the state


@dataclass
class Author:
    """`reviewer` sees code that has passed its checks."""

    settings: CodeSettings
    workspace: Workspace
    client: Client
    reviewer: Reviewer
    clock: Callable[[], float]
    _sources: dict[str, str] = field(default_factory=dict)  # revision name -> PATH@REVISION

    def idea(self, state: SweepState, context: Context, record: Record) -> str | None:
        """The name of a revision with a new idea, or None."""
        first = self.workspace.text(self.workspace.first)
        starts = []
        for node in self._parents(context.tree):
            name = str(node.values.get(self.settings.key, BASE))
            starts.append(question.Start(state.trials[node.id], name, question.code_of(state.code, name, first)))
        request = question.for_idea(state, starts)
        texts = {start.trial.number: (start.name, start.text) for start in starts}
        return self._ask(state, context, record, request, texts, self.settings.max_repairs + 1)

    def _parents(self, tree: Tree) -> list[Node]:
        """What an idea may start from, the best first: the best node of every program before a second one of any, so
        that several programs are seen.
        """
        nodes = sorted((node for node in tree if node.mean is not None), key=lambda n: (-tree.reward(n), n.id))
        leaders: dict[Any, Node] = {}
        for node in nodes:
            leaders.setdefault(node.values.get(self.settings.key, BASE), node)
        own = list(leaders.values())
        chosen = [*own, *(node for node in nodes if node not in own)][: question.MOST_PARENTS]
        return [node for node in nodes if node in chosen]

    def mend(self, state: SweepState, trial: Trial, context: Context, record: Record) -> str | None:
        """The name of a revision that may mend the crash of a trial; None: it was given up, and rolled back."""
        name = str(trial.values[self.settings.key])
        revision = state.code.revisions[name]
        chain = state.code.chain(name)
        used = sum(state.code.revisions[link].attempts for link in chain) - 1
        left = self.settings.max_repairs - used
        error = f"{trial.error}\n{trial.error.traceback if trial.error else ''}"
        for known, source in self.sources(state).items():
            error = error.replace(source, f"revision {known}")
        mended = None
        if left > 0:
            before = revision.made_of if revision.made_of == BASE else state.code.revisions[revision.made_of].revision
            diff = self.workspace.diff(before, revision.revision)
            request = question.for_repair(state, trial, name, diff, error, left)
            mended = self._ask(state, context, record, request, {revision.parent: (name, revision.text)}, left, name)
        if mended is None:
            why = f"trial {trial.number} crashed in it ({trial.error}), and {used} repairs did not mend it"
            record(CodeGivenUp(self.clock(), chain, _short(why, self.sources(state)), context.next_number))
            self.workspace.checkout(trial.proposal.slot, BASE)
            log.warning("The code of revision %s is given up; it will not be tried again.", chain[0])
        return mended

    def _ask(
        self,
        state: SweepState,
        context: Context,
        record: Record,
        request: Request,
        starts: Mapping[int, tuple[str, str]],
        attempts: int,
        repairs: str = "",
    ) -> str | None:
        """Ask until an answer passes the checks, at most `attempts` times. Returns the name of the new revision."""
        block, number = context.block.index, context.next_number
        calls: list[Any] = []
        reasons: list[str] = []
        digests: list[str] = []
        made: CodeRevision | None = None
        for attempt in range(1, attempts + 1):
            try:
                answer = self.client.complete(request)
            except LlmError as error:
                reasons.append(f"The language model could not be asked: {error}")
                break
            calls.append(call_record(request, answer, self.client))
            given, wrong = _read(answer)
            if given is not None and given.gives_up:
                reasons.append("the model says that it cannot be mended (CANNOT_FIX)")
                break
            if given is not None:
                made, wrong, digest = self._checked(state, given, starts, context, repairs, attempt)
                digests += [digest] if digest else []
            if made is not None:
                break
            reasons += wrong
            log.info("The proposed code goes back to the model: %s", " ".join(wrong))
            request = _again(request, answer, wrong)
        failed = "" if made is not None else (reasons[-1] if reasons else "no answer")
        asked = Question(block, number, (), tuple(calls), tuple(reasons), failed)
        if made is None:
            record(asked, CodeRefusal(self.clock(), tuple(reasons), tuple(digests), block, number, repairs))
            return None
        record(asked, made)
        return made.name

    def _checked(
        self,
        state: SweepState,
        given: CodeAnswer,
        starts: Mapping[int, tuple[str, str]],
        context: Context,
        repairs: str,
        attempt: int,
    ) -> tuple[CodeRevision | None, list[str], str]:
        """The revision, or what is wrong; and the digest of code that parses."""
        if given.parent not in starts:
            return None, [f"parent must be one of {', '.join(map(str, starts))}, got {given.parent}."], ""
        made_of, start = starts[given.parent]
        try:
            text = given.text(start)
        except EditError as error:
            return None, [str(error)], ""
        limits = RunLimits(self.settings.test_seconds, self.settings.test_megabytes)
        problems = examine(text, "", limits)  # the rules alone: they are quick
        digest = "" if problems else tree_digest(text)
        test, prefix = self.settings.interface_test, self.settings.prefix
        problems = problems or self._novelty(state, digest) or examine(text, test, limits, prefix)
        if problems:
            return None, problems, digest
        name = NAMES[len(state.code.revisions)]
        by = self.client.model
        reason = Reason(given.hypothesis, given.rationale, given.parent, by)
        parent = BASE if made_of == BASE else state.code.revisions[made_of].revision
        try:
            revision = self.workspace.commit(context.slots[-1].index, parent, text, reason)
            self.workspace.name_revision(name, revision)
        except CodeError as error:
            return None, [str(error)], digest
        self.reviewer.show(self.workspace, name, parent, revision)
        hypothesis, rationale = " ".join(given.hypothesis.split()), " ".join(given.rationale.split())
        made = CodeRevision(
            self.clock(),
            *(name, revision, made_of, given.parent, text, digest, hypothesis, rationale, by),
            *(context.block.index, context.next_number, repairs, attempt, self.reviewer.waits),
        )
        return made, [], digest

    def _novelty(self, state: SweepState, digest: str) -> list[str]:
        if digest in state.code.forbidden:
            return [f"This code was tried and must not be retried: {state.code.forbidden[digest]}."]
        if digest == tree_digest(self.workspace.text(self.workspace.first)):
            return ["This is the code that the sweep started from, in other words. Change what it does."]
        known = state.code.of_digest(digest)
        return [] if known is None else [f"This code is revision {known.name} in other words. Propose another idea."]

    def sources(self, state: SweepState) -> dict[str, str]:
        """What a job reads each revision by: PATH@REVISION by name."""
        for name, revision in state.code.revisions.items():
            self._sources.setdefault(name, str(self.workspace.source(revision.revision)))
        return self._sources


def _read(answer: Answer) -> tuple[CodeAnswer | None, list[str]]:
    if answer.parsed is None:
        return None, [answer.json_error or "The answer is no JSON object."]
    return read(answer.parsed)


def _again(request: Request, answer: Answer, problems: Sequence[str]) -> Request:
    text = "This cannot be used as it is:\n" + "\n".join(f"- {problem}" for problem in problems) + "\nAnswer again."
    messages = (*request.messages[:2], Message("assistant", answer.text.strip() or "(empty)"), Message("user", text))
    return replace(request, messages=messages, sample=request.sample + 1)


def _short(text: str, sources: Mapping[str, str]) -> str:
    for name, source in sources.items():
        text = text.replace(source, f"revision {name}")
    return " ".join(text.split())[:400]
