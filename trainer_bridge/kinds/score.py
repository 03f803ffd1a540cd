"""Scores of pairs under a model: CHES in both directions, and what else its own passes give.

`inputs`: {"split": …, "model": ModelVersion id, "reference": that of the second model or None,
"sample_pairs": how many pairs the costly computations are for, "computations": those with pairs left to
score, "refused": {computation: why} as far as it is known here, "producers": {scorer: id} once known}.
A pair is given to the computations that it lacks and to no others.
"""

from __future__ import annotations

from typing import Any, get_args

from curation.models import ScoreProducer
from curation.scorers import computation_label, computed_by
from curation.services.score_record import PairScoreValue, scores_record
from trainer_bridge.contracts import Computation, Refusals, ScoreRow, ScoreSpec, ScoreValuesRow
from trainer_bridge.errors import JobError
from trainer_bridge.files import Tails, read_json, write_rows
from trainer_bridge.kinds.base import Counts, JobKind, Prepared
from trainer_bridge.kinds.pairs import left, pairs_of, scoring_rows
from trainer_bridge.kinds.score_producers import known_producers, producers_of, reference_obstacle
from trainer_bridge.kinds.values import values_record
from trainer_bridge.models import Job

SAMPLE = "sample.jsonl"
# The order of the worker's passes: what comes first writes rows first.
ORDER = get_args(Computation)


class ScorePairs(JobKind):
    worker = "score_pairs"

    def prepare(self, job: Job) -> Prepared:
        spec = _possible(job, ScoreSpec.model_validate(job.spec))
        everything = pairs_of(job.project_id, job.inputs["split"])
        sample = everything.sampled(job.inputs["sample_pairs"])
        known = _known(job, spec)
        of_all = left(everything, {name: made for name, made in known.items() if not _is_sampled(name)})
        of_sample = left(sample, {name: made for name, made in known.items() if _is_sampled(name)})
        job.inputs["computations"] = sorted([*of_all, *of_sample] or spec.scorers, key=ORDER.index)
        changes = {"scorers": job.inputs["computations"], "sample": SAMPLE if of_sample else ""}
        n_pairs = write_rows(job.out_dir / spec.pairs, scoring_rows(everything, of_all))
        n_sample = write_rows(job.out_dir / SAMPLE, scoring_rows(sample, of_sample))
        ratios = {name: made for name, made in of_all.items() if name == "log_ratio"}
        n_ratios = everything.lacking(ratios).count()
        return Prepared(spec=spec.model_copy(update=changes), total=n_pairs + n_ratios + n_sample)

    def ingest(self, job: Job, out: Tails) -> Counts:
        environment = read_json(job.out_dir / "environment.json")
        if environment is None:  # without it nobody knows what made these scores
            return {}
        asked = job.inputs.get("computations", ["ches"])
        files = {name: "scores.jsonl" if name == "ches" else f"{name}.jsonl" for name in asked}
        rows = {name: found for name, file in files.items() if (found := out.rows(file))}
        if not rows:
            return {}
        wanted = [name for name in job.spec["scorers"] if name in rows or name not in _refused(job)]
        producers = producers_of(job, environment, wanted)
        n_scores = _record_ches([ScoreRow.model_validate(row) for row in rows.pop("ches", [])], producers)
        kept = [found for name, found in rows.items() if computed_by(name)[0].name in producers]
        others = [ScoreValuesRow.model_validate(row) for found in kept for row in found]
        n_scores += values_record(others, lambda scorer, _version: producers[scorer])
        return {"scores_stored": n_scores} if n_scores else {}

    def finish(self, job: Job) -> dict[str, Any]:
        refused = [
            {"scores": computation_label(name), "reason": reason} for name, reason in _refused(job).items()
        ]
        found = {"producers": job.inputs.get("producers", {})}
        return found | ({"refused": refused} if refused else {})


def _possible(job: Job, spec: ScoreSpec) -> ScoreSpec:
    """The spec without computations that cannot run any more; raises JobError when none is left."""
    job.inputs.pop("refused", None)
    why = reference_obstacle(job) if "log_ratio" in spec.scorers else ""
    if not why:
        return spec
    job.inputs["refused"] = {"log_ratio": why}
    others = [name for name in spec.scorers if name != "log_ratio"]
    if not others:
        raise JobError(why)
    return spec.model_copy(update={"scorers": others, "reference": ""})


def _known(job: Job, spec: ScoreSpec) -> dict[str, list[int]]:
    """The producers of each computation's scores; none where one of its scores has none yet."""
    producers = known_producers(job, spec)
    known: dict[str, list[int]] = {}
    for name in spec.scorers:
        scorers = [scorer.name for scorer in computed_by(name)]
        known[name] = [producers[scorer] for scorer in scorers] if {*scorers} <= {*producers} else []
    return known


def _is_sampled(computation: str) -> bool:
    return any(scorer.sampled for scorer in computed_by(computation))


def _refused(job: Job) -> dict[str, str]:
    """Why computations did not run, as found here and by the worker."""
    said = read_json(job.out_dir / "refused.json")
    found: dict[str, str] = job.inputs.get("refused", {})
    return found | Refusals.model_validate(said).reasons if said else found


def _record_ches(rows: list[ScoreRow], producers: dict[str, ScoreProducer]) -> int:
    scorers = computed_by("ches")
    for scorer in scorers:
        values = [value for row in rows for value in _values(scorer.name, row)]
        if values:
            scores_record(producer=producers[scorer.name], rows=values)
    return len(rows) * len(scorers)


def _values(scorer: str, row: ScoreRow) -> list[PairScoreValue]:
    """Both directions: `a_over_b` is the score were a chosen over b."""
    details = {"n_a": row.n_a, "n_b": row.n_b}
    return [
        PairScoreValue(
            pair_id=int(row.pair_id),
            direction=direction,
            value=getattr(row, f"{scorer}_{direction}"),
            details=details,
        )
        for direction in ("a_over_b", "b_over_a")
    ]
