"""The model registry: the list, a new base model, one model with where it comes from."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET

from curation.policies import researcher_access
from trainer_bridge.errors import JobError
from trainer_bridge.forms.models import ModelForm
from trainer_bridge.models import ModelVersion
from trainer_bridge.querysets import raters_of
from trainer_bridge.services.model_register import model_register

PAGE_SIZE = 50


@login_required
@require_GET
def model_list(request: HttpRequest, slug: str) -> HttpResponse:
    access = researcher_access(request, slug)
    models = ModelVersion.objects.filter(project=access.project).with_origin().order_by("-pk")
    page = Paginator(models, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "trainer_bridge/model_list.html", {"access": access, "page": page})


@login_required
def model_create(request: HttpRequest, slug: str) -> HttpResponse:
    access = researcher_access(request, slug)
    form = ModelForm(request.POST or None)
    if form.is_valid():
        try:
            model = model_register(project=access.project, user=access.user, **form.cleaned_data)
        except JobError as error:
            form.add_error(None, str(error))
        else:
            return redirect("training:model-detail", slug=slug, pk=model.pk)
    return render(request, "trainer_bridge/model_create.html", {"access": access, "form": form})


@login_required
@require_GET
def model_detail(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    model = get_object_or_404(ModelVersion.objects.with_origin(), pk=pk, project=access.project)
    run = getattr(model, "training_run", None)
    context = {
        "access": access,
        "model": model,
        "run": run,
        "raters": raters_of(run.dataset_version) if run else [],
        "evaluations": model.evaluations.select_related("baseline", "judge", "job")[:PAGE_SIZE],
        "descendants": model.descendants.order_by("-pk")[:PAGE_SIZE],
        "rounds": model.rounds.prefetch_related("samplers"),
    }
    return render(request, "trainer_bridge/model_detail.html", context)
