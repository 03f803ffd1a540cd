"""A judge's verdicts, in both orders, on the pairs it has not judged yet.

`inputs`: {"split": …, "judge": id}.
"""

from __future__ import annotations

from typing import Any

from judges.models import Judge, Verdict
from judges.services.verdict_ingest import verdicts_ingest
from trainer_bridge.contracts import JudgeSpec
from trainer_bridge.errors import JobError
from trainer_bridge.files import Tails, read_json, write_rows
from trainer_bridge.kinds.base import Counts, JobKind, Prepared, backend_python
from trainer_bridge.kinds.pairs import pair_rows, pairs_to_judge
from trainer_bridge.models import Job


class JudgePairs(JobKind):
    worker = "judge_pairs"

    def python(self, job: Job) -> str:
        return backend_python(job.spec)

    def prepare(self, job: Job) -> Prepared:
        spec = JudgeSpec.model_validate(job.spec)
        judge = Judge.objects.get(pk=job.inputs["judge"])
        pairs = pairs_to_judge(judge, job.inputs["split"])
        return Prepared(spec=spec, total=2 * write_rows(job.out_dir / spec.pairs, pair_rows(pairs)))

    def ingest(self, job: Job, out: Tails) -> Counts:
        rows = out.rows("verdicts.jsonl")
        if not rows:
            return {}
        judge = Judge.objects.select_related("rater").get(pk=job.inputs["judge"])
        _check_weights(judge, read_json(job.out_dir / "environment.json") or {})
        counts = verdicts_ingest(judge=judge, rows=rows)
        return dict(counts._asdict())

    def finish(self, job: Job) -> dict[str, Any]:
        verdicts = Verdict.objects.filter(judge=job.inputs["judge"])
        return {"verdicts": verdicts.count(), "unparsed": verdicts.filter(judgment=None).count()}


def _check_weights(judge: Judge, environment: dict[str, Any]) -> None:
    """One judge is one rater: its verdicts must not come from two different models."""
    seen = str(environment.get("model_fingerprint", ""))
    if not seen or seen == judge.model_fingerprint:
        return
    if judge.model_fingerprint:
        raise JobError(
            f"The files in {judge.model_name} changed since {judge} first judged, so its verdicts would be "
            "mixed up with those of another model. Make a new version of the judge with that directory."
        )
    Judge.objects.filter(pk=judge.pk, model_fingerprint="").update(model_fingerprint=seen)
