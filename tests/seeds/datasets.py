"""Recipes and dataset versions, and prompts to clean."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from curation.algorithms.fingerprints import messages_fingerprint
from curation.models import Project, Prompt, PromptExclusion, User
from curation.services.bias_build import bias_build, bias_request
from curation.services.cleaning_build import cleaning_build, cleaning_request
from curation.services.comparison_build import comparison_build, comparison_request
from curation.services.dataset_freeze import dataset_freeze
from curation.services.prompt_exclude import duplicates_exclude
from curation.services.recipe_run import recipe_run
from curation.services.recipe_save import recipe_save
from judges.services.judge_create import judge_create
from judges.services.rubric_default import rubric_default
from tests.seeds.jobs import seeded_run
from trainer_bridge.models import ModelVersion


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
