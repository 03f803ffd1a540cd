"""Data for a real site, made inside its own environment: `python -m tests.seeds FUNCTION JSON`."""

from __future__ import annotations

import gzip
import json
import sys
from typing import Any

import django
from django.core.files.base import ContentFile
from django.db import transaction

django.setup()

from annotators.answers import Answer  # noqa: E402
from annotators.decisions import decisions_for  # noqa: E402
from annotators.models import Assignment, Campaign  # noqa: E402
from annotators.services.assignment_claim import assignment_claim  # noqa: E402
from annotators.services.campaign_create import campaign_create  # noqa: E402
from annotators.services.campaign_manage import campaign_start  # noqa: E402
from annotators.services.gold_manage import gold_add  # noqa: E402
from annotators.services.guideline_save import guideline_save  # noqa: E402
from annotators.services.label_submit import label_submit  # noqa: E402
from annotators.services.quality_build import quality_build, quality_request  # noqa: E402
from annotators.services.review_decide import review_decide  # noqa: E402
from annotators.task_form import REASONS, SAFETY_TAGS, Rationale, Scale, Segments, Spans, TaskForm  # noqa: E402
from curation.algorithms.fingerprints import messages_fingerprint, sha256_hex  # noqa: E402
from curation.importers.datasets.registry import FORMATS  # noqa: E402
from curation.models import (  # noqa: E402
    DatasetComparison,
    DatasetVersion,
    ExportBuild,
    Judgment,
    Membership,
    Pair,
    Project,
    Prompt,
    PromptExclusion,
    PromptImport,
    Rater,
    RecipeRun,
    Response,
    User,
)
from curation.services.bias_build import bias_build, bias_request  # noqa: E402
from curation.services.cleaning_build import cleaning_build, cleaning_request  # noqa: E402
from curation.services.comparison_build import comparison_build, comparison_request  # noqa: E402
from curation.services.dataset_freeze import dataset_freeze  # noqa: E402
from curation.services.export_write import export_write  # noqa: E402
from curation.services.invitation_create import invitation_create  # noqa: E402
from curation.services.judgment_record import judgment_record  # noqa: E402
from curation.services.pair_build import pairs_build  # noqa: E402
from curation.services.project_create import project_create  # noqa: E402
from curation.services.prompt_exclude import duplicates_exclude  # noqa: E402
from curation.services.prompt_import import import_create, import_run, import_start  # noqa: E402
from curation.services.prompt_parse import FieldMapping  # noqa: E402
from curation.services.recipe_run import recipe_run  # noqa: E402
from curation.services.recipe_save import recipe_save  # noqa: E402
from judges.models import Judge  # noqa: E402
from judges.services.judge_create import judge_create  # noqa: E402
from judges.services.rubric_default import rubric_default  # noqa: E402
from judges.services.verdict_ingest import verdicts_ingest  # noqa: E402
from tests.trainer_bridge.training import verdict_row, write_evaluation  # noqa: E402
from trainer_bridge.contracts import LoraSpec, Sampling, TrainArgs  # noqa: E402
from trainer_bridge.kinds.evaluate import Evaluate  # noqa: E402
from trainer_bridge.models import Job, ModelVersion, TrainingRun  # noqa: E402
from trainer_bridge.services.evaluation_create import evaluation_create  # noqa: E402
from trainer_bridge.services.job_create import generation_create, scoring_create  # noqa: E402
from trainer_bridge.services.run_create import run_create  # noqa: E402

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


def sampling(*, project: int, model: int, n: int = 4, max_tokens: int = 64, batch_size: int = 16) -> int:
    """A sampling job over every prompt."""
    job = generation_create(
        project=Project.objects.get(pk=project),
        user=User.objects.get(username="alice"),
        model=ModelVersion.objects.get(pk=model),
        sampling=Sampling(n=n, max_tokens=max_tokens),
        split="",
        batch_size=batch_size,
    )
    return int(job.pk)


def asking(*, project: int, base_url: str, model_name: str, n: int) -> int:
    """A sampling job over every prompt that asks an endpoint, one request at a time."""
    job = generation_create(
        project=Project.objects.get(pk=project),
        user=User.objects.get(username="alice"),
        base_url=base_url,
        model_name=model_name,
        sampling=Sampling(n=n, max_tokens=16),
        split="",
        concurrency=1,
    )
    return int(job.pk)


def pairs(*, project: int) -> int:
    return pairs_build(project=Project.objects.get(pk=project)).created


def scoring(*, project: int, model: int) -> int:
    job = scoring_create(
        project=Project.objects.get(pk=project),
        user=User.objects.get(username="alice"),
        model=ModelVersion.objects.get(pk=model),
    )
    return int(job.pk)


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


def responses(*, project: int, per_prompt: int = 6, length: int = 400) -> int:
    """Written answers, all different, without any model."""
    author = User.objects.get(username="alice")
    rows = [
        Response(prompt=prompt, author=author, text=text, text_hash=sha256_hex(text))
        for prompt in Prompt.objects.filter(project=project)
        for text in (f"{prompt.pk}-{number} " * (length // 8) for number in range(per_prompt))
    ]
    return len(Response.objects.bulk_create(rows))


def frozen(*, project: int, model: int) -> dict[str, int]:
    """A recipe, its run, another recipe, two dataset versions, compared, the second with a bias report and a
    queued run on it, a rubric and a judge."""
    user = User.objects.get(username="alice")
    recipe = recipe_save(
        project=Project.objects.get(pk=project), name="All", steps=[{"step": "consensus_exists"}], user=user
    )
    stricter: list[dict[str, Any]] = [
        *recipe.steps,
        {"step": "min_margin"},
        {"step": "licence", "licences": [""]},
    ]
    recipe_save(project=recipe.project, name="Stricter", steps=stricter, user=user)
    before = dataset_freeze(recipe=recipe, user=user)
    version = dataset_freeze(recipe=recipe, user=user)
    comparison_build(comparison_id=comparison_request(old=before, new=version, user=user).pk)
    bias_build(report_id=bias_request(version=version, user=user).pk)
    rubric = rubric_default(project=recipe.project, user=user)
    judge = judge_create(
        project=recipe.project,
        name="Tiny judge",
        rubric=rubric,
        backend="transformers",
        model_name=ModelVersion.objects.get(pk=model).path,
        user=user,
    )
    run = seeded_run(version, model, user, steps=8, save_steps=4)
    return {
        "recipe": recipe.pk,
        "recipe_run": recipe_run(recipe=recipe, user=user).pk,
        "number": version.number,
        "rubric": rubric.pk,
        "judge": judge.pk,
        "run": run.pk,
        "job": run.job_id,
    }


def training(*, project: int, model: int, steps: int = 40, save_steps: int = 5) -> int:
    """Freeze every judged pair and train on them; the id of the run's job."""
    recipe = recipe_save(
        project=Project.objects.get(pk=project), name="All", steps=[{"step": "consensus_exists"}], user=None
    )
    user = User.objects.get(username="alice")
    version = dataset_freeze(recipe=recipe, user=user)
    return int(seeded_run(version, model, user, steps=steps, save_steps=save_steps).job_id)


def seeded_run(
    version: DatasetVersion, model: int, user: User, *, steps: int, save_steps: int
) -> TrainingRun:
    return run_create(
        project=version.project,
        dataset_version=version,
        base_model=ModelVersion.objects.get(pk=model),
        name="Seeded run",
        args=TrainArgs(max_steps=steps, save_steps=save_steps, per_device_train_batch_size=2, max_length=512),
        lora=LoraSpec(r=4, alpha=8),
        user=user,
    )


def cleaned(*, project: int) -> dict[str, int]:
    """Two clusters of near duplicates, one of them cleaned; an address; a German prompt that says it is
    English: each with its search."""
    owner, alice = Project.objects.get(pk=project), User.objects.get(username="alice")
    for text in ("Name the capital of France.", "Sort the list of these numbers: 3, 1, 2"):
        for end in ("", "!"):
            messages = [{"role": "user", "content": f"{text}{end}"}]
            Prompt.objects.create(
                project=owner, messages=messages, fingerprint=messages_fingerprint(messages)
            )
    for text, language in (
        ("Write to jane.doe@corp.com, please.", ""),
        ("Nenne mir bitte die Hauptstadt von Frankreich.", "en"),
    ):
        messages = [{"role": "user", "content": text}]
        Prompt.objects.create(
            project=owner, messages=messages, language=language, fingerprint=messages_fingerprint(messages)
        )
    with transaction.atomic():  # a worker that is sent them then finds them done
        found = cleaning_request(
            project=owner, kind="duplicates", params={"n": 3, "threshold": 0.7}, user=alice
        )
        data = cleaning_request(project=owner, kind="patterns", params={}, user=alice)
        spoken = cleaning_request(project=owner, kind="languages", params={}, user=alice)
        for report in (found, data, spoken):
            cleaning_build(report_id=report.pk)
    duplicates_exclude(report=found, rule="oldest", user=alice, cluster=1)
    out = PromptExclusion.objects.filter(report=found).earliest("id")
    return {"excluded": out.prompt_id}


def campaign(*, project: int, overlap: int = 1, lease_seconds: int = 900) -> int:
    made = campaign_create(
        project=Project.objects.get(pk=project),
        name="First look",
        pairs=Pair.objects.filter(prompt__project=project),
        overlap=overlap,
        lease_seconds=lease_seconds,
        guidelines="Prefer the response that answers the question.",
        user=User.objects.get(username="alice"),
    )
    campaign_start(campaign=made)
    return int(made.pk)


def quality(*, project: int, campaign: int) -> dict[str, int]:
    """A gold pair, imported raters who mostly agree on every pair, and a report on each of project and
    campaign."""
    owner = Project.objects.get(pk=project)
    alice = User.objects.get(username="alice")
    pairs = list(Pair.objects.filter(prompt__project=project).order_by("pk"))
    raters = [Rater.objects.create(project=owner, kind="person", label=f"expert {n}") for n in (1, 2, 3)]
    for number, pair in enumerate(pairs):
        for place, rater in enumerate(raters):
            judgment_record(
                pair=pair,
                rater=rater,
                left="ab"[(number + place) % 2],
                outcome=Judgment.Outcome.PREFERRED,
                preference=1 + (number + place) % 3 if (number + 2 * place) % 5 else -2,
                source=Judgment.Source.IMPORT,
            )
    gold = gold_add(project=owner, pair=pairs[-1], expected="a", user=alice, explanation="A **answers**.")
    for of in (Campaign.objects.get(pk=campaign), None):
        quality_build(report_id=quality_request(project=owner, campaign=of, user=alice).pk)
    return {"gold": gold.pk, "rater": raters[0].pk}


def campaign_worked(*, project: int) -> dict[str, int]:
    """A campaign with every kind of part, two versions of guidelines, answers that differ, and two people."""
    alice, anna = (User.objects.get(username=name) for name in ("alice", "anna"))
    task = TaskForm(
        steps=7,
        ratings=(Scale(name="Helpfulness"), Scale(name="Correctness")),
        comparisons=("Style",),
        spans=Spans(),
        segments=Segments(),
        rationale=Rationale(reasons=REASONS),
        rewrite="optional",
        safety=SAFETY_TAGS,
    )
    made = campaign_create(
        project=Project.objects.get(pk=project),
        name="Worked on",
        pairs=Pair.objects.filter(prompt__project=project),
        form=task,
        overlap=2,
        overlap_cap=3,
        order="uncertainty",
        control_share=0.3,
        guidelines="Prefer the response that answers the question.",
        participants=[anna],
        user=alice,
    )
    campaign_start(campaign=made)
    given = [Answer("preferred", 3, rationale="It answers."), Answer("preferred", -2), Answer("tie")]
    for number in range(24):
        person = (alice, anna)[number % 2]
        turn = assignment_claim(campaign=made, user=person)
        if turn is not None:
            label_submit(assignment_id=turn.pk, user=person, answer=given[number % 3])
    guideline_save(campaign=made, text="Prefer the response that answers the question in fewer words.")
    assignment_claim(campaign=made, user=anna)
    return {"campaign_worked": made.pk}


def disagreement(*, project: int) -> dict[str, int | str]:
    """A campaign in which Anna and Bea disagree; one pair waits for a reviewer, one was decided by Alice.

    Also an invitation as reviewer, by its secret, and one of Anna's answers.
    """
    owner, anna = (User.objects.get(username=name) for name in ("alice", "anna"))
    bea = User.objects.filter(username="bea").first() or make_user("bea")
    Membership.objects.get_or_create(project_id=project, user=bea, defaults={"role": "annotator"})
    made = campaign_create(
        project=Project.objects.get(pk=project),
        name="Second look",
        pairs=Pair.objects.filter(prompt__project=project),
        limit=3,
        overlap=2,
        guidelines="Prefer the response that answers the question.",
        user=owner,
    )
    campaign_start(campaign=made)
    for person, towards_a in ((anna, 2), (bea, -2)):
        for _ in range(2):
            turn = assignment_claim(campaign=made, user=person)
            assert turn is not None
            side = towards_a if turn.left == "a" else -towards_a
            label_submit(assignment_id=turn.pk, user=person, answer=Answer("preferred", side))
    first, second = made.campaign_pairs.filter(review="open").select_related("campaign", "pair__prompt")
    choice = decisions_for(made.task)[0]
    review_decide(campaign_pair=second, user=owner, choice=choice, cause="slip", note="B is cut off.")
    _, secret = invitation_create(project=made.project, user=owner, role="reviewer", note="Night shift")
    answered = Assignment.objects.filter(annotator=anna, campaign=made).earliest("pk")
    return {
        "again": made.pk,
        "waiting": first.pk,
        "decided": second.pk,
        "secret": secret,
        "turn": answered.pk,
    }


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


PREFERENCES = json.dumps(FORMATS["helpsteer3"].example).encode() + b"\n{not json\n"
ROWS = b"".join(b'{"prompt": "Row %d?", "topic": "rows"}\n' % number for number in range(50))


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


def main() -> None:
    function: Any = globals()[sys.argv[1]]
    print(json.dumps(function(**json.loads(sys.argv[2]))))  # noqa: T201 -- the answer to the caller


if __name__ == "__main__":
    main()
