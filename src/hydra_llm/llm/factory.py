"""From settings to a client: which one, behind a transcript, with a meter. And whether one can be had at all."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from hydra_llm.dotted import check_object, load_class
from hydra_llm.llm.base import Client
from hydra_llm.llm.command_client import CommandClient
from hydra_llm.llm.openai_client import OpenAIClient
from hydra_llm.llm.retrying_client import OutageRetryClient
from hydra_llm.llm.scripted_client import ScriptedClient
from hydra_llm.llm.settings import LlmSettings
from hydra_llm.llm.transcript import Mode, TranscribingClient, Transcript
from hydra_llm.llm.usage import Limits, MeteredClient, Price, UsageMeter

CLIENTS: dict[str, type[Client]] = {"openai": OpenAIClient, "command": CommandClient, "scripted": ScriptedClient}


def can_be_asked(settings: LlmSettings, environ: Mapping[str, str] = os.environ) -> tuple[bool, str]:
    """Whether a model is configured, and what says so: what `proposer: auto` decides on and prints. The sentence never
    holds the key, nor an address, which may hold a password.
    """
    if settings.transcript == "replay":
        return True, "hydra.sweeper.llm.transcript=replay needs no model"
    if settings.client == "command":
        return bool(settings.command), f"hydra.sweeper.llm.command is {'set' if settings.command else 'empty'}"
    if settings.client == "scripted":
        return bool(settings.script), f"hydra.sweeper.llm.script is {'set' if settings.script else 'empty'}"
    if settings.client not in CLIENTS:
        return True, "hydra.sweeper.llm.client is a client of your own"
    if not settings.model:
        return False, "hydra.sweeper.llm.model is empty"
    if settings.base_url:
        return True, "hydra.sweeper.llm.base_url is set"
    variable = settings.api_key_env
    if environ.get(variable, "").strip():
        return True, f"the key variable {variable} is set"
    return False, f"neither the key variable {variable} nor hydra.sweeper.llm.base_url is set"


def build_client(settings: LlmSettings, transcripts: Path) -> MeteredClient:
    """The client of a sweep. `transcripts` is the folder of recorded answers, created at the first of them."""
    settings.check()
    mode = cast(Mode, settings.transcript)
    prices = {model: _price(model, pair) for model, pair in settings.prices.items()}
    meter = UsageMeter(prices, Limits(settings.max_calls, settings.max_total_tokens, settings.max_cost))
    inner, transcript = make_client(settings), Transcript(transcripts)
    if mode == "record":
        meter.restore(inner.model, transcript.usages())
    client: Client = TranscribingClient(inner, transcript, mode)
    if settings.on_llm_failure == "pause" and mode != "replay":
        client = OutageRetryClient(client, settings.pause_s, settings.max_pause_s)
    return MeteredClient(client, meter, count_replayed=mode == "replay")


def make_client(settings: LlmSettings) -> Client:
    """The client of the name or dotted path under `settings.client`; one that a `_target_` node made is used as it is.
    Raises ValueError with a sentence.
    """
    if not isinstance(settings.client, str):
        return check_object("llm.client", settings.client, Client)
    found = CLIENTS.get(settings.client) or load_class("llm.client", settings.client, Client, CLIENTS)
    return found.from_settings(settings)


def _price(model: str, pair: list[float]) -> Price:
    if len(pair) not in (2, 3) or any(number < 0 for number in pair):
        raise ValueError(
            f"llm.prices.{model} must be [prompt, completion] or [prompt, completion, cached] per million tokens, "
            f"got {pair}."
        )
    return Price(*pair)
