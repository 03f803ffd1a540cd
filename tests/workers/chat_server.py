"""A real HTTP server that speaks the chat completions API, and misbehaves on request."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Body = dict[str, Any]
Reply = tuple[int, Body]


class HangUpError(Exception):
    """The server dies in the middle of a request."""


@dataclass
class ChatServer:
    """What it heard, and how it answers. `reply` may raise HangUpError."""

    reply: Callable[[Body, int], Reply]
    url: str = ""
    heard: list[Body] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)


@contextmanager
def serving(reply: Callable[[Body, int], Reply]) -> Iterator[ChatServer]:
    """`reply(body, n)` gives status and body of the nth request (from 1)."""
    server = ChatServer(reply)
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                server.heard.append(body)
                server.keys.append(self.headers.get("Authorization"))
                number = len(server.heard)
            try:
                status, answer = server.reply(body, number)
            except HangUpError:
                self.close_connection = True
                return
            payload = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *_args: object) -> None:
            """Quiet."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    threading.Thread(target=http.serve_forever, daemon=True).start()
    server.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()


def said(text: str, logprobs: list[dict[str, float]] | None = None) -> Reply:
    """A chat completion. Each entry of `logprobs` maps the tokens of one position to probabilities."""
    choice: Body = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    if logprobs is not None:
        choice["logprobs"] = {
            "content": [
                {
                    "token": next(iter(position)),
                    "logprob": math.log(next(iter(position.values()))),
                    "top_logprobs": [{"token": t, "logprob": math.log(p)} for t, p in position.items()],
                }
                for position in logprobs
            ]
        }
    return 200, {"choices": [choice], "usage": {"completion_tokens": 7}}


def trouble(status: int, message: str) -> Reply:
    return status, {"error": {"message": message}}
