"""Link a model to what is sampled from it: the turn from step 8 back to step 2."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Max

from curation.models import Project, Sampler
from trainer_bridge.models import ModelVersion, Round


@transaction.atomic
def round_open(*, project: Project, model: ModelVersion, sampler: Sampler) -> Round:
    """The round of this model, opened at its first sampling; `sampler` becomes one of its samplers."""
    # One writer a project at a time, so that two first samplings get two numbers.
    Project.objects.select_for_update().get(pk=project.pk)
    turn = Round.objects.filter(project=project, model=model).first()
    if turn is None:
        last = Round.objects.filter(project=project).aggregate(last=Max("number"))["last"] or 0
        turn = Round.objects.create(project=project, model=model, number=last + 1)
    turn.samplers.add(sampler)
    return turn
