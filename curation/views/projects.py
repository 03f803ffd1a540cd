"""The list of projects, a new one, and what a project holds."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from curation.forms.projects import ProjectForm
from curation.models import User
from curation.overview import memberships_with_counts, next_step, project_counts, stages
from curation.policies import member_access
from curation.services.project_create import project_create


@login_required
def home(request: HttpRequest) -> HttpResponse:
    user = get_object_or_404(User, pk=request.user.pk)
    page = Paginator(memberships_with_counts(user), 50).get_page(request.GET.get("page"))
    return render(request, "curation/home.html", {"page": page})


@login_required
def project_new(request: HttpRequest) -> HttpResponse:
    owner = get_object_or_404(User, pk=request.user.pk)
    form = ProjectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        project = project_create(owner=owner, **form.cleaned_data)
        return redirect("curation:project-detail", slug=project.slug)
    return render(request, "curation/project_create.html", {"form": form})


@login_required
def project_detail(request: HttpRequest, slug: str) -> HttpResponse:
    access = member_access(request, slug)
    if not access.is_reviewer:
        return redirect("annotators:work", slug=slug)
    counts = project_counts(access.project)
    flow = stages(counts, researcher=access.is_researcher)
    context = {"access": access, "stages": flow, "next_step": next_step(counts)}
    return render(request, "curation/project_detail.html", context)
