"""Scores that are read off the texts: no model, so a pair is scored once per version of a scorer.

`inputs`: {"split": …}, and "toxic_words", which list of offensive words a job that counts them has.
"""

from __future__ import annotations

import sys
from typing import Any

from curation.models import ScoreProducer
from curation.scorers import TEXTS, TOXICITY
from curation.services.score_record import producer_fingerprint, producer_get_or_create
from trainer_bridge.contracts import ScoreValuesRow, TextScoreSpec
from trainer_bridge.files import Tails, write_rows
from trainer_bridge.kinds.base import Counts, JobKind, Prepared
from trainer_bridge.kinds.pairs import left, pairs_of, scoring_rows
from trainer_bridge.kinds.values import values_record
from trainer_bridge.models import Job
from trainer_bridge.toxic_words import FILE, words_keep


class ScoreTexts(JobKind):
    worker = "score_texts"

    def python(self, job: Job) -> str:  # noqa: ARG002 -- none needs torch
        return sys.executable

    def queue(self, spec: dict[str, Any]) -> str:  # noqa: ARG002 -- none needs an accelerator
        return "cpu"

    def prepare(self, job: Job) -> Prepared:
        spec = TextScoreSpec.model_validate(job.spec)
        if TOXICITY.name in spec.scorers:
            words_keep(job)
            spec = spec.model_copy(update={"toxic_words": FILE})
        pairs = pairs_of(job.project_id, job.inputs["split"])
        producers = _known_producers(job, spec)
        known = {name: [producers[name]] if name in producers else [] for name in spec.scorers}
        lacking = left(pairs, known)
        return Prepared(
            spec=spec.model_copy(update={"scorers": [*lacking] or spec.scorers}),
            total=write_rows(job.out_dir / spec.pairs, scoring_rows(pairs, lacking)),
        )

    def ingest(self, job: Job, out: Tails) -> Counts:
        rows = [ScoreValuesRow.model_validate(row) for row in out.rows("scores.jsonl")]
        values_record(rows, lambda scorer, version: _producer(job, scorer, version))
        return {"pairs_scored": len(rows)} if rows else {}

    def finish(self, job: Job) -> dict[str, Any]:
        return {"producers": _known_producers(job, TextScoreSpec.model_validate(job.spec))}


def _details(job: Job, scorer: str, version: int) -> dict[str, Any]:
    """Everything that decides a score: scores by two lists of words never mix."""
    words = {"toxic_words": job.inputs["toxic_words"]} if scorer == TOXICITY.name else {}
    return {"version": version, **words}


def _producer(job: Job, scorer: str, version: int) -> ScoreProducer:
    details = _details(job, scorer, version)
    words = f", list {details['toxic_words'][:8]}" if "toxic_words" in details else ""
    return producer_get_or_create(
        project=job.project,
        scorer=scorer,
        fingerprint=producer_fingerprint(scorer, details),
        label=f"the texts, version {version}{words}",
        details=details,
    )


def _known_producers(job: Job, spec: TextScoreSpec) -> dict[str, int]:
    """Who made scores by these scorers in the versions they have now, by scorer."""
    wanted = [producer_fingerprint(name, _details(job, name, TEXTS[name].version)) for name in spec.scorers]
    producers = ScoreProducer.objects.filter(project=job.project_id, fingerprint__in=wanted)
    return {producer.scorer: producer.pk for producer in producers}
