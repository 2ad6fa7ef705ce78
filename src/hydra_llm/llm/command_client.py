"""Any command-line agent as a client: the prompt on standard input or as an argument, the answer on standard output.

The program runs in an empty temporary folder with a time limit, in a process group of its own, so that nothing it
starts outlives the question. Its words are passed on as they come; the JSON is extracted from them.
"""

import codecs
import os
import queue
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

from hydra_llm.llm.base import Answer, Client, OnText, Request
from hydra_llm.llm.errors import RequestRefused, Unavailable
from hydra_llm.llm.json_extraction import answer_from_text
from hydra_llm.llm.prompt_text import as_prompt
from hydra_llm.llm.settings import LlmSettings

PROMPT = "{prompt}"  # a placeholder in the command: the prompt goes there instead of to standard input
MAX_ARGUMENT_BYTES = 120_000  # Linux takes 128 KiB per argument
MAX_OUTPUT_CHARS = 2_000_000
STDERR_TAIL_CHARS = 600


class CommandClient(Client):
    """Runs `command`, a list of words; no shell is involved.

    If a word is `{prompt}`, it is replaced by the prompt; otherwise the prompt goes to standard input. The child
    inherits the environment, where its own key lives. Words that name a file of the present folder are made absolute,
    because the program runs in another one.
    """

    def __init__(self, command: Sequence[str], timeout_s: float = 600.0, name: str | None = None) -> None:
        if isinstance(command, str) or not command:
            raise ValueError(
                f"command must be a list of words, such as [my-agent, --print, '{PROMPT}'], got {command!r}."
            )
        if timeout_s <= 0:
            raise ValueError(f"timeout_s must be above 0, got {timeout_s}.")
        self._command = tuple(_found_here(word) for word in command)
        self._timeout_s = timeout_s
        self._model = name or f"command:{Path(self._command[0]).name}"

    @classmethod
    def from_settings(cls, settings: LlmSettings) -> Self:
        return cls(settings.command, settings.timeout_s)

    @property
    def model(self) -> str:
        return self._model

    def complete(self, request: Request, on_text: OnText | None = None) -> Answer:
        with tempfile.TemporaryDirectory(prefix="hydra-llm-") as folder:
            prompt = as_prompt(request, _write_images(request, Path(folder)))
            text = self._run(prompt, Path(folder), on_text)
        return answer_from_text(text, request, self._model)

    def _run(self, prompt: str, folder: Path, on_text: OnText | None) -> str:
        by_argument = PROMPT in self._command
        if by_argument and len(prompt.encode()) > MAX_ARGUMENT_BYTES:
            raise RequestRefused(
                f"The prompt has {len(prompt.encode())} bytes, too many for an argument of {self._command[0]}. "
                f"Leave {PROMPT} out of the command, so that it goes to standard input."
            )
        words = [prompt if word == PROMPT else word for word in self._command]
        with (folder / "stderr").open("w+", errors="replace") as stderr:
            try:
                process = subprocess.Popen(
                    words,
                    stdin=subprocess.DEVNULL if by_argument else subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=stderr,
                    cwd=folder,
                    start_new_session=True,
                )
            except OSError as error:
                raise Unavailable(
                    f"{self._command[0]} cannot be started ({error.strerror}). Check hydra.sweeper.llm.command."
                ) from None
            try:
                text = self._collect(process, prompt, on_text)
            finally:
                _end(process)
            if process.returncode != 0:
                stderr.seek(0)
                tail = " ".join(stderr.read()[-STDERR_TAIL_CHARS:].split()) or "nothing on standard error"
                raise Unavailable(f"{self._command[0]} ended with status {process.returncode}: {tail}")
        return text

    def _collect(self, process: "subprocess.Popen[bytes]", prompt: str, on_text: OnText | None) -> str:
        deadline = time.monotonic() + self._timeout_s
        pieces: queue.Queue[str | None] = queue.Queue()
        assert process.stdout is not None
        threading.Thread(target=_pump, args=(process.stdout, pieces), daemon=True).start()
        if process.stdin is not None:
            threading.Thread(target=_feed, args=(process.stdin, prompt), daemon=True).start()
        collected: list[str] = []
        n_chars = 0
        while True:
            try:
                piece = pieces.get(timeout=max(deadline - time.monotonic(), 0.001))
            except queue.Empty:
                raise Unavailable(
                    f"{self._command[0]} was still running after {self._timeout_s:g} s and was stopped. "
                    "Raise hydra.sweeper.llm.timeout_s if it needs longer."
                ) from None
            if piece is None:
                break
            collected.append(piece)
            n_chars += len(piece)
            if n_chars > MAX_OUTPUT_CHARS:
                raise Unavailable(f"{self._command[0]} wrote more than {MAX_OUTPUT_CHARS} characters and was stopped.")
            if on_text is not None and piece:
                on_text(piece)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=max(deadline - time.monotonic(), 1.0))
        return "".join(collected)


def _pump(stdout: IO[bytes], pieces: "queue.Queue[str | None]") -> None:
    """Pass words on as they come, whole lines or not."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    with suppress(OSError, ValueError):
        while piece := os.read(stdout.fileno(), 4096):
            pieces.put(decoder.decode(piece))
    pieces.put(decoder.decode(b"", final=True))
    pieces.put(None)


def _feed(stdin: IO[bytes], prompt: str) -> None:
    with suppress(OSError, ValueError):  # a program may answer without reading its input
        stdin.write(prompt.encode())
        stdin.close()


def _found_here(word: str) -> str:
    """A relative path to an existing file, made absolute; any other word as it is."""
    path = Path(word)
    with suppress(OSError):  # a word may be a whole program, too long for a name
        if ("/" in word or "." in word) and path.is_file():
            return str(path.absolute())  # not resolve(): the Python of a virtual environment is a link
    return word


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Stop the program and whatever it started, and collect it."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL if process.poll() is None else signal.SIGTERM)
    process.wait()


def _write_images(request: Request, folder: Path) -> dict[str, Path]:
    written: dict[str, Path] = {}
    for message in request.messages:
        for image in message.images:
            suffix = image.media_type.rpartition("/")[2]
            path = folder / f"figure_{len(written)}.{suffix if suffix.isalnum() else 'bin'}"
            path.write_bytes(image.data)
            written[image.name] = path
    return written
