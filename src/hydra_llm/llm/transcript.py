"""Transcripts: each question and its answer in a file whose name is the hash of the question and the model.

* `live`: ask; keep nothing.
* `record`: ask what was never asked, and store it; a question already on file is answered from there, so that a resumed
  sweep decides as it did before.
* `replay`: answer from the files only. No key, no network; a question that is not on file is an error.

A file holds the request (figures by digest; their bytes lie once each in `figures/`), the answer and the model. Keys
are not part of a request, so none can get in. A question that failed is kept with its error: a replay fails as the
recorded sweep did; `record` asks it again, and an answer takes the error's place.
"""

import json
import logging
from pathlib import Path
from typing import Any, Literal

from hydra_llm.atomic_write import replacing
from hydra_llm.choice import check_choice
from hydra_llm.llm.base import Answer, Client, OnText, Request
from hydra_llm.llm.errors import KINDS, LlmError, TranscriptMissing, Unavailable
from hydra_llm.llm.tokens import IMAGE_TOKENS, estimate_tokens
from hydra_llm.llm.usage import RecordedCall, usage_of

log = logging.getLogger(__name__)

Mode = Literal["live", "record", "replay"]
MODES: tuple[Mode, ...] = ("live", "record", "replay")
SCHEMA_VERSION = 2
FIGURES = "figures"
_NAME_CHARS = 32  # of the 64 of a sha256: 128 bits


class Transcript:
    """A folder of recorded answers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, digest: str) -> Path:
        return self.folder / f"{digest[:_NAME_CHARS]}.json"

    def find(self, digest: str) -> Answer | None:
        """The recorded answer, or None."""
        record = self.read(digest)
        if record is None or record["answer"] is None:
            return None
        return Answer.from_record(record["answer"], replayed=True)

    def failure(self, digest: str) -> LlmError | None:
        """The error that a recorded question ended with, or None."""
        record = self.read(digest)
        if record is None or record["answer"] is not None:
            return None
        error = record["error"]
        return KINDS.get(error["type"], Unavailable)(error["message"])

    def read(self, digest: str) -> dict[str, Any] | None:
        """The whole record of one question: `model` (as asked), `request`, `answer` or `error`."""
        record = self._load(self.path(digest))
        return None if record is None or record["digest"] != digest else record

    def _load(self, path: Path) -> dict[str, Any] | None:
        """One file; one that cannot be used counts as absent and is named in the log."""
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            if record["schema_version"] != SCHEMA_VERSION:
                raise ValueError(f"schema version {record['schema_version']}, expected {SCHEMA_VERSION}")
            if record["answer"] is None:
                str(record["error"]["message"])
            else:
                Answer.from_record(record["answer"])
            return record
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("The transcript %s cannot be used (%s).", path, error)
            return None

    def usages(self) -> list[RecordedCall]:
        """What every answer on file used, in the order of the file names."""
        paths = sorted(self.folder.glob("*.json")) if self.folder.is_dir() else []
        found = (self._load(path) for path in paths)
        return [
            (record["digest"], *usage_of(Answer.from_record(record["answer"]), _prompt_tokens(record["request"])))
            for record in found
            if record is not None and record["answer"] is not None
        ]

    def store(self, digest: str, model: str, request: Request, answer: Answer | LlmError) -> Path:
        """Write one file, complete or not at all, and the figures that it names."""
        failed = isinstance(answer, LlmError)
        record: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            "digest": digest,
            "model": model,
            "request": request.record(),
            "answer": None if failed else answer.record(),
            "error": {"type": type(answer).__name__, "message": str(answer)} if failed else None,
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        for message in request.messages:
            for image in message.images:
                path = self.figure(image.digest)
                if not path.exists():
                    path.parent.mkdir(exist_ok=True)
                    with replacing(path, durable=True) as aside:
                        aside.write_bytes(image.data)
        path = self.path(digest)
        with replacing(path, durable=True) as aside:
            aside.write_text(json.dumps(record, indent=1), encoding="utf-8")
        return path

    def figure(self, sha256: str) -> Path:
        """Where the bytes of a figure are kept."""
        return self.folder / FIGURES / sha256

    def __len__(self) -> int:
        return sum(1 for _ in self.folder.glob("*.json")) if self.folder.is_dir() else 0


class TranscribingClient(Client):
    """Puts a transcript between the search and a client.

    `inner` may be None in replay, where it is never asked; `model` must then be the name under which the answers were
    recorded. `afresh` asks even what is on file, and stores the new answer; in replay it means nothing.
    """

    def __init__(
        self,
        inner: Client | None,
        transcript: Transcript,
        mode: Mode,
        model: str | None = None,
        afresh: bool = False,
    ) -> None:
        check_choice("llm.transcript", mode, MODES)
        name = model or (inner.model if inner is not None else "")
        if inner is None and mode != "replay":
            raise ValueError(f"llm.transcript={mode} needs a client to ask. Only replay does without.")
        if not name:
            raise ValueError("A replay needs the name of the model whose answers were recorded. Give model.")
        self._inner = inner
        self._transcript = transcript
        self._mode: Mode = mode
        self._model = name
        self._reads = mode == "replay" or (mode == "record" and not afresh)

    @property
    def model(self) -> str:
        return self._model

    def for_first_question(self) -> Client | None:
        """A replay answers it from its files, so that it fails and counts as it did."""
        if self._mode == "replay":
            return self
        asked = None if self._inner is None else self._inner.for_first_question()
        return None if asked is None else TranscribingClient(asked, self._transcript, self._mode, afresh=True)

    def complete(self, request: Request, on_text: OnText | None = None) -> Answer:
        digest = request.digest(self._model)
        if self._reads:
            recorded = self._transcript.find(digest)
            if recorded is not None:
                if on_text is not None:
                    on_text(recorded.text)
                return recorded
        if self._mode == "replay" or self._inner is None:
            failed = self._transcript.failure(digest)
            if failed is not None:
                raise failed
            raise TranscriptMissing(
                f"{self._transcript.folder} holds no answer of {self._model} to this question ({digest[:12]}; "
                f"{len(self._transcript)} on file). Does the search differ in code, seed or space?"
            )
        try:
            answer = self._inner.complete(request, on_text)
        except LlmError as error:
            if self._mode == "record":
                self._transcript.store(digest, self._model, request, error)
            raise
        if self._mode == "record":
            self._transcript.store(digest, self._model, request, answer)
        return answer


def _prompt_tokens(request: dict[str, Any]) -> int:
    """As Request.n_tokens, from a record."""
    messages = request["messages"]
    images = sum(image.get("n_tokens", IMAGE_TOKENS) for message in messages for image in message["images"])
    return sum(estimate_tokens(message["text"]) for message in messages) + images
