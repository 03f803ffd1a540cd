"""Dataset versions, runs and evaluations, and the files their workers leave."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from curation.models import DatasetRow, DatasetVersion, FilterRecipe, Project, User
from judges.models import Judge
from judges.services.judge_create import judge_create
from judges.services.rubric_default import rubric_default
from tests.factories import PairFactory, PromptFactory
from tests.trainer_bridge.fakes import ModelVersionFactory
from trainer_bridge.contracts import EvaluateResult, LoraSpec, Sampling, TrainArgs, TrainResult
from trainer_bridge.models import Evaluation, Job, ModelVersion, TrainingRun
from trainer_bridge.services.evaluation_create import evaluation_create
from trainer_bridge.services.run_create import run_create


def make_version(project: Project, rows: int = 3, split: str = "train") -> DatasetVersion:
    recipe, _ = FilterRecipe.objects.get_or_create(project=project, name="All", defaults={"steps": []})
    number = DatasetVersion.objects.filter(project=project).count() + 1
    version = DatasetVersion.objects.create(
        project=project,
        number=number,
        recipe=recipe,
        content_hash="0" * 64,
        n_rows=rows,
        n_dropped=0,
        funnel=[],
    )
    for position in range(rows):
        pair = PairFactory(prompt=PromptFactory(project=project, split=split))
        DatasetRow.objects.create(
            version=version,
            position=position,
            pair=pair,
            chosen=pair.response_a,
            rejected=pair.response_b,
            margin=0.5,
            soft_label=0.75,
            split=split,
        )
    return version


def make_run(project: Project, user: User, **changes: Any) -> TrainingRun:
    fields: dict[str, Any] = {
        "dataset_version": changes.pop("dataset_version", None) or make_version(project),
        "base_model": changes.pop("base_model", None) or ModelVersionFactory(project=project),
        "name": "First run",
        "args": TrainArgs(per_device_train_batch_size=2),
        "lora": LoraSpec(),
    }
    run = run_create(project=project, user=user, **fields | changes)
    run.job.out_dir.mkdir(parents=True, exist_ok=True)
    return run


def make_judge(project: Project, user: User) -> Judge:
    return judge_create(
        project=project,
        name="Endpoint",
        rubric=rubric_default(project=project, user=user),
        backend="openai",
        model_name="served",
        base_url="http://127.0.0.1:9/v1",
        user=user,
    )


def make_evaluation(project: Project, user: User, prompts: int = 4, **changes: Any) -> Evaluation:
    for _ in range(prompts):
        PromptFactory(project=project, split="eval")
    baseline = ModelVersionFactory(project=project)
    fields: dict[str, Any] = {
        "model": ModelVersionFactory(project=project),
        "baseline": baseline,
        "judge": make_judge(project, user),
        "sampling": Sampling(n=1, max_tokens=16),
    }
    evaluation = evaluation_create(project=project, user=user, **fields | changes)
    evaluation.job.out_dir.mkdir(parents=True, exist_ok=True)
    return evaluation


def trained_model(run: TrainingRun) -> ModelVersion:
    assert run.model is not None
    return run.model


def write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def metric(step: int, **changes: float) -> dict[str, Any]:
    values = {
        "loss": 0.69 - step / 100,
        "rewards/accuracies": 0.5,
        "rewards/margins": step / 10,
        "logps/chosen": -40.0 - step,
        "logps/rejected": -50.0 - 2 * step,
    }
    return {"step": step, "epoch": step / 10, "values": values | changes}


def write_training(job: Job, *, chosen: float = -1.5, rejected: float = -4.0) -> None:
    """What a finished training worker leaves in its folder."""
    write_lines(job.out_dir / "metrics.jsonl", [metric(step) for step in (1, 2, 3)])
    (job.out_dir / "model").mkdir()
    (job.out_dir / "model" / "model.safetensors").write_bytes(b"weights")
    result = TrainResult(
        train_steps=3,
        train_rows=3,
        dropped_rows=0,
        loss_first=0.69,
        loss_last=0.5,
        margin_last=0.3,
        accuracy_last=0.8,
        logps_chosen_first=-40,
        logps_chosen_last=-40 + chosen,
        logps_chosen_change=chosen,
        logps_rejected_change=rejected,
        model_path=str(job.out_dir / "model"),
        base_fingerprint="base",
        model_fingerprint="trained",
    )
    (job.out_dir / "result.json").write_text(result.model_dump_json())


def write_evaluation(evaluation: Evaluation) -> None:
    """A win, a flip, an identical pair and an unparsed one, as the worker leaves them."""
    win, flip, same, silent = evaluation.job.inputs["prompts"]
    folder = evaluation.job.out_dir
    texts = {win: ("Paris", "Rome"), flip: ("x", "y"), same: ("z", "z"), silent: ("<b>hi</b>\x00", "v")}
    pairs = [
        {
            "pair_id": str(pk),
            "prompt": [{"role": "user", "content": "?"}],
            "response_a": model,
            "response_b": baseline,
        }
        for pk, (model, baseline) in texts.items()
    ]
    write_lines(folder / "pairs.jsonl", pairs)
    said = {(win, "a"): 0.9, (win, "b"): 0.2, (flip, "a"): 0.9, (flip, "b"): 0.8, (silent, "a"): 0.7}
    verdicts = [verdict_row(pk, left, said.get((pk, left))) for pk in (win, flip, silent) for left in "ab"]
    write_lines(folder / "verdicts.jsonl", verdicts)
    write_lines(folder / "responses_model.jsonl", [{"prompt_id": str(pk)} for pk in texts])
    result = EvaluateResult(
        eval_prompts=4,
        judged=2,
        wins=1,
        losses=0,
        ties=2,
        flips=1,
        identical=1,
        unparsed=1,
        win_rate=2 / 3,
        win_rate_ci=(0.5, 1.0),
        mean_probability=0.6,
        model_fingerprint="m",
        baseline_fingerprint="b",
    )
    (folder / "result.json").write_text(result.model_dump_json())


def verdict_row(pk: int, left: str, p_left: float | None) -> dict[str, Any]:
    return {
        "pair_id": str(pk),
        "left": left,
        "parsed": p_left is not None,
        "p_left": p_left,
        "logprob_left": None,
        "logprob_right": None,
        "mass": 0.9,
        "raw_text": "A",
        "error": "",
    }
