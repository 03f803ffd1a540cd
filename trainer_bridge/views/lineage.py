"""A dataset version from its prompt files and people to the models trained on it."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from config.graphs import layered
from curation.models import DatasetVersion
from curation.policies import researcher_access
from trainer_bridge.lineage import dataset_lineage


@login_required
@require_GET
def lineage(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    access = researcher_access(request, slug)
    versions = DatasetVersion.objects.select_related("project", "recipe")
    version = get_object_or_404(versions, project=access.project, number=number)
    columns, edges = dataset_lineage(version)
    context = {"access": access, "version": version, "columns": columns, "graph": layered(columns, edges)}
    return render(request, "trainer_bridge/lineage.html", context)
