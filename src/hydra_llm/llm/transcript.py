"""Transcripts: each question and its answer in a file whose name is the hash of the question and the model.

* `live`: ask; keep nothing.
* `record`: ask what was never asked, and store it; a question already on file is answered from there, so that a resumed
  sweep decides as it did before.
* `replay`: answer from the files only. No key, no network; a question that is not on file is an error.

A file holds the request (figures by digest), the answer and the model. Keys are not part of a request, so none can get
in.
"""

import json
import logging
import os
from pathlib import Path
from typing import Any, Literal

from hydra_llm.llm.base import Answer, Client, OnText, Request
from hydra_llm.llm.errors import TranscriptMissing

log = logging.getLogger(__name__)

Mode = Literal["live", "record", "replay"]
MODES: tuple[Mode, ...] = ("live", "record", "replay")
SCHEMA_VERSION = 1
_NAME_CHARS = 32  # of the 64 of a sha256: 128 bits


class Transcript:
    """A folder of recorded answers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, digest: str) -> Path:
        return self.folder / f"{digest[:_NAME_CHARS]}.json"

    def find(self, digest: str) -> Answer | None:
        """The recorded answer, or None."""
        record = self._read(self.path(digest))
        if record is None or record["digest"] != digest:
            return None
        return Answer.from_record(record["answer"], replayed=True)

    def _read(self, path: Path) -> dict[str, Any] | None:
        """One file; one that cannot be used counts as absent and is named in the log."""
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            if record["schema_version"] != SCHEMA_VERSION:
                raise ValueError(f"schema version {record['schema_version']}, expected {SCHEMA_VERSION}")
            Answer.from_record(record["answer"])
            return record
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("The transcript %s cannot be used (%s).", path, error)
            return None

    def answers(self) -> list[Answer]:
        """Every readable answer on file, in the order of the file names."""
        paths = sorted(self.folder.glob("*.json")) if self.folder.is_dir() else []
        found = (self._read(path) for path in paths)
        return [Answer.from_record(record["answer"]) for record in found if record is not None]

    def store(self, digest: str, request: Request, answer: Answer) -> Path:
        """Write one file, complete or not at all."""
        record: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            "digest": digest,
            "model": answer.model,
            "request": request.record(),
            "answer": answer.record(),
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.path(digest)
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(record, file, indent=1, ensure_ascii=True)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        return path

    def __len__(self) -> int:
        return sum(1 for _ in self.folder.glob("*.json")) if self.folder.is_dir() else 0


class TranscribingClient:
    """Puts a transcript between the search and a client.

    `inner` may be None in replay, where it is never asked; `model` must then be the name under which the answers were
    recorded.
    """

    def __init__(self, inner: Client | None, transcript: Transcript, mode: Mode, model: str | None = None) -> None:
        if mode not in MODES:
            raise ValueError(f"llm.transcript={mode!r} is unknown. Choose one of {', '.join(MODES)}.")
        name = model or (inner.model if inner is not None else "")
        if inner is None and mode != "replay":
            raise ValueError(f"llm.transcript={mode} needs a client to ask. Only replay does without.")
        if not name:
            raise ValueError("A replay needs the name of the model whose answers were recorded. Give model.")
        self._inner = inner
        self._transcript = transcript
        self._mode = mode
        self._model = name

    @property
    def model(self) -> str:
        return self._model

    def complete(self, request: Request, on_text: OnText | None = None) -> Answer:
        digest = request.digest(self._model)
        if self._mode != "live":
            recorded = self._transcript.find(digest)
            if recorded is not None:
                if on_text is not None:
                    on_text(recorded.text)
                return recorded
        if self._mode == "replay" or self._inner is None:
            raise TranscriptMissing(
                f"{self._transcript.folder} holds no answer of {self._model} to this question ({digest[:12]}; "
                f"{len(self._transcript)} on file). Does the search differ in code, seed or space?"
            )
        answer = self._inner.complete(request, on_text)
        if self._mode == "record":
            self._transcript.store(digest, request, answer)
        return answer
