"""Measure a model against a baseline: both answer the prompts, a judge compares them in both orders.

Response a is the model's and b the baseline's. Both draw with the same seeds, so that what differs between
their answers is the weights. Equal answers are ties and are not judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from judges.algorithms.win_rate import Outcome, pair_outcome, win_rate
from trainer_bridge.contracts import (
    EvaluateResult,
    EvaluateSpec,
    PairRow,
    PromptRow,
    VerdictRow,
)
from trainer_bridge.workers._io import JsonLines, Tally, UserError, Workspace, read_rows, work
from trainer_bridge.workers._models import load, released
from trainer_bridge.workers._questions import VerdictFile
from trainer_bridge.workers._responses import ResponseFile, draws_for
from trainer_bridge.workers._sampling import sample
from trainer_bridge.workers.judge_pairs import judge


@dataclass
class Standing:
    """The outcome of each counted prompt, and how the others ended."""

    outcomes: list[Outcome] = field(default_factory=list)
    probabilities: list[float] = field(default_factory=list)
    flips: int = 0
    identical: int = 0
    unparsed: int = 0

    def count(self, outcome: Outcome, probability: float) -> None:
        self.outcomes.append(outcome)
        self.probabilities.append(probability)


def run(spec: EvaluateSpec, workspace: Workspace) -> None:
    if spec.sampling.n != 1:
        raise UserError("An evaluation compares one answer a prompt; set n to 1.")
    prompts = list(read_rows(workspace.input(spec.prompts), PromptRow))
    if not prompts:
        raise UserError("There are no prompts to evaluate on. Put some prompts into the eval split.")
    failures = workspace.rows("failures.jsonl")
    failures.rewrite([])
    # Two answers and two verdicts a prompt.
    tally = Tally(workspace, "answers and verdicts", total=4 * len(prompts))

    model = ResponseFile(workspace, "responses_model.jsonl")
    baseline = ResponseFile(workspace, "responses_baseline.jsonl")
    fingerprints = [
        _answer(spec, path, prompts, file, failures, tally=tally, workspace=workspace)
        for path, file in ((spec.baseline, baseline), (spec.model, model))
    ]

    pairs = _pairs(prompts, model, baseline)
    workspace.rows("pairs.jsonl").rewrite(pairs)
    differing = [pair for pair in pairs if pair.response_a != pair.response_b]
    verdicts = VerdictFile(workspace)
    tally.add(verdicts.count + 2 * (len(pairs) - len(differing)))
    # environment.json is about the model under test; the judge is named by its own version.
    judge(spec.judge, differing, workspace, verdicts, tally, notes_environment=False)

    standing = _standing(pairs, verdicts.read())
    result = _result(spec, standing, len(pairs), *fingerprints)
    workspace.write("result.json", result)


def _answer(
    spec: EvaluateSpec,
    path: str,
    prompts: Sequence[PromptRow],
    responses: ResponseFile,
    failures: JsonLines,
    *,
    tally: Tally,
    workspace: Workspace,
) -> str:
    """Fill in the answers one model still owes; its fingerprint."""
    tally.add(len(responses.finished))
    draws = draws_for(prompts, spec.sampling, responses.finished)
    with released(load(path, spec.dtype)) as loaded:
        loaded.note(workspace)
        for result in sample(
            loaded, draws, spec.sampling, max_length=spec.max_length, batch_size=spec.batch_size
        ):
            responses.record(result, failures, tally)
        return loaded.fingerprint


def _pairs(prompts: Sequence[PromptRow], model: ResponseFile, baseline: ResponseFile) -> list[PairRow]:
    """The prompts that both have answered, as pairs named by the prompt."""
    texts = [{row.prompt_id: row.text for row in file.read()} for file in (model, baseline)]
    return [
        PairRow(
            pair_id=row.prompt_id,
            prompt=row.messages,
            response_a=texts[0][row.prompt_id],
            response_b=texts[1][row.prompt_id],
        )
        for row in prompts
        if row.prompt_id in texts[0] and row.prompt_id in texts[1]
    ]


def _standing(pairs: Sequence[PairRow], verdicts: Sequence[VerdictRow]) -> Standing:
    """What the verdicts come to. `p_left` is the model's probability when a, its answer, was left."""
    by_side = {(row.pair_id, row.left): row.p_left for row in verdicts}
    standing = Standing()
    for pair in pairs:
        if pair.response_a == pair.response_b:
            standing.identical += 1
            standing.count("tie", 0.5)
            continue
        p_left, p_baseline = (by_side[pair.pair_id, "a"], by_side[pair.pair_id, "b"])
        if p_left is None or p_baseline is None:
            standing.unparsed += 1
            continue
        met = pair_outcome(p_left, 1 - p_baseline)
        standing.flips += met.flipped
        standing.count(met.outcome, met.probability)
    return standing


def _result(
    spec: EvaluateSpec, standing: Standing, prompts: int, baseline_fingerprint: str, model_fingerprint: str
) -> EvaluateResult:
    outcomes = standing.outcomes
    if not outcomes:
        raise UserError(
            f"None of {prompts} prompts could be judged in both orders: the judge's answers hold neither "
            "verdict label. Look at the verdicts, then change the rubric or the judge."
        )
    rate = win_rate(outcomes, samples=spec.bootstrap_samples, confidence=spec.confidence, seed=spec.seed)
    return EvaluateResult(
        eval_prompts=prompts,
        judged=len(outcomes) - standing.identical,
        wins=outcomes.count("win"),
        losses=outcomes.count("loss"),
        ties=outcomes.count("tie"),
        flips=standing.flips,
        identical=standing.identical,
        unparsed=standing.unparsed,
        win_rate=rate.rate,
        win_rate_ci=(rate.low, rate.high),
        mean_probability=sum(standing.probabilities) / len(standing.probabilities),
        model_fingerprint=model_fingerprint,
        baseline_fingerprint=baseline_fingerprint,
    )


if __name__ == "__main__":
    work("evaluate", run)
