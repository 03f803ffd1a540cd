"""Jobs, runs, models and evaluations, grouped by resource. All paths begin with `p/<slug>/`."""

from django.urls import URLPattern, include, path

from trainer_bridge.views import evaluations, jobs, launches, lineage, models, runs, scores

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
    path("estimate/", launches.estimate_create, name="estimate-create"),
    path("embed/", launches.embed_create, name="embedding-create"),
    path("judges/<int:judge_pk>/run/", launches.judge_create, name="judging-create"),
]

# …/scores/
score_urls: list[URLPattern] = [
    path("scores/", scores.score_list, name="score-list"),
    path("scores/from-judgments/", scores.score_judgments, name="score-judgments"),
    path("scores/from-rankings/", scores.score_rankings, name="score-rankings"),
]

# …/runs/, and what starts one
run_urls: list[URLPattern] = [
    path("datasets/<int:number>/train/", runs.run_create, name="run-create"),
    path("runs/", runs.run_list, name="run-list"),
    path("runs/<int:pk>/", runs.run_detail, name="run-detail"),
    path("runs/<int:pk>/metrics.json", runs.run_metrics, name="run-metrics"),
]

# What a dataset version is made of and what it made
lineage_urls: list[URLPattern] = [
    path("datasets/<int:number>/lineage/", lineage.lineage, name="dataset-lineage"),
]

# …/models/
model_urls: list[URLPattern] = [
    path("models/", models.model_list, name="model-list"),
    path("models/new/", models.model_create, name="model-create"),
    path("models/<int:pk>/", models.model_detail, name="model-detail"),
]

# …/evaluations/, and what starts one
evaluation_urls: list[URLPattern] = [
    path("models/<int:pk>/evaluate/", evaluations.evaluation_create, name="evaluation-create"),
    path("evaluations/", evaluations.evaluation_list, name="evaluation-list"),
    path("evaluations/<int:pk>/", evaluations.evaluation_detail, name="evaluation-detail"),
]

urlpatterns = [
    path(
        "p/<slug:slug>/",
        include(
            [*job_urls, *launch_urls, *score_urls, *run_urls, *lineage_urls, *model_urls, *evaluation_urls]
        ),
    ),
]
