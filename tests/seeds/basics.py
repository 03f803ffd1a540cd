"""Projects, people, prompts, responses and pairs."""

from __future__ import annotations

from django.core.files.base import ContentFile

from curation.algorithms.fingerprints import messages_fingerprint, sha256_hex
from curation.models import Judgment, Membership, Pair, Project, Prompt, Rater, Response, User
from curation.services.judgment_record import judgment_record
from curation.services.pair_build import pairs_build
from curation.services.project_create import project_create
from curation.services.prompt_import import import_create, import_start
from curation.services.prompt_parse import FieldMapping
from trainer_bridge.models import ModelVersion

PASSWORD = "pass-phrase-1"


def world(*, slug: str, prompts: int, model: str) -> dict[str, int]:
    """Alice's project with Anna in it, prompts, and a registered base model."""
    users = {
        name: User.objects.filter(username=name).first() or make_user(name) for name in ("alice", "anna")
    }
    project = project_create(name=slug.title(), owner=users["alice"], slug=slug)
    Membership.objects.create(project=project, user=users["anna"], role="annotator")
    for number in range(prompts):
        messages = [{"role": "user", "content": f"Question {number}: why?"}]
        Prompt.objects.create(
            project=project,
            messages=messages,
            fingerprint=messages_fingerprint(messages),
            split="eval" if number % 5 == 4 else "train",
        )
    base = ModelVersion.objects.create(project=project, name="tiny", kind="base", path=model)
    return {"project": project.pk, "model": base.pk}


def imported(*, project: int, rows: int) -> int:
    """A file of prompts handed to the workers; the import's id."""
    lines = "".join(f'{{"prompt": "Imported {number}?"}}\n' for number in range(rows))
    draft = import_create(
        project=Project.objects.get(pk=project),
        user=User.objects.get(username="alice"),
        upload=ContentFile(lines.encode(), name="prompts.jsonl"),
    )
    import_start(prompt_import=draft, mapping=FieldMapping(prompt="prompt"))
    return int(draft.pk)


def empty(*, slug: str) -> int:
    """A project of Alice's with nothing in it."""
    return project_create(name="Empty", owner=User.objects.get(username="alice"), slug=slug).pk


def person(*, name: str) -> int:
    return make_user(name).pk


def make_user(name: str) -> User:
    return User.objects.create_user(name, f"{name}@example.org", PASSWORD)


def responses(*, project: int, per_prompt: int = 6, length: int = 400) -> int:
    """Written answers, all different, without any model."""
    author = User.objects.get(username="alice")
    rows = [
        Response(prompt=prompt, author=author, text=text, text_hash=sha256_hex(text))
        for prompt in Prompt.objects.filter(project=project)
        for text in (f"{prompt.pk}-{number} " * (length // 8) for number in range(per_prompt))
    ]
    return len(Response.objects.bulk_create(rows))


def pairs(*, project: int) -> int:
    return pairs_build(project=Project.objects.get(pk=project)).created


def judgments(*, project: int) -> int:
    """One imported judge that prefers the longer response of every pair."""
    rater = Rater.objects.create(project_id=project, kind="judge", label="prefers length")
    rows = Pair.objects.filter(prompt__project=project).select_related("response_a", "response_b")
    for pair in rows:
        longer_a = len(pair.response_a.text) >= len(pair.response_b.text)
        judgment_record(
            pair=pair,
            rater=rater,
            left="a",
            outcome=Judgment.Outcome.PREFERRED,
            preference=2 if longer_a else -2,
            source=Judgment.Source.IMPORT,
        )
    return len(rows)
