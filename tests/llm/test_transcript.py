import json

import pytest

from hydra_llm.llm.base import Image, Message, Request, Usage
from hydra_llm.llm.errors import NotAuthorised, TranscriptMissing, Unavailable
from hydra_llm.llm.openai_client import OpenAIClient
from hydra_llm.llm.scripted_client import ScriptedClient
from hydra_llm.llm.testing import SCHEMA, ClientConformance
from hydra_llm.llm.transcript import TranscribingClient, Transcript


def ask(text="Which?", sample=0):
    return Request((Message("user", text),), SCHEMA, sample=sample)


def recording(folder, *script):
    return TranscribingClient(ScriptedClient(script), Transcript(folder), "record")


class TestConformanceOfARecordedClient(ClientConformance):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path):
        self.folder = tmp_path

    def client(self, answers):
        script = [Unavailable("The provider is down since noon.") if a is None else a for a in answers]
        self.folder = self.folder / "next"
        return recording(self.folder, *script)


def test_a_replay_gives_the_recorded_answers_without_a_client(tmp_path):
    asked = [ask("a"), ask("b")]
    client = recording(tmp_path, '{"choice": 1}', "no idea")
    recorded = [client.complete(request) for request in asked]
    replay = TranscribingClient(None, Transcript(tmp_path), "replay", model="scripted")
    for request, before in zip(asked, recorded, strict=True):
        again = replay.complete(request)
        assert again.replayed
        assert not before.replayed
        assert again.record() == before.record()


def test_a_replay_never_asks(tmp_path):
    inner = ScriptedClient(["fresh"])
    with pytest.raises(TranscriptMissing, match="holds no answer of scripted"):
        TranscribingClient(inner, Transcript(tmp_path), "replay").complete(ask())
    assert inner.requests == []


def test_a_question_on_file_is_not_asked_again_but_another_sample_of_it_is(tmp_path):
    inner = ScriptedClient(["first", "second"])
    client = TranscribingClient(inner, Transcript(tmp_path), "record")
    assert [client.complete(ask()).text for _ in range(3)] == ["first"] * 3
    assert client.complete(ask(sample=1)).text == "second"
    assert len(inner.requests) == 2


def test_live_keeps_nothing(tmp_path):
    client = TranscribingClient(ScriptedClient(["x"]), Transcript(tmp_path / "t"), "live")
    client.complete(ask())
    assert not (tmp_path / "t").exists()


def test_the_address_depends_on_text_figures_schema_and_model():
    picture = Image("f", "image/png", b"1")
    other = Image("f", "image/png", b"2")
    requests = [
        ask("a"),
        ask("b"),
        Request((Message("user", "a"),)),
        Request((Message("system", "a"),), SCHEMA),
        Request((Message("user", "a", (picture,)),), SCHEMA),
        Request((Message("user", "a", (other,)),), SCHEMA),
    ]
    digests = [request.digest("m") for request in requests] + [ask("a").digest("n")]
    assert len(set(digests)) == len(digests)
    assert ask("a").digest("m") == digests[0]


def test_a_torn_file_counts_as_absent(tmp_path, caplog):
    recording(tmp_path, "one").complete(ask())
    (path,) = tmp_path.glob("*.json")
    path.write_text(path.read_text()[:40])
    assert recording(tmp_path, "two").complete(ask()).text == "two"
    assert "cannot be used" in caplog.text
    assert recording(tmp_path).complete(ask()).text == "two", "and is replaced by a whole one"


def test_a_recorded_failure_is_replayed_in_the_same_words_and_asked_again_when_recording(tmp_path):
    down = Unavailable("The provider is down since noon.")
    for error in (down, NotAuthorised("The key is refused.")):
        with pytest.raises(type(error)):
            recording(tmp_path, error).complete(ask())
        replay = TranscribingClient(None, Transcript(tmp_path), "replay", model="scripted")
        with pytest.raises(type(error), match=str(error)):
            replay.complete(ask())
    assert Transcript(tmp_path).usages() == []
    assert recording(tmp_path, "back").complete(ask()).text == "back"
    assert replay.complete(ask()).text == "back"


def test_figures_are_kept_once_beside_the_questions_that_show_them(tmp_path):
    picture = Image("f", "image/png", b"pixels")
    client = recording(tmp_path, "one", "two")
    for text in "ab":
        client.complete(Request((Message("user", text, (picture,)),)))
    assert [path.read_bytes() for path in (tmp_path / "figures").iterdir()] == [b"pixels"]
    assert Transcript(tmp_path).figure(picture.digest).read_bytes() == b"pixels"


def test_what_is_on_file_says_what_it_used(tmp_path):
    recording(tmp_path, "one").complete(ask("x" * 80))
    assert Transcript(tmp_path).usages() == [(ask("x" * 80).digest("scripted"), Usage(10, 1), False)]


def test_no_key_gets_into_a_transcript(tmp_path, serve, monkeypatch):
    monkeypatch.setenv("TEST_KEY", "sk-secret-0123456789")
    server = serve('{"choice": 1}')
    inner = OpenAIClient("m", server.base_url, "TEST_KEY")
    TranscribingClient(inner, Transcript(tmp_path), "record").complete(ask())
    assert server.keys == ["sk-secret-0123456789"]
    (path,) = tmp_path.glob("*")
    assert "sk-secret" not in path.read_text()
    assert json.loads(path.read_text())["answer"]["parsed"] == {"choice": 1}
