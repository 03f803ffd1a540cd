"""Recipes and their funnels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.text import slugify
from django.views.decorators.http import require_POST

from curation.algorithms.recipe_diff import WORDS
from curation.errors import CurationError
from curation.forms.comparisons import RecipeComparisonForm
from curation.forms.datasets import FreezeForm
from curation.forms.recipes import RecipeForm
from curation.models import FilterRecipe, RecipeRun
from curation.policies import Access, researcher_access, reviewer_access
from curation.recipes.files import recipe_yaml
from curation.recipes.funnel import emptied
from curation.recipes.pages import (
    compared_steps,
    described_steps,
    funnel_with_examples,
    other_version,
    previewed_steps,
    recipes_with_last_run,
    versions_of,
)
from curation.recipes.presets import Preset, available_presets
from curation.recipes.steps import STEPS
from curation.report_standing import Standing
from curation.services import recipe_preview as service
from curation.services.freeze_build import freeze_request
from curation.services.recipe_save import recipe_save
from curation.services.run_build import run_request
from curation.views.standing import is_poll, standing_part


@login_required
def recipe_list(request: HttpRequest, slug: str) -> HttpResponse:
    access = reviewer_access(request, slug)
    recipes = recipes_with_last_run(access.project)
    page = Paginator(recipes, 50).get_page(request.GET.get("page"))
    return render(request, "curation/recipe_list.html", {"access": access, "page": page})


@login_required
def recipe_create(request: HttpRequest, slug: str) -> HttpResponse:
    access = researcher_access(request, slug)
    presets = {preset.key: preset for preset in available_presets()}
    preset = presets.get(request.GET.get("preset", ""))
    start: dict[str, Any] = {"name": preset.name, "steps": list(preset.steps)} if preset else {}
    form = RecipeForm(access.project, request.POST or None, **start)
    return _recipe_form(request, access, form, presets=presets)


@login_required
def recipe_edit(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    recipe = get_object_or_404(FilterRecipe, pk=pk, project=access.project)
    form = RecipeForm(access.project, request.POST or None, name=recipe.name, steps=recipe.steps)
    return _recipe_form(request, access, form, recipe)


def _recipe_form(
    request: HttpRequest,
    access: Access,
    form: RecipeForm,
    recipe: FilterRecipe | None = None,
    presets: Mapping[str, Preset] | None = None,
) -> HttpResponse:
    """Change the list of steps, or save it."""
    action = request.POST.get("action", "save")
    if request.method == "POST" and action != "save":
        form = form.changed(action)
    elif request.method == "POST" and form.is_valid():
        try:
            saved = recipe_save(
                project=access.project,
                name=form.name.cleaned_data["name"],
                steps=form.raw_steps,
                user=access.user,
            )
        except CurationError as error:
            form.error = str(error)
        else:
            return redirect("curation:recipe-detail", slug=access.project.slug, pk=saved.pk)
    context = {"access": access, "form": form, "recipe": recipe, "kinds": STEPS, "presets": presets}
    return render(request, "curation/recipe_form.html", context)


@login_required
@require_POST
def recipe_preview(request: HttpRequest, slug: str) -> HttpResponse:
    """What each step of the form would keep, as fragments that the form's page puts beside its steps."""
    access = researcher_access(request, slug)
    form = RecipeForm(access.project, request.POST)
    context: dict[str, Any] = {"access": access, "mistake": form.first_mistake}
    if not context["mistake"]:
        try:
            preview = service.recipe_preview(
                project=access.project, steps=form.raw_steps, snapshot=form.snapshot
            )
        except CurationError as error:
            context["mistake"] = str(error)
        else:
            context |= {"preview": preview, "steps": previewed_steps(access.project, preview)}
    return render(request, "curation/recipe_preview.html", context)


@login_required
def recipe_detail(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = reviewer_access(request, slug)
    recipe = get_object_or_404(
        FilterRecipe.objects.select_related("created_by"), pk=pk, project=access.project
    )
    versions = versions_of(recipe)
    context = {
        "access": access,
        "recipe": recipe,
        "steps": described_steps(recipe.steps),
        "versions": versions,
        "other": other_version(recipe, versions),
        "page": Paginator(recipe.runs.select_related("created_by"), 50).get_page(request.GET.get("page")),
    }
    return render(request, "curation/recipe_detail.html", context)


@login_required
def recipe_comparison(request: HttpRequest, slug: str) -> HttpResponse:
    """Two recipes, or two versions of one, step by step."""
    access = reviewer_access(request, slug)
    form = RecipeComparisonForm(request.GET.dict(), project=access.project)
    context: dict[str, Any] = {"access": access, "form": form}
    if form.is_valid():
        rows = compared_steps(**form.cleaned_data)
        counts = Counter(word for row in rows for word in row["words"])
        context |= {**form.cleaned_data, "rows": rows, "counts": [(word, counts[word]) for word in WORDS]}
    elif form.asks_for_what_is_not_there:
        raise Http404
    status = 200 if form.is_valid() or form.n_recipes < 2 else 400
    return render(request, "curation/recipe_comparison.html", context, status=status)


@login_required
def recipe_file(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = reviewer_access(request, slug)
    recipe = get_object_or_404(FilterRecipe, pk=pk, project=access.project)
    name = f"{slugify(recipe.name) or 'recipe'}-v{recipe.version}.yaml"
    return HttpResponse(
        recipe_yaml(recipe),
        content_type="application/yaml; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@login_required
@require_POST
def recipe_run_start(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    recipe = get_object_or_404(FilterRecipe, pk=pk, project=access.project)
    run = run_request(recipe=recipe, user=access.user)
    return redirect("curation:run-detail", slug=slug, pk=run.pk)


@login_required
def run_detail(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The page; for htmx, where the run stands while a worker has it, and after that its freezes."""
    access = reviewer_access(request, slug)
    runs = RecipeRun.objects.select_related("recipe", "created_by")
    run = get_object_or_404(runs, pk=pk, recipe__project=access.project)
    is_done = run.state == RecipeRun.State.DONE
    standing = Standing(run if is_done else None, None if is_done else run)
    if is_poll(request) and request.headers.get("HX-Target") == "standing":
        return standing_part(request, access, standing)
    context: dict[str, Any] = {
        "access": access,
        "run": run,
        "is_done": is_done,
        "standing": standing,
        "freezes": run.freezes.select_related("version", "created_by"),
        "form": FreezeForm(),
    }
    if is_poll(request):
        return render(request, "curation/run_detail.html#freezes", context)
    context["funnel"] = funnel_with_examples(access.project, run.funnel)
    context["emptied"] = emptied(run.funnel, run.pairs_in) if is_done else None
    return render(request, "curation/run_detail.html", context)


@login_required
@require_POST
def dataset_freeze_start(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    runs = RecipeRun.objects.filter(state=RecipeRun.State.DONE)
    run = get_object_or_404(runs, pk=pk, recipe__project=access.project)
    form = FreezeForm(request.POST)
    if not form.is_valid():
        messages.error(request, "The note is too long: keep it under 2000 characters.")
        return redirect("curation:run-detail", slug=slug, pk=pk)
    freeze_request(run=run, user=access.user, note=form.cleaned_data["note"])
    return redirect(reverse("curation:run-detail", args=[slug, pk]) + "#freeze")
