"""Measuring a model against a baseline on the prompts chosen when the evaluation was asked for.

`inputs`: {"split": …, "judge": id, "model": id, "prompts": [ids]}.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from curation.models import Prompt
from trainer_bridge.contracts import EvaluateResult, EvaluateSpec, PromptRow
from trainer_bridge.errors import JobError
from trainer_bridge.files import Tails, read_json, write_rows
from trainer_bridge.kinds.base import Counts, JobKind, Prepared
from trainer_bridge.models import Evaluation, Job
from trainer_bridge.services.evaluation_ingest import evaluation_finish, items_ingest

STEPS_PER_PROMPT = 4  # two answers and two verdicts
ANSWERS = ("responses_model.jsonl", "responses_baseline.jsonl")


class Evaluate(JobKind):
    worker = "evaluate"

    def prepare(self, job: Job) -> Prepared:
        spec = EvaluateSpec.model_validate(job.spec)
        rows = write_rows(job.out_dir / spec.prompts, _prompt_rows(job))
        return Prepared(spec=spec, total=STEPS_PER_PROMPT * rows)

    def ingest(self, job: Job, out: Tails) -> Counts:
        counts: Counts = {}
        for name in ANSWERS:
            if rows := out.rows(name):
                counts["answers"] = counts.get("answers", 0) + len(rows)
        if verdicts := out.rows("verdicts.jsonl"):
            _ingest_judged(job, {row["pair_id"] for row in verdicts})
            counts["verdicts"] = len(verdicts)
        return counts

    def finish(self, job: Job) -> dict[str, Any]:
        found = read_json(job.out_dir / "result.json")
        if found is None:
            raise JobError("The evaluation ended without a result. Press Retry; its answers are kept.")
        result = EvaluateResult.model_validate(found)
        evaluation = Evaluation.objects.select_related("model", "baseline").get(job=job)
        evaluation_finish(
            evaluation=evaluation,
            result=result,
            pairs=_rows(job, "pairs.jsonl"),
            verdicts=_rows(job, "verdicts.jsonl"),
        )
        return result.model_dump(mode="json")


def _ingest_judged(job: Job, touched: set[str]) -> None:
    """Items of the touched prompts judged in both orders: rows to look at, whatever comes of it."""
    verdicts = [row for row in _rows(job, "verdicts.jsonl") if row["pair_id"] in touched]
    orders = Counter(row["pair_id"] for row in verdicts)
    pairs = [row for row in _rows(job, "pairs.jsonl") if orders[row["pair_id"]] == 2]
    items_ingest(evaluation=Evaluation.objects.get(job=job), pairs=pairs, verdicts=verdicts)


def _prompt_rows(job: Job) -> Iterator[PromptRow]:
    prompts = Prompt.objects.filter(project=job.project_id, pk__in=job.inputs["prompts"])
    for prompt in prompts.order_by("pk").iterator(chunk_size=1000):
        yield PromptRow.model_validate({"prompt_id": str(prompt.pk), "messages": prompt.messages})


def _rows(job: Job, name: str) -> Iterator[dict[str, Any]]:
    """Every whole row of an output file, from its start."""
    tails = Tails(job.out_dir, {})
    while rows := tails.rows(name):
        yield from rows
