"""What every client owes the search, as tests to inherit.

    class TestMyClient(ClientConformance):
        def client(self, answers):
            return MyClient(...)          # a client whose backend will give these texts, in this order

A text of None asks for a backend that is down.
"""

import json
from collections.abc import Sequence

from hydra_llm.llm.base import Answer, Client, JsonSource, Message, Request
from hydra_llm.llm.errors import LlmError

SCHEMA = {
    "type": "object",
    "properties": {"choice": {"type": "integer"}},
    "required": ["choice"],
    "additionalProperties": False,
}


class ClientConformance:
    """Inherit, implement `client`, and let pytest collect the class."""

    __test__ = False

    def __init_subclass__(cls, **arguments: object) -> None:
        super().__init_subclass__(**arguments)
        cls.__test__ = True

    def client(self, answers: Sequence[str | None]) -> Client:
        raise NotImplementedError("A subclass says how the client under test is made.")

    def request(self, with_schema: bool = True) -> Request:
        messages = (Message("system", "Answer in JSON."), Message("user", "Choose: ⟨1⟩ or ⟨2⟩?"))
        return Request(messages, SCHEMA if with_schema else None)

    def test_it_is_a_client_with_a_name(self) -> None:
        client = self.client(['{"choice": 1}'])
        assert isinstance(client, Client)
        assert client.model

    def test_bare_json_is_parsed_and_its_source_is_recorded(self) -> None:
        answer = self.client(['{"choice": 2}']).complete(self.request())
        assert answer.parsed == {"choice": 2}
        assert answer.json_error is None
        assert answer.json_source is not JsonSource.NONE

    def test_json_in_prose_is_extracted_and_said_to_be(self) -> None:
        answer = self.client(['I would say\n```json\n{"choice": 2}\n```\nbecause.']).complete(self.request())
        assert answer.parsed == {"choice": 2}
        assert answer.json_source is JsonSource.EXTRACTED

    def test_an_answer_without_json_comes_back_with_the_reason_and_is_no_exception(self) -> None:
        for text in ("I would rather not.", '{"choice": ', "[1, 2]"):
            answer = self.client([text]).complete(self.request())
            assert answer.parsed is None
            assert answer.json_source is JsonSource.NONE
            assert answer.json_error

    def test_without_a_schema_the_text_is_the_answer(self) -> None:
        answer = self.client(["Two."]).complete(self.request(with_schema=False))
        assert answer.text.strip() == "Two."
        assert answer.json_error is None

    def test_the_words_that_are_passed_on_are_the_words_of_the_answer(self) -> None:
        words: list[str] = []
        answer = self.client(['{"choice": 1}\n']).complete(self.request(), words.append)
        assert "".join(words) == answer.text

    def test_unicode_survives(self) -> None:
        text = json.dumps({"choice": 1, "why": "τ ≈ 5 ms, naïve 試"}, ensure_ascii=False)
        answer = self.client([text]).complete(self.request())
        assert answer.parsed == json.loads(text)

    def test_an_answer_survives_being_stored(self) -> None:
        answer = self.client(['{"choice": 1}']).complete(self.request())
        assert Answer.from_record(json.loads(json.dumps(answer.record()))) == answer

    def test_a_backend_that_is_down_is_an_llm_error_with_a_sentence(self) -> None:
        client = self.client([None])
        message = ""
        try:
            client.complete(self.request())
        except LlmError as error:
            message = str(error)
        assert len(message) > 20, "a backend that is down gave an answer, or no sentence"
