"""A hub on this machine: repositories, commits of small files, and a token that is right or wrong."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "hf_secret"


@dataclass
class Repository:
    private: bool
    files: dict[str, bytes] = field(default_factory=dict)
    commits: list[str] = field(default_factory=lambda: ["0" * 40])


@dataclass
class FakeHub:
    """`status` stands for whatever the hub answers instead of doing what it is asked."""

    endpoint: str = ""
    status: int = 0
    repositories: dict[str, Repository] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, method: str, path: str, authorization: str, body: bytes) -> tuple[int, Any]:
        self.requests.append((method, path))
        refused = self.status if authorization == f"Bearer {TOKEN}" else 401
        if refused:
            return refused, {"error": "no"}
        if path == "/api/repos/create":
            return self._create(json.loads(body))
        if path == "/api/validate-yaml":
            return 200, {"errors": [], "warnings": []}
        owner, name, *rest = path.removeprefix("/api/datasets/").split("/")
        return 200, self._dataset(f"{owner}/{name}", rest, body)

    def _dataset(self, repo_id: str, rest: list[str], body: bytes) -> dict[str, Any]:
        repository = self.repositories[repo_id]
        if rest[:1] == ["preupload"]:
            return {"files": [_mode(repository, file["path"]) for file in json.loads(body)["files"]]}
        if rest[:1] == ["commit"]:
            return self._commit(repo_id, repository, body)
        files = [{"rfilename": file} for file in repository.files]
        return {
            "id": repo_id,
            "sha": repository.commits[-1],
            "private": repository.private,
            "siblings": files,
        }

    def _create(self, asked: dict[str, Any]) -> tuple[int, Any]:
        repo_id = f"{asked['organization']}/{asked['name']}"
        url = f"{self.endpoint}/datasets/{repo_id}"
        if repo_id in self.repositories:
            return 409, {"url": url, "error": "You already created this dataset repo"}
        self.repositories[repo_id] = Repository(asked.get("visibility") == "private")
        return 200, {"url": url}

    def _commit(self, repo_id: str, repository: Repository, body: bytes) -> dict[str, Any]:
        for line in body.splitlines():
            entry = json.loads(line)
            value = entry["value"]
            if entry["key"] == "file":
                repository.files[value["path"]] = base64.b64decode(value["content"])
            elif entry["key"] == "deletedFile":
                del repository.files[value["path"]]
        oid = hashlib.sha1(body, usedforsecurity=False).hexdigest()
        repository.commits.append(oid)
        url = f"{self.endpoint}/datasets/{repo_id}/commit/{oid}"
        return {"success": True, "commitOid": oid, "commitUrl": url, "hookOutput": ""}


def _mode(repository: Repository, path: str) -> dict[str, Any]:
    content = repository.files.get(path)
    mode: dict[str, Any] = {"path": path, "uploadMode": "regular", "shouldIgnore": False}
    if content is not None:
        blob = b"blob %d\0" % len(content) + content
        mode["oid"] = hashlib.sha1(blob, usedforsecurity=False).hexdigest()
    return mode


@contextmanager
def serving() -> Iterator[FakeHub]:
    hub = FakeHub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply("GET")

        def do_POST(self) -> None:
            self._reply("POST")

        def _reply(self, method: str) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = self.path.partition("?")[0]
            status, answer = hub.answer(method, path, self.headers.get("Authorization", ""), body)
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
