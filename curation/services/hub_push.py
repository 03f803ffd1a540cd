"""Push an export to the hub: ask for it, do it, and take it up again when its worker was lost."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from curation.errors import CurationError
from curation.exporters.hub_folder import HubFolder
from curation.models import Export, HubPush, User
from curation.services.export_write import export_again
from curation.services.report_work import ReportWork


def hub_push_request(*, export: Export, repo_id: str, private: bool, user: User | None) -> HubPush:
    """Queue a push; the one of this export to this repository that is on its way, where there is one."""
    if not settings.HF_TOKEN:
        raise CurationError("Nothing can be pushed: the operator has not set HF_TOKEN.")
    if export.format != HubFolder.name:
        raise CurationError(f"Only exports as “{HubFolder.label}” are pushed.")
    fields = {"private": private, "created_by": user}
    return WORK.request(export=export, repo_id=repo_id, fields=fields)


def hub_push(*, push_id: int) -> None:
    """Push; does nothing where another worker does. A second push of the same files makes no commit."""
    WORK.run(push_id, _push)


def hub_push_recover() -> None:
    """Queue again what a lost worker left running, and send again what the broker lost."""
    WORK.recover()


def _push(push: HubPush) -> None:
    from curation.hub.client import Target, folder_push  # the web process needs no client of the hub

    if not settings.HF_TOKEN:
        raise CurationError("The worker has no HF_TOKEN. The operator sets it for workers too.")
    export = export_again(push.export, None)
    version = export.version
    pushed = folder_push(
        Target(settings.HF_ENDPOINT, settings.HF_TOKEN, push.repo_id, push.private),
        Path(export.path),
        f"{version.project.name}, version {version.number} ({export.split}), {export.sha256[:12]}",
        lambda: WORK.beat(push),
    )
    WORK.finish(push, url=pushed.url, revision=pushed.revision)


def _send(push_id: int) -> None:
    from curation import tasks  # tasks call this module

    tasks.hub_push.delay(push_id)


WORK = ReportWork(
    HubPush, "push to the hub", "Push again.", _send, ("export__version__project", "export__tokens")
)
