"""Embeddings for a real site."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from curation.models import DatasetVersion, Project, Prompt, Response, User
from curation.services.bias_build import bias_build, bias_request
from curation.services.cleaning_build import cleaning_build, cleaning_request
from curation.services.embedding_score import COMPARISONS, embedding_scores_record
from tests.embedding_data import embed, embedder_of, random_vectors
from trainer_bridge.services.job_create import embedding_create


def embedding(*, project: int, **others: Any) -> int:
    """A job that embeds everything and scores the pairs by it."""
    job = embedding_create(
        project=Project.objects.get(pk=project),
        user=User.objects.get(username="alice"),
        scorers=list(COMPARISONS),
    )
    return int(job.pk)


def embedded(*, project: int) -> None:
    """Vectors of everything, two of them the same; their scores; a search for duplicates by the index; and
    the newest version's bias report, which now sees meaning."""
    owner = Project.objects.get(pk=project)
    embedder = embedder_of(owner, "all-MiniLM-L6-v2")
    items = [*Prompt.objects.filter(project=owner), *Response.objects.filter(prompt__project=owner)]
    vectors = random_vectors(len(items))
    vectors[1] = vectors[0]
    embed(embedder, dict(zip(items, vectors, strict=True)))
    for scorer in COMPARISONS:
        embedding_scores_record(embedder=embedder, scorer=scorer)
    params = {"embedder": embedder.pk, "name": embedder.name, "threshold": 0.9, "search": "index"}
    with transaction.atomic():  # a worker that is sent it then finds it done
        report = cleaning_request(project=owner, kind="neighbours", params=params, user=None)
        cleaning_build(report_id=report.pk)
        version = DatasetVersion.objects.filter(project=owner).latest("number")
        bias_build(report_id=bias_request(version=version, user=None).pk)
