from collections.abc import Callable, Iterator

import pytest
from chat_server import ChatServer, Item


@pytest.fixture
def serve() -> Iterator[Callable[..., ChatServer]]:
    """Starts scripted servers, and stops them after the test."""
    running: list[ChatServer] = []

    def start(*script: Item, **abilities: bool) -> ChatServer:
        running.append(ChatServer(script, **abilities).__enter__())
        return running[-1]

    yield start
    for server in running:
        server.__exit__()
