"""What `score_pairs` computes of each response in its one forward pass under the model, and of each pair.

CHES, last hidden states and token edits are those of Razin et al. (arXiv 2410.08847); log-probabilities are
summed and averaged over the response tokens; entanglement is the condition of Yuan et al. (arXiv 2410.13828)
for the gradient with respect to the unembedding matrix; angles are those of Wang et al. (arXiv 2506.02281).
Sums of hidden states are in float64; both directions of a pair come from the same sums.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from rapidfuzz.distance import Levenshtein

from curation.algorithms.angles import angle_concentration
from curation.algorithms.ches import ches_from_sums
from curation.algorithms.entanglement import condition
from curation.scorers import SCORERS
from trainer_bridge.contracts import ScoreRow, ScoreValue, ScoreValuesRow
from trainer_bridge.workers._head import Gradient, Head
from trainer_bridge.workers._hidden import Reading, States
from trainer_bridge.workers._io import JsonLines, Workspace, read_rows

# Beyond this a mean log-probability is the work of a broken model, and its exponential overflows.
LEAST_MEAN_LOGPROB = -700.0


@dataclass(frozen=True)
class Facts:
    """What is kept of one response: the sum and number of its hidden states, its tokens, its last state, and
    what was asked for beyond."""

    total: np.ndarray
    count: int
    ids: list[int]
    last: np.ndarray
    logprob: float = 0.0
    angle: float = 0.0
    gradient: Gradient | None = None

    @property
    def mean_logprob(self) -> float:
        return self.logprob / max(len(self.ids), 1)


class OwnScores:
    """The computations of the pass under the model itself, and the file of each."""

    def __init__(self, head: Head | None, computations: Sequence[str], workspace: Workspace) -> None:
        self.names = list(computations)
        self._head = head
        self._files: dict[str, tuple[JsonLines, set[str]]] = {}
        for name in self.names:
            file = workspace.rows(name_of_file(name))
            self._files[name] = (file, pairs_in(file.path, name))

    @property
    def window_pairs(self) -> int:
        """How many pairs may be looked at together: entanglement keeps every state of their responses."""
        return 64 if "entanglement" in self.names else 1 << 30

    @property
    def finished(self) -> set[str]:
        """The pairs that have a row in every file."""
        return set.intersection(*(known for _, known in self._files.values()))

    def take(self, text: Reading, states: States) -> Facts:
        response, final = text.response, states.final
        facts = Facts(
            total=final.double().sum(dim=0).cpu().numpy(),
            count=len(final),
            ids=response,
            last=final[-1].double().cpu().numpy(),
        )
        if states.inner is not None:
            rows = states.inner.float().cpu().numpy()
            facts = replace(facts, angle=angle_concentration(rows[: text.first + 1], rows[text.first + 1 :]))
        return facts if self._head is None else self._with_logprob(self._head, facts, states)

    def settle(self, pair_id: str, a: Facts, b: Facts) -> None:
        """Append the pair's row to every file that lacks it."""
        for name, (file, known) in self._files.items():
            if pair_id not in known:
                file.append(_ches(pair_id, a, b) if name == "ches" else self._row(name, pair_id, a, b))

    def _with_logprob(self, head: Head, facts: Facts, states: States) -> Facts:
        before = states.final[:-1].float()
        logprob, normaliser = head.logprob(facts.ids, before)
        facts = replace(facts, logprob=logprob)
        if "entanglement" not in self.names:
            return facts
        gradient = Gradient(torch.tensor(facts.ids), before.cpu(), normaliser.cpu())
        norm2 = max(head.inner(gradient, gradient), 0.0)  # rounding may leave less
        return replace(facts, gradient=replace(gradient, norm2=norm2))

    def _row(self, name: str, pair_id: str, a: Facts, b: Facts) -> ScoreValuesRow:
        compute: dict[str, Callable[[Facts, Facts], list[ScoreValue]]] = {
            "last_hidden_ip": _last_hidden_ip,
            "token_edit": _token_edit,
            "angle": _angle,
            "logprob": _logprob,
            "entanglement": self._entanglement,
        }
        return ScoreValuesRow(pair_id=pair_id, scores=compute[name](a, b))

    def _entanglement(self, a: Facts, b: Facts) -> list[ScoreValue]:
        of_a, of_b = a.gradient, b.gradient
        if self._head is None or of_a is None or of_b is None:
            raise ValueError("no gradient was kept of a response")
        # Where a norm vanishes so does the product, whatever rounding left of it.
        dot = self._head.inner(of_a, of_b) if min(of_a.norm2, of_b.norm2) > 0 else 0.0
        return [entangled("entanglement", dot, of_a.norm2, of_b.norm2)]


def name_of_file(computation: str) -> str:
    return "scores.jsonl" if computation == "ches" else f"{computation}.jsonl"


def pairs_in(path: Path, computation: str) -> set[str]:
    """The pairs that an earlier attempt has written down."""
    rows = read_rows(path, ScoreRow) if computation == "ches" else read_rows(path, ScoreValuesRow)
    return {row.pair_id for row in rows}


def score(scorer: str, value: float, **details: float) -> ScoreValue:
    return ScoreValue(scorer=scorer, version=SCORERS[scorer].version, value=value, details=details)


def entangled(scorer: str, dot: float, norm2_a: float, norm2_b: float) -> ScoreValue:
    """Yuan et al.'s condition with what it is made of."""
    value = float(condition(dot, norm2_a, norm2_b))
    return score(scorer, value, dot_ab=dot, norm2_a=norm2_a, norm2_b=norm2_b)


def _ches(pair_id: str, a: Facts, b: Facts) -> ScoreRow:
    dot, norm2_a, norm2_b = (
        float(x @ y) for x, y in ((a.total, b.total), (a.total, a.total), (b.total, b.total))
    )
    scores = ches_from_sums(dot, norm2_a, norm2_b, a.count, b.count)
    return ScoreRow(
        pair_id=pair_id,
        dot_ab=dot,
        norm2_a=norm2_a,
        norm2_b=norm2_b,
        n_a=a.count,
        n_b=b.count,
        **asdict(scores),
    )


def _last_hidden_ip(a: Facts, b: Facts) -> list[ScoreValue]:
    return [score("last_hidden_ip", float(a.last @ b.last))]


def _token_edit(a: Facts, b: Facts) -> list[ScoreValue]:
    value = 0.0 - Levenshtein.normalized_distance(a.ids, b.ids)
    return [score("token_edit", value, n_a=len(a.ids), n_b=len(b.ids))]


def _angle(a: Facts, b: Facts) -> list[ScoreValue]:
    return [score("angle_concentration", (a.angle + b.angle) / 2, a=a.angle, b=b.angle)]


def _logprob(a: Facts, b: Facts) -> list[ScoreValue]:
    mean_a, mean_b = a.mean_logprob, b.mean_logprob
    of_a, of_b = (math.exp(-max(mean, LEAST_MEAN_LOGPROB)) for mean in (mean_a, mean_b))
    return [
        score("logp_gap", a.logprob - b.logprob, a=a.logprob, b=b.logprob),
        score("mean_logp_gap", mean_a - mean_b, a=mean_a, b=mean_b),
        score("perplexity_gap", of_a - of_b, a=of_a, b=of_b),
        score("on_policy", (mean_a + mean_b) / 2, a=mean_a, b=mean_b),
    ]
