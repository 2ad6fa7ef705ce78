"""The language model as a proposer, from plain settings."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hydra_llm.llm.base import Client, OnText
from hydra_llm.llm.factory import build_client
from hydra_llm.llm.instructions import instruction_text
from hydra_llm.llm.settings import LlmSettings
from hydra_llm.search.proposers.llm.proposer import LlmProposer


def build(settings: Mapping[str, Any], client: Client | None = None, write: OnText | None = None) -> LlmProposer:
    """The proposer from plain settings: the group `llm`, and two facts about the sweep.

    `folder` is the sweep's folder, where `transcripts/` goes; `instructions` names the protocol for a context that
    brings none.
    """
    values = dict(settings)
    folder = Path(str(values.pop("folder", None) or "."))
    protocol = instruction_text(str(values.pop("instructions", None) or "generic"))
    llm = LlmSettings.of(values)
    if client is None:
        client = build_client(llm, folder / "transcripts")
    return LlmProposer(client, llm, protocol, on_text=write or _to_console)


def _to_console(words: str) -> None:
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(words.encode(encoding, "replace").decode(encoding))  # a console need not know every character
    sys.stdout.flush()
