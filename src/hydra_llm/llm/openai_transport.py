"""What happens below a question to an endpoint: errors of the connection, its noise in the log, and what an attempt can
end with beside a reply.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from hydra_llm.llm.openai_endpoint import Endpoint

TRANSPORTS = ("httpx", "httpx2")  # what openai speaks HTTP with: httpx, and httpx2 since openai 3


class Unsupported(Exception):
    """The server refused something that it may do without."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Transient(Exception):
    """No reply this time; another attempt may have one."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_s = retry_after_s


class OtherEndpoint(Exception):
    """The server answers under another interface."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint.name)
        self.endpoint = endpoint


def transport_errors() -> tuple[type[Exception], ...]:
    """A connection that breaks while a stream is read raises the transport's own error, which openai does not wrap."""
    return tuple(sys.modules[name].HTTPError for name in TRANSPORTS if name in sys.modules)


@contextmanager
def without_a_line_per_request() -> Iterator[None]:
    """The transport logs every request as INFO; beside a model's words and a sweep's progress that is noise."""
    silent = [logger for logger in map(logging.getLogger, TRANSPORTS) if logger.level == logging.NOTSET]
    for logger in silent:
        logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        for logger in silent:
            logger.setLevel(logging.NOTSET)
