"""Set up a judge: a model, a rubric version and parameters that stand as one rater."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from django.db import transaction

from curation.models import Project, Rater, User
from judges.errors import JudgeError
from judges.model_dirs import model_dir
from judges.models import Judge, RubricVersion

PARAMS = frozenset({"dtype", "max_length", "min_mass", "batch_size", "concurrency", "timeout_seconds"})


@transaction.atomic
def judge_create(
    *,
    project: Project,
    name: str,
    rubric: RubricVersion,
    backend: str,
    model_name: str,
    user: User | None,
    base_url: str = "",
    params: Mapping[str, Any] | None = None,
    model_fingerprint: str = "",
) -> Judge:
    """The newest judge of `name` if its settings are these, else its next version with a rater of its own.

    `params` are fields of the worker's judging spec: dtype, max_length, min_mass, batch_size, ….
    """
    settings: dict[str, Any] = {
        "rubric": rubric,
        "backend": backend,
        "model_name": _model(project, backend, model_name),
        "model_fingerprint": model_fingerprint,
        "base_url": base_url.strip(),
        "params": dict(params or {}),
    }
    _check(project, settings)
    # One writer a project at a time: two requests at once must not both become the next version.
    Project.objects.select_for_update().get(pk=project.pk)
    newest: Judge | None = Judge.objects.filter(project=project, name=name).order_by("-version").first()
    if newest is not None and all(getattr(newest, field) == value for field, value in settings.items()):
        return newest
    version = newest.version + 1 if newest else 1
    label = f"{name} v{version} · {PurePath(settings['model_name']).name}"[:200]
    rater = Rater.objects.create(project=project, kind=Rater.Kind.JUDGE, label=label)
    judge = Judge(project=project, rater=rater, name=name, version=version, created_by=user, **settings)
    judge.save()
    return judge


def _model(project: Project, backend: str, name: str) -> str:
    if backend == Judge.Backend.TRANSFORMERS:
        return str(model_dir(name, project=project))
    return name.strip()


def _check(project: Project, settings: Mapping[str, Any]) -> None:
    if settings["rubric"].project_id != project.pk:
        raise JudgeError("This rubric belongs to another project. Choose one of this project's rubrics.")
    unknown = set(settings["params"]) - PARAMS
    if unknown:
        raise JudgeError(f"A judge has no parameter {', '.join(sorted(unknown))}.")
    if settings["backend"] == Judge.Backend.OPENAI:
        if not settings["model_name"]:
            raise JudgeError("Give the name under which the endpoint serves the model.")
        if not settings["base_url"].startswith(("http://", "https://")):
            raise JudgeError("An endpoint needs its address, such as http://127.0.0.1:8000/v1.")
