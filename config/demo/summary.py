"""What came out of the loop, read back from the database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from config.demo.state import DemoState
from curation.models import DatasetVersion, Export, Judgment, Pair, PairScore, Project, Prompt, Response
from judges.models import Judge
from judges.querysets import judge_stats
from trainer_bridge.models import Evaluation, ModelVersion, TrainingRun


def demo_summary(state: DemoState) -> dict[str, Any]:
    """The keys of `summary.json`. Log-probabilities are sums over response tokens; rates are shares of 1."""
    project = Project.objects.get(pk=state.ids["project"])
    version = DatasetVersion.objects.get(pk=state.ids["version"])
    export = Export.objects.get(pk=state.ids["export"])
    run = TrainingRun.objects.get(pk=state.ids["run"])
    model = ModelVersion.objects.get(training_run=run)
    evaluation = Evaluation.objects.get(pk=state.ids["evaluation"])
    judge = Judge.objects.get(pk=state.ids["judge"])
    return {
        "prompts": Prompt.objects.filter(project=project).count(),
        "responses": Response.objects.for_project(project).count(),
        "pairs": Pair.objects.for_project(project).count(),
        "judgments": Judgment.objects.for_project(project).current().count(),
        "judge_flip_rate": judge_stats(judge).flip_rate,
        "scored_pairs": PairScore.objects.filter(pair__prompt__project=project, scorer="ln_ches")
        .values("pair")
        .distinct()
        .count(),
        "funnel": [{key: step[key] for key in ("step", "kept", "dropped")} for step in version.funnel],
        "version_rows": version.n_rows,
        "version_hash": version.content_hash,
        "export_path": str(Path(export.path).resolve()),
        **{key: run.result[key] for key in ("train_steps", "loss_first", "loss_last", "margin_last")},
        "logps_chosen_change": run.result["logps_chosen_change"],
        "likelihood_displacement": run.displaced,
        "model_path": model.path,
        "base_fingerprint": run.result["base_fingerprint"],
        "model_fingerprint": run.result["model_fingerprint"],
        "eval_prompts": evaluation.result["eval_prompts"],
        "win_rate": evaluation.win_rate,
        "win_rate_ci": [evaluation.ci_low, evaluation.ci_high],
        "peak_memory_gib": state.peak_memory_gib,
        "seconds": {**state.seconds, "total": round(sum(state.seconds.values()), 1)},
    }


def print_summary(console: Console, summary: dict[str, Any]) -> None:
    table = Table(title="What the loop made", show_header=False, title_justify="left")
    table.add_column(style="bold")
    table.add_column()
    for key, value in summary.items():
        table.add_row(key.replace("_", " "), readable(value))
    console.print(table)


def readable(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return "  ".join(f"{key} {readable(item)}" for key, item in value.items())
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "\n".join(f"{row['step']}: {row['kept']} kept, {row['dropped']} dropped" for row in value)
    if isinstance(value, list):
        return " … ".join(readable(item) for item in value)
    return str(value)
