"""Sentence embeddings of a project's texts, and the scores that compare them.

`inputs`: {"split": …, "texts": "prompts" or "all", "name": what the project calls the model, "scorers": those
to compute at the end, "expected": Embedder id whose texts were left out, "embedder": Embedder id once known}.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import numpy as np

from curation.algorithms.decontamination import user_text
from curation.models import Embedder, Prompt, Response
from curation.services.embedding_record import (
    Embedded,
    Embedding,
    embedder_get_or_create,
    embeddings_record,
)
from curation.services.embedding_score import embedding_scores_record
from trainer_bridge.contracts import EmbedderFacts, EmbeddingRow, EmbedSpec, TextRow
from trainer_bridge.errors import JobError
from trainer_bridge.files import Tails, read_json, write_rows
from trainer_bridge.kinds.base import Counts, JobKind, Prepared
from trainer_bridge.models import Job

CHUNK = 1000


class EmbedTexts(JobKind):
    worker = "embed_texts"

    def prepare(self, job: Job) -> Prepared:
        spec = EmbedSpec.model_validate(job.spec)
        # The newest of this name until the worker has told which it is; that is checked at the end.
        newest = Embedder.objects.filter(project=job.project, name=job.inputs["name"]).first()
        expected = job.inputs.get("embedder", newest.pk if newest else None)
        job.inputs["expected"] = expected
        return Prepared(spec=spec, total=write_rows(job.out_dir / spec.texts, _lacking(job, expected)))

    def ingest(self, job: Job, out: Tails) -> Counts:
        facts = read_json(job.out_dir / "embedder.json")
        if facts is None:  # without it nobody knows what made these embeddings
            return {}
        rows = [EmbeddingRow.model_validate(row) for row in out.rows("embeddings.jsonl")]
        if not rows:
            return {}
        embedder = embedder_get_or_create(
            project=job.project, name=job.inputs["name"], **EmbedderFacts.model_validate(facts).model_dump()
        )
        job.inputs["embedder"] = embedder.pk
        embeddings_record(embedder=embedder, of="prompt", rows=_of("prompt", rows))
        embeddings_record(embedder=embedder, of="response", rows=_of("response", rows))
        return {"texts_embedded": len(rows), "texts_cut": sum(row.is_cut for row in rows)}

    def finish(self, job: Job) -> dict[str, Any]:
        """The scores asked for. Raises JobError where the model turned out to be another than expected, so
        that texts which that one had embedded still lack it."""
        pk = job.inputs.get("embedder", job.inputs["expected"])
        embedder = Embedder.objects.filter(pk=pk).select_related("project").first()
        if embedder is None:
            return {}
        if pk != job.inputs["expected"] and next(_lacking(job, embedder.pk), None) is not None:
            raise JobError(
                f"{embedder.name} is not the model it was when texts of this project were first embedded, so "
                "they need embeddings by the new one too. Press Retry: what is done is kept."
            )
        producers = {
            scorer: embedding_scores_record(embedder=embedder, scorer=scorer, split=job.inputs["split"]).pk
            for scorer in job.inputs["scorers"]
        }
        return {"embedder": embedder.pk, "producers": producers}


def _lacking(job: Job, embedder: int | None) -> Iterator[TextRow]:
    """The texts with something in them that the embedder has not embedded, prompts first."""
    split = {"split": job.inputs["split"]} if job.inputs["split"] else {}
    prompts = Prompt.objects.filter(project=job.project_id, **split)
    asked = prompts.lacking_embedding(embedder).order_by("pk").values_list("pk", "messages")
    for pk, messages in asked.iterator(CHUNK):
        if (text := user_text(messages)).strip():
            yield TextRow(key=f"prompt {pk}", text=text)
    if job.inputs["texts"] == "prompts":
        return
    answers = Response.objects.filter(prompt__in=prompts).lacking_embedding(embedder)
    for pk, text in answers.order_by("pk").values_list("pk", "text").iterator(CHUNK):
        if text.strip():
            yield TextRow(key=f"response {pk}", text=text)


def _of(noun: Embedded, rows: list[EmbeddingRow]) -> list[Embedding]:
    return [
        Embedding(int(pk), row.is_cut, np.frombuffer(base64.b64decode(row.vector), dtype="<f4"))
        for row in rows
        for kind, pk in [row.key.split()]
        if kind == noun
    ]
