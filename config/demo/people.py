"""The demo's accounts: one for each way of working, all with a password of this checkout's own."""

from __future__ import annotations

import secrets
from pathlib import Path

from curation.models import Membership, Project, Role, User

LOGINS = {
    "researcher": Role.OWNER,
    "reviewer": Role.REVIEWER,
    "annotator": Role.ANNOTATOR,
}


def demo_password(folder: Path) -> str:
    """Kept in a file, so that a second start shows the same logins."""
    path = folder / "password"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(secrets.token_urlsafe(9), encoding="utf-8")
        path.chmod(0o600)
    return path.read_text(encoding="utf-8")


def demo_users(folder: Path) -> dict[str, User]:
    """The accounts, made where they are missing."""
    password = demo_password(folder)
    users = {}
    for name in LOGINS:
        user, created = User.objects.get_or_create(username=name, defaults={"email": f"{name}@example.org"})
        if created:
            user.set_password(password)
            user.save(update_fields=["password"])
        users[name] = user
    return users


def join_demo(project: Project, users: dict[str, User]) -> None:
    for name, role in LOGINS.items():
        Membership.objects.get_or_create(project=project, user=users[name], defaults={"role": role})
