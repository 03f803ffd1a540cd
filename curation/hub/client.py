"""One commit of a dataset folder to a hub, by Hugging Face's own client.

Only workers import this module. What goes wrong is told in words that hold neither the token nor a header.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYetError
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

import httpx2  # the HTTP library of huggingface_hub
from huggingface_hub import CommitInfo, CommitOperationAdd, CommitOperationCopy, CommitOperationDelete, HfApi
from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

from curation.errors import CurationError
from curation.exporters.hub_folder import SPLITS

LOOK_EVERY_SECONDS = 15.0
DATA = tuple(f"data/{name}.parquet" for name in SPLITS.values())
BY_STATUS = {
    401: "The hub refuses the token: it is wrong or no longer valid. The operator sets HF_TOKEN anew, to a "
    "token that may write to this repository, and restarts the workers.",
    403: "The token may not write to this repository. Choose a repository of its owner, or have the operator "
    "set HF_TOKEN to a token that may.",
    404: "The hub has no such owner or repository, or the token may not see it. Check the name.",
    429: "The hub asks for fewer requests. Wait a few minutes, then push again.",
}


@dataclass(frozen=True)
class Target:
    """Where to push. A repository that is there keeps its visibility: one that is public is refused where a
    private one was asked for."""

    endpoint: str
    token: str = field(repr=False)
    repo_id: str
    private: bool


@dataclass(frozen=True)
class Pushed:
    """The commit that holds the folder; the last one, where nothing had changed."""

    url: str
    revision: str


def folder_push(target: Target, zipped: Path, message: str, beat: Callable[[], None]) -> Pushed:
    """Make the repository hold the files of the zipped folder. `beat` is called while it goes on.

    Raises CurationError in words for the user.
    """
    try:
        with TemporaryDirectory() as folder:
            with ZipFile(zipped) as archive:
                archive.extractall(folder)
            return _push(target, Path(folder), message, beat)
    except HfHubHTTPError as error:
        raise CurationError(_words(error.response.status_code)) from None
    except OfflineModeIsEnabled:
        raise CurationError(
            "This server is set to work offline (HF_HUB_OFFLINE), so nothing is pushed."
        ) from None
    except httpx2.HTTPError:
        raise CurationError(
            f"The hub at {target.endpoint} does not answer. Push again when it does: what was pushed before "
            "is not sent twice."
        ) from None


def _push(target: Target, folder: Path, message: str, beat: Callable[[], None]) -> Pushed:
    api = HfApi(endpoint=target.endpoint, token=target.token)
    api.create_repo(target.repo_id, repo_type="dataset", private=target.private, exist_ok=True)
    there = api.dataset_info(target.repo_id)
    if target.private and not there.private:
        raise CurationError(
            f"{target.repo_id} is there already and public. Choose another name, or push to it without "
            "“Private”."
        )
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    stale = {file.rfilename for file in there.siblings or []} & set(DATA) - set(files)
    operations: list[CommitOperationAdd | CommitOperationCopy | CommitOperationDelete] = [
        *(CommitOperationAdd(path_in_repo=name, path_or_fileobj=folder / name) for name in files),
        # A split that an earlier push had and this one lacks.
        *(CommitOperationDelete(path_in_repo=name) for name in sorted(stale)),
    ]
    commit: Future[CommitInfo] = api.create_commit(
        target.repo_id, operations, commit_message=message, repo_type="dataset", run_as_future=True
    )
    done = _waited_for(commit, beat)
    return Pushed(done.commit_url, done.oid)


def _waited_for(commit: Future[CommitInfo], beat: Callable[[], None]) -> CommitInfo:
    while True:
        beat()
        try:
            return commit.result(timeout=LOOK_EVERY_SECONDS)
        except NotYetError:
            continue


def _words(status: int) -> str:
    if status in BY_STATUS:
        return BY_STATUS[status]
    if status >= 500:
        return f"The hub has trouble of its own (status {status}). Push again in a few minutes."
    return f"The hub refused the folder (status {status}). The operator finds more on the hub's own pages."
