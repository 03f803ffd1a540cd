"""What `score_pairs` computes of each response in its one forward pass under the model, and of each pair.

CHES, last hidden states and token edits are those of Razin et al. (arXiv 2410.08847); log-probabilities are
summed and averaged over the response tokens; entanglement is the condition of Yuan et al. (arXiv 2410.13828)
for the gradient with respect to the unembedding matrix; angles are those of Wang et al. (arXiv 2506.02281).
Sums of hidden states are in float64; both directions of a pair come from the same sums.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from pydantic import BaseModel
from rapidfuzz.distance import Levenshtein

from curation.algorithms.angles import angle_concentration
from curation.algorithms.ches import ches_from_sums
from curation.algorithms.entanglement import condition
from curation.scorers import SCORERS
from trainer_bridge.contracts import ScoreRow, ScoreValue, ScoreValuesRow, ScoringRow
from trainer_bridge.workers._head import Gradient, Head
from trainer_bridge.workers._hidden import Reading, States
from trainer_bridge.workers._io import JsonLines, Workspace, read_rows
from trainer_bridge.workers._pairs import Wanted

# Beyond this a mean log-probability is the work of a broken model, and its exponential overflows.
LEAST_MEAN_LOGPROB = -700.0
# Between the two passes of `log_ratio`; the job does not read it.
OWN_LOGPROBS = "own_logprobs.jsonl"
READS_HEAD = frozenset({"logprob", "entanglement", "log_ratio"})


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


class OwnLogprobs(BaseModel):
    """What `log_ratio` takes from the pass under the model itself: Σ log π of a pair's responses."""

    pair_id: str
    a: float
    b: float


class OwnScores:
    """The computations of the pass under the model itself, and the file of each."""

    def __init__(self, head: Head | None, wanted: Wanted, workspace: Workspace) -> None:
        self._head = head
        self._wanted = wanted
        self._files: dict[str, tuple[JsonLines, set[str]]] = {}
        for name in wanted.names:
            file = workspace.rows(OWN_LOGPROBS if name == "log_ratio" else name_of_file(name))
            self._files[name] = (file, {row.pair_id for row in read_rows(file.path, _row_of(name))})

    @property
    def window_pairs(self) -> int:
        """How many pairs may be looked at together: entanglement keeps every state of their responses."""
        return 64 if "entanglement" in self._files else 1 << 30

    def lacking(self, pairs: Iterable[ScoringRow]) -> list[ScoringRow]:
        """The pairs without a row in a file that they are wanted in."""
        return [pair for pair in pairs if self._lacking(pair.pair_id)]

    def take(self, text: Reading, states: States) -> Facts:
        response, final = text.response, states.final
        wanted = self._wanted.of_response(text.key)
        facts = Facts(
            total=final.double().sum(dim=0).cpu().numpy(),
            count=len(final),
            ids=response,
            last=final[-1].double().cpu().numpy(),
        )
        if states.inner is not None and "angle" in wanted:
            rows = states.inner.float().cpu().numpy()
            facts = replace(facts, angle=angle_concentration(rows[: text.first + 1], rows[text.first + 1 :]))
        if self._head is None or not wanted & READS_HEAD:
            return facts
        return self._with_logprob(self._head, facts, states, keeps_gradient="entanglement" in wanted)

    def settle(self, pair_id: str, a: Facts, b: Facts) -> None:
        """Append the pair's row to every file that lacks it."""
        for name in self._lacking(pair_id):
            self._files[name][0].append(self._row(name, pair_id, a, b))

    def _lacking(self, pair_id: str) -> list[str]:
        wanted = self._wanted.of_pair(pair_id)
        return [name for name, (_, known) in self._files.items() if name in wanted and pair_id not in known]

    @staticmethod
    def _with_logprob(head: Head, facts: Facts, states: States, *, keeps_gradient: bool) -> Facts:
        before = states.final[:-1].float()
        logprob, normaliser = head.logprob(facts.ids, before)
        facts = replace(facts, logprob=logprob)
        if not keeps_gradient:
            return facts
        gradient = Gradient(torch.tensor(facts.ids), before.cpu(), normaliser.cpu())
        norm2 = max(head.inner(gradient, gradient), 0.0)  # rounding may leave less
        return replace(facts, gradient=replace(gradient, norm2=norm2))

    def _row(self, name: str, pair_id: str, a: Facts, b: Facts) -> BaseModel:
        if name == "ches":
            return _ches(pair_id, a, b)
        if name == "log_ratio":
            return OwnLogprobs(pair_id=pair_id, a=a.logprob, b=b.logprob)
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


def pairs_in(path: Path) -> set[str]:
    """The pairs whose score values an earlier attempt has written down."""
    return {row.pair_id for row in read_rows(path, ScoreValuesRow)}


def _row_of(computation: str) -> type[ScoreRow | ScoreValuesRow | OwnLogprobs]:
    of_their_own: dict[str, type[ScoreRow | OwnLogprobs]] = {"ches": ScoreRow, "log_ratio": OwnLogprobs}
    return of_their_own.get(computation, ScoreValuesRow)


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
