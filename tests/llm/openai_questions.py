"""What tests of the openai client ask a server on the loopback interface, and how the client is made."""

import pytest
from chat_server import Fault

from hydra_llm.llm.backoff import Backoff
from hydra_llm.llm.base import Image, Message, Request
from hydra_llm.llm.openai_client import OpenAIClient
from hydra_llm.llm.testing import SCHEMA

KEY = "sk-do-not-show-this"
JSON = '{"choice": 1}'
PICTURE = Image("activity", "image/png", b"\x89PNG fake")


def question(*images):
    return Request((Message("system", "Answer in JSON."), Message("user", "Which?", images)), SCHEMA)


def client_at(server, *, stream=True, timeout_s=5.0, waits=None, attempts=3, **options):
    backoff = Backoff(max_attempts=attempts, sleep=(waits if waits is not None else []).append)
    return OpenAIClient("m", server.base_url, "TEST_KEY", timeout_s, stream, backoff=backoff, **options)


class OverHttp:
    """A client of the conformance tests that speaks to a scripted server; an answer of None is an outage."""

    stream = True
    api = "auto"

    @pytest.fixture(autouse=True)
    def _server(self, serve):
        self.serve = serve

    def client(self, answers):
        script = [Fault(503) if text is None else text for text in answers]
        return client_at(self.serve(*script), stream=self.stream, attempts=1, api=self.api)
