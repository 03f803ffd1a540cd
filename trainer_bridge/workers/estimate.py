"""Estimate which response of a pair is better, and how surely, from the pairs that are labelled (UPO).

The model is frozen: it reads each pair once in each order, and the state from which it would answer is kept
on disk. A small network with dropout learns from those states, once for each fold of the prompts, without it.
Both orders of a pair are trained on, and averaged within a pass, so that no side is favoured: p(a beats b) =
1 − p(b beats a). UPO trains the whole model with LoRA, and puts the chosen response first throughout.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from curation.algorithms.selection import own_draws
from curation.algorithms.uncertainty import NO_MAJORITY, bald, majority
from trainer_bridge.contracts import (
    EstimateInput,
    EstimateResult,
    EstimateRow,
    EstimateSpec,
    FailureRow,
    FeatureRow,
)
from trainer_bridge.workers._asking import Asker
from trainer_bridge.workers._hidden import Reading, hidden_states
from trainer_bridge.workers._io import Tally, UserError, Workspace, read_rows, work
from trainer_bridge.workers._models import LocalModel, RenderError, load
from trainer_bridge.workers._questions import Question

# Pairs looked at together: enough to fill batches of one length, few enough to lose little.
WINDOW_PAIRS = 256
ONE_FOLD = (
    "The labelled pairs belong to so few prompts that a fold is left without any to learn from. Judge pairs "
    "of more prompts."
)


@dataclass(frozen=True)
class Known:
    """The pairs that could be read. `states` is (n, 2, d): response a first, then b first; `label` is +1
    where a is the winner, −1 where b is, 0 where there is none."""

    pairs: Sequence[EstimateInput]
    states: torch.Tensor
    fold: np.ndarray
    label: np.ndarray


def run(spec: EstimateSpec, workspace: Workspace) -> None:
    pairs = list(read_rows(workspace.input(spec.pairs), EstimateInput))
    loaded = load(spec.model, spec.dtype)
    loaded.note(workspace)
    known = _known(spec, pairs, _read(spec, loaded, pairs, workspace))
    rows = list(estimates(known, passes(spec, known)))
    wanted = [row for row, pair in zip(rows, known.pairs, strict=True) if pair.wanted]
    # All at once: they rest on the same labels, or on none.
    workspace.rows("estimates.jsonl").rewrite(wanted)
    workspace.write("result.json", _result(rows, known, loaded.fingerprint))


def _read(
    spec: EstimateSpec, loaded: LocalModel, pairs: Sequence[EstimateInput], workspace: Workspace
) -> dict[str, torch.Tensor]:
    """The states of each pair that can be shown to the model, (2, d); those of an earlier run are kept."""
    features, failures = workspace.rows("features.jsonl"), workspace.rows("failures.jsonl")
    failures.rewrite([])
    states = {row.pair_id: _unpacked(row) for row in read_rows(features.path, FeatureRow)}
    todo = [pair for pair in pairs if pair.pair_id not in states]
    tally = Tally(workspace, "pairs", total=len(pairs), done=len(pairs) - len(todo))
    asker = Asker(loaded, spec, spec.max_length)
    for start in range(0, len(todo), WINDOW_PAIRS):
        readings = []
        for pair in todo[start : start + WINDOW_PAIRS]:
            try:
                readings += _readings(asker, pair)
            except RenderError as error:
                failures.append(FailureRow(key=pair.pair_id, error=str(error)))
                tally.add(failed=1)
        half: dict[str, dict[str, torch.Tensor]] = {}
        for reading, found in hidden_states(loaded, readings):
            pair_id, left = reading.key[1].split("/")
            half.setdefault(pair_id, {})[left] = found.final[-1].float().cpu()
            if len(half[pair_id]) == 2:
                both = half.pop(pair_id)
                states[pair_id] = torch.stack([both["a"], both["b"]])
                features.append(_packed(pair_id, states[pair_id]))
                tally.add(1)
    return states


def _readings(asker: Asker, pair: EstimateInput) -> list[Reading]:
    prompt = "\x1e".join(message.model_dump_json() for message in pair.prompt)
    sides: tuple[Question, Question] = Question(pair, "a"), Question(pair, "b")
    asked = [asker.ask(question) for question in sides]
    return [
        Reading((prompt, f"{pair.pair_id}/{each.question.left}"), each.ids, len(each.ids) - 1)
        for each in asked
    ]


def _packed(pair_id: str, states: torch.Tensor) -> FeatureRow:
    return FeatureRow(pair_id=pair_id, states=base64.b64encode(states.numpy().tobytes()).decode())


def _unpacked(row: FeatureRow) -> torch.Tensor:
    numbers = np.frombuffer(base64.b64decode(row.states), dtype=np.float32)
    return torch.from_numpy(numbers.copy()).reshape(2, -1)


def _known(spec: EstimateSpec, pairs: Sequence[EstimateInput], states: dict[str, torch.Tensor]) -> Known:
    read = [pair for pair in pairs if pair.pair_id in states]
    if not read:
        raise UserError(
            "None of the pairs can be shown to this model. Raise the length, or use another model."
        )
    draws = own_draws([pair.prompt_id for pair in read], spec.seed)
    return Known(
        pairs=read,
        states=torch.stack([states[pair.pair_id] for pair in read]),
        # A fold of its own for each prompt, whatever other prompts there are.
        fold=(draws * spec.folds).astype(np.int64),
        label=np.array([{"a": 1, "b": -1, "": 0}[pair.winner] for pair in read]),
    )


def passes(spec: EstimateSpec, known: Known) -> np.ndarray:
    """(passes, n, 2): what each pass with dropout says of a and of b, by the network of the pair's fold."""
    found = np.empty((spec.passes, len(known.pairs), 2))
    for fold in np.unique(known.fold).tolist():
        learnt = np.flatnonzero((known.label != 0) & (known.fold != fold))
        if not len(learnt):
            raise UserError(ONE_FOLD)
        torch.manual_seed(spec.seed + fold)
        network = Network(known.states[learnt], spec)
        network.learn(known.states[learnt], torch.from_numpy(known.label[learnt] > 0), spec)
        at = np.flatnonzero(known.fold == fold)
        found[:, at] = network.passes(known.states[at], spec.passes)
    return found


class Network(torch.nn.Module):  # type: ignore[misc]  # torch is not installed where mypy runs
    """Two classes, “the first is better” and “the second is”, from a state; one hidden layer, dropout before
    both. States are centred and scaled as those of the pairs it learns from."""

    def __init__(self, states: torch.Tensor, spec: EstimateSpec) -> None:
        super().__init__()
        flat = states.reshape(-1, states.shape[-1])
        self.centre, self.scale = flat.mean(dim=0), flat.std(dim=0).clamp_min(1e-6)
        self.layers = torch.nn.Sequential(
            torch.nn.Dropout(spec.dropout),
            torch.nn.Linear(flat.shape[1], spec.hidden),
            torch.nn.GELU(),
            torch.nn.Dropout(spec.dropout),
            torch.nn.Linear(spec.hidden, 2),
        )

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.layers((states - self.centre) / self.scale)
        return logits

    def learn(self, states: torch.Tensor, a_wins: torch.Tensor, spec: EstimateSpec) -> None:
        """Cross-entropy on both orders of every pair: with b first the label is the other one."""
        inputs = states.reshape(-1, states.shape[-1])
        labels = torch.stack([~a_wins, a_wins], dim=1).reshape(-1).long()
        optimiser = torch.optim.AdamW(
            self.parameters(), lr=spec.learning_rate, weight_decay=spec.weight_decay
        )
        self.train()
        for _ in range(spec.epochs):
            for batch in torch.randperm(len(inputs)).split(spec.batch_size):
                loss = torch.nn.functional.cross_entropy(self(inputs[batch]), labels[batch])
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()

    def passes(self, states: torch.Tensor, n: int) -> np.ndarray:
        """(n, pairs, 2): P(a better), P(b better) of each pass, its dropout on, averaged over both orders."""
        self.train()
        found = []
        with torch.inference_mode():
            for _ in range(n):
                first = self(states).double().softmax(dim=-1)[..., 0]
                a = (first[:, 0] + 1 - first[:, 1]) / 2
                found.append(torch.stack([a, 1 - a], dim=1).numpy())
        return np.stack(found)


def estimates(known: Known, of: np.ndarray) -> Iterator[EstimateRow]:
    winner, share = majority(of)
    sign = np.where(winner == NO_MAJORITY, 0, np.where(winner == 0, 1, -1))
    columns = (of[:, :, 0].mean(axis=0), of[:, :, 0].var(axis=0), bald(of), sign, share)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    for pair, (probability, variance, score, side, part) in zip(known.pairs, rows, strict=True):
        yield EstimateRow(
            pair_id=pair.pair_id,
            probability=min(max(probability, 0.0), 1.0),
            variance=variance,
            bald=score,
            majority=side,
            share=part,
        )


def _result(rows: Sequence[EstimateRow], known: Known, fingerprint: str) -> EstimateResult:
    labelled = known.label != 0
    said = np.array([row.majority for row in rows])[labelled] * known.label[labelled]
    p_a = np.array([row.probability for row in rows])[labelled]
    of_winner = np.where(known.label[labelled] > 0, p_a, 1 - p_a)
    return EstimateResult(
        labelled=len(said),
        estimated=sum(pair.wanted for pair in known.pairs),
        agree=int((said > 0).sum()),
        contradict=int((said < 0).sum()),
        undecided=int((said == 0).sum()),
        log_loss=float(-np.log(np.maximum(of_winner, 1e-12)).mean()),
        model_fingerprint=fingerprint,
    )


if __name__ == "__main__":
    work("estimate", run)
