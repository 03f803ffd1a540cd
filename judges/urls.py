"""Step 4 by models. Everything lives under p/<slug>/."""

from __future__ import annotations

from django.urls import URLPattern, path

from judges.views import judges, rubrics

app_name = "judges"

# judges/…
judge_urls: list[URLPattern] = [
    path("p/<slug:slug>/judges/", judges.judge_list, name="judge-list"),
    path("p/<slug:slug>/judges/new/", judges.judge_create, name="judge-create"),
    path("p/<slug:slug>/judges/<int:pk>/", judges.judge_detail, name="judge-detail"),
    path("p/<slug:slug>/judges/<int:pk>/verdicts/", judges.verdict_list, name="verdict-list"),
]

# rubrics/…
rubric_urls: list[URLPattern] = [
    path("p/<slug:slug>/rubrics/", rubrics.rubric_list, name="rubric-list"),
    path("p/<slug:slug>/rubrics/new/", rubrics.rubric_create, name="rubric-create"),
    path("p/<slug:slug>/rubrics/<int:pk>/", rubrics.rubric_detail, name="rubric-detail"),
]

urlpatterns = [*judge_urls, *rubric_urls]
