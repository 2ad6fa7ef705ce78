import pytest

from hydra_llm.llm.address import public, secrets
from hydra_llm.llm.openai_client import OpenAIClient
from hydra_llm.llm.settings import LlmSettings


@pytest.mark.parametrize(
    ("url", "shown", "hidden"),
    [
        ("http://localhost:11434/v1", "http://localhost:11434/v1", ()),
        ("https://me:pass%20word@host:1/v1", "https://host:1/v1", ("pass word", "pass%20word", "me:pass%20word")),
        ("https://host/v1?api-key=geheim", "https://host/v1", ("geheim", "api-key=geheim")),
        ("https://host/v1?api-version=2024-10-21", "https://host/v1", ()),
        ("me:secret@host/v1", "(no address of the form http://host/path)", ()),
        ("http://[::1", "(no address of the form http://host/path)", ("http://[::1",)),
    ],
)
def test_an_address_is_named_without_what_is_nobodys_business(url, shown, hidden):
    assert public(url) == shown
    assert set(hidden) <= set(secrets(url))
    assert bool(secrets(url)) == bool(hidden)
    assert not any(secret in public(url) for secret in secrets(url))


def test_no_error_of_a_client_names_the_secrets_of_its_address():
    client = OpenAIClient("m", base_url="http://somebody:s3cret@127.0.0.1:9/v1?token=t0ken", backoff=None)
    text = client._clean("GET http://somebody:s3cret@127.0.0.1:9/v1?token=t0ken failed for somebody") + client._where()
    assert not any(secret in text for secret in ("s3cret", "t0ken", "somebody"))
    with pytest.raises(ValueError, match="must start with http") as error:
        LlmSettings.of({"base_url": "somebody:s3cret@host/v1"})
    assert "s3cret" not in str(error.value)
