"""A web server of one file on this machine, which may break off or know no ranges."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from hydra_llm.families.flyvis.stimuli.download import Download


class FileServer:
    """Serves `content`. cut_after: bytes after which answers break off; cuts: how many of them do, None: all.

    download: what a client has to know of the file; ranges: the header Range of every request, None where it had none.
    """

    def __init__(
        self, content: bytes, *, cut_after: int | None = None, cuts: int | None = 1, knows_ranges: bool = True
    ) -> None:
        self.ranges: list[str | None] = []
        served = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked = self.headers.get("Range")
                served.ranges.append(asked)
                first = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and knows_ranges else 0
                self.send_response(206 if first else 200)
                self.send_header("Content-Length", str(len(content) - first))
                self.end_headers()
                breaks = cut_after is not None and (cuts is None or len(served.ranges) <= cuts)
                self.wfile.write(content[first : first + cut_after] if breaks else content[first:])

            def log_message(self, format: str, *_: object) -> None:
                """Keep quiet."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        url = f"http://127.0.0.1:{self._server.server_port}/official.zip"
        self.download = Download(url, len(content), hashlib.sha256(content).hexdigest())

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
