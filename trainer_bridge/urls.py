"""Jobs, runs, models and evaluations, grouped by resource. All paths begin with `p/<slug>/`."""

from django.urls import URLPattern, include, path

app_name = "training"

# …/jobs/, and what starts one
job_urls: list[URLPattern] = []

# …/runs/, …/models/, …/evaluations/
run_urls: list[URLPattern] = []
model_urls: list[URLPattern] = []
evaluation_urls: list[URLPattern] = []

urlpatterns = [
    path("p/<slug:slug>/", include([*job_urls, *run_urls, *model_urls, *evaluation_urls])),
]
