"""What a page shows only after something went wrong, or was looked into."""

from __future__ import annotations

import gzip
import json

from django.core.files.base import ContentFile
from django.db import transaction

from curation.importers.datasets.registry import FORMATS
from curation.models import (
    DatasetComparison,
    DatasetVersion,
    ExportBuild,
    Membership,
    Pair,
    Project,
    PromptImport,
    RecipeRun,
    User,
)
from curation.services.export_write import export_write
from curation.services.prompt_import import import_create, import_run, import_start
from curation.services.prompt_parse import FieldMapping
from judges.models import Judge
from judges.services.verdict_ingest import verdicts_ingest
from tests.seeds.jobs import sampling
from tests.trainer_bridge.training import verdict_row, write_evaluation
from trainer_bridge.contracts import Sampling
from trainer_bridge.kinds.evaluate import Evaluate
from trainer_bridge.models import Job, ModelVersion
from trainer_bridge.services.evaluation_create import evaluation_create

PREFERENCES = json.dumps(FORMATS["helpsteer3"].example).encode() + b"\n{not json\n"

ROWS = b"".join(b'{"prompt": "Row %d?", "topic": "rows"}\n' % number for number in range(50))


def rare(*, project: int, model: int, judge: int, number: int) -> dict[str, int]:
    """What a page shows only after something went wrong, or was looked into: one of each."""
    of = Project.objects.get(pk=project)
    user = User.objects.get(username="alice")
    with transaction.atomic():  # no worker may see it as queued
        failed_job = sampling(project=project, model=model)
        Job.objects.filter(pk=failed_job).update(
            state="failed",
            error="The model did not fit in memory.\nTry a smaller batch size.",
            error_detail="torch.OutOfMemoryError: CUDA out of memory.",
            log_tail="Loading the model …",
            counts={"created": 12, "failed": 1},
            result={
                "failures": [{"key": "17:0", "error": "The endpoint answered 500 three times."}],
                "refused": [{"scores": "Angle concentration", "reason": "The model has no such block."}],
            },
        )
    version = DatasetVersion.objects.get(project=of, number=number)
    other = DatasetVersion.objects.exclude(number=number).get(project=of)
    DatasetComparison.objects.create(old=version, new=other, state="failed", error="The worker was lost.")
    failed_run = RecipeRun.objects.create(recipe=version.recipe, state="failed", error="No memory.")
    export_write(version=version, format="trl_jsonl", split="train", user=user)
    ExportBuild.objects.create(version=version, format="csv", split="eval", state="failed", error="No rows.")
    some_verdicts(Judge.objects.get(pk=judge))
    return {
        "failed_job": failed_job,
        "failed_run": failed_run.pk,
        "evaluation": finished_evaluation(of, model, judge, user),
        "import_done": finished_import(of, b'{"prompt": "Whole?"}\n{not json\n{"prompt": ""}\n').pk,
        "import_failed": finished_import(of, gzip.compress(ROWS)[:-40]).pk,
        "import_draft": import_create(project=of, user=user, upload=ContentFile(ROWS, name="draft.jsonl")).pk,
        "import_preferences": import_create(
            project=of, user=user, upload=ContentFile(PREFERENCES, name="preferences.jsonl")
        ).pk,
        "anna": Membership.objects.get(project=of, user__username="anna").pk,
    }


def finished_import(project: Project, content: bytes) -> PromptImport:
    """Run in this process to its end, good or bad."""
    made = import_create(project=project, user=None, upload=ContentFile(content, name="prompts.jsonl"))
    import_start(prompt_import=made, mapping=FieldMapping(prompt="prompt"), send=False)
    import_run(import_id=made.pk)
    return made


def finished_evaluation(project: Project, model: int, judge: int, user: User) -> int:
    """A win, a flip, a tie and an unparsed verdict against a second model, as a worker reports them."""
    path = ModelVersion.objects.get(pk=model).path
    # Of its own: what the worker reports would be taken for a change of the other model's files.
    first, second = (
        ModelVersion.objects.create(project=project, name=name, kind="base", path=path)
        for name in ("tiny before", "tiny after")
    )
    with transaction.atomic():  # no worker may see it as queued
        made = evaluation_create(
            project=project,
            user=user,
            model=second,
            baseline=first,
            judge=Judge.objects.get(pk=judge),
            split="train",
            max_prompts=4,
            sampling=Sampling(n=1, max_tokens=16),
        )
        Job.objects.filter(pk=made.job_id).update(state="done")
    made.job.out_dir.mkdir(parents=True, exist_ok=True)
    write_evaluation(made)
    Evaluate().finish(made.job)
    return int(made.pk)


def some_verdicts(judge: Judge) -> None:
    """One pair judged alike in both orders, one that flips, and one that could not be parsed."""
    agreed, flipped, silent = Pair.objects.filter(prompt__project=judge.project_id).order_by("pk")[:3]
    said = {(agreed, "a"): 0.9, (agreed, "b"): 0.2, (flipped, "a"): 0.8, (flipped, "b"): 0.7}
    rows = [
        verdict_row(pair.pk, left, said.get((pair, left)))
        for pair in (agreed, flipped, silent)
        for left in "ab"
    ]
    verdicts_ingest(judge=judge, rows=rows)
