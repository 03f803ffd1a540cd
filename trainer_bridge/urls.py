"""Jobs, runs, models and evaluations, grouped by resource. All paths begin with `p/<slug>/`."""

from django.urls import URLPattern, include, path

from trainer_bridge.views import jobs, launches

app_name = "training"

# …/jobs/
job_urls: list[URLPattern] = [
    path("jobs/", jobs.job_list, name="job-list"),
    path("jobs/<int:pk>/", jobs.job_detail, name="job-detail"),
    path("jobs/<int:pk>/cancel/", jobs.job_cancel, name="job-cancel"),
    path("jobs/<int:pk>/retry/", jobs.job_retry, name="job-retry"),
    path("worker-status/", jobs.worker_status, name="worker-status"),
]

# What starts a job
launch_urls: list[URLPattern] = [
    path("sample/", launches.generate_create, name="generate-create"),
    path("score/", launches.score_create, name="scoring-create"),
    path("judges/<int:judge_pk>/run/", launches.judge_create, name="judging-create"),
]

# …/runs/, …/models/, …/evaluations/
run_urls: list[URLPattern] = []
model_urls: list[URLPattern] = []
evaluation_urls: list[URLPattern] = []

urlpatterns = [
    path(
        "p/<slug:slug>/",
        include([*job_urls, *launch_urls, *run_urls, *model_urls, *evaluation_urls]),
    ),
]
