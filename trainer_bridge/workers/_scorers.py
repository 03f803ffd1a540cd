"""What `score_pairs` computes beside CHES from the same forward passes.

Last hidden states and token edits are the baselines of Razin et al. (arXiv 2410.08847); log-probabilities are
summed and averaged over the response tokens; entanglement is the condition of Yuan et al. (arXiv 2410.13828)
for the gradient with respect to the unembedding matrix, which needs no backward pass:
g = Σₜ (e(yₜ) − πₜ) hₜᵀ, so ⟨g, g'⟩ = Σₜₛ ⟨e(yₜ) − πₜ, e(y'ₛ) − π'ₛ⟩ ⟨hₜ, h'ₛ⟩.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from rapidfuzz.distance import Levenshtein

from curation.algorithms.entanglement import condition
from curation.scorers import SCORERS
from trainer_bridge.contracts import ScoreRow, ScoreValue, ScoreValuesRow
from trainer_bridge.workers._io import JsonLines, UserError, Workspace, read_rows
from trainer_bridge.workers._models import LocalModel

# Words of the vocabulary looked at together: (response tokens × this) floats are in memory at a time.
VOCABULARY_CHUNK = 8192
# How far logits computed here may be from the model's own, relative to the largest.
TOLERANCE = {"float32": 1e-3, "bfloat16": 3e-2}
NO_HEAD = (
    "This model's log-probabilities cannot be read off its hidden states: its head does more than multiply "
    "them with a matrix. Leave out the scores from log-probabilities."
)
READS_HEAD = frozenset({"logprob", "entanglement"})


@dataclass(frozen=True)
class Gradient:
    """A response's gradient with respect to the unembedding matrix, as what it is made of: the n tokens, the
    states (n, d) that predict them, the log of Σ exp(logit) for each, and its squared norm."""

    targets: torch.Tensor
    states: torch.Tensor
    normaliser: torch.Tensor
    norm2: float = 0.0


@dataclass(frozen=True)
class Facts:
    """What is kept of one response: its tokens, its last state, and what was asked for beyond."""

    ids: list[int]
    last: torch.Tensor
    logprob: float = 0.0
    gradient: Gradient | None = None


class Head:
    """The language-model head, in float32 and by parts of the vocabulary."""

    def __init__(self, loaded: LocalModel) -> None:
        layer = loaded.model.get_output_embeddings()
        config = loaded.model.config.get_text_config()
        if layer is None or getattr(config, "final_logit_softcapping", None):
            raise UserError(NO_HEAD)
        self.device = loaded.device
        self.weight: torch.Tensor = layer.weight
        self.bias: torch.Tensor | None = getattr(layer, "bias", None)
        self._check(loaded)

    def parts(self, states: torch.Tensor) -> Iterator[tuple[int, torch.Tensor]]:
        """(first word, logits (n, words)) of `states` (n, d), part by part."""
        for start in range(0, len(self.weight), VOCABULARY_CHUNK):
            part = slice(start, start + VOCABULARY_CHUNK)
            logits = states @ self.weight[part].float().T
            yield start, logits if self.bias is None else logits + self.bias[part].float()

    def read(self, states: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(the logit of each target, the log of Σ exp(logit)) for `states` (n, d) and `targets` (n,)."""
        chosen = states.new_zeros(len(states))
        normaliser = states.new_full((len(states),), -torch.inf)
        for start, logits in self.parts(states):
            normaliser = torch.logaddexp(normaliser, logits.logsumexp(dim=1))
            at, word = _inside(targets, start, logits.shape[1])
            chosen[at] = logits[at, word]
        return chosen, normaliser

    def inner(self, a: Gradient, b: Gradient) -> float:
        """⟨g_a, g_b⟩: the alikeness of what was predicted wrongly, weighed by that of the states."""
        with torch.inference_mode():
            words: Any = 0.0
            for of_a, of_b in zip(self._residuals(a), self._residuals(b), strict=True):
                words = words + (of_a @ of_b.T).double()
            states = a.states.to(self.device).double() @ b.states.to(self.device).double().T
            return float((words * states).sum())

    def _residuals(self, of: Gradient) -> Iterator[torch.Tensor]:
        """e(yₜ) − πₜ, part by part: (n, words)."""
        targets, normaliser = of.targets.to(self.device), of.normaliser.to(self.device)
        for start, logits in self.parts(of.states.to(self.device)):
            rest = -torch.exp(logits - normaliser[:, None])
            rest[_inside(targets, start, logits.shape[1])] += 1
            yield rest

    def _check(self, loaded: LocalModel) -> None:
        """Refuse a model whose logits are not these: some scale them or bend them afterwards."""
        ids = torch.arange(min(16, len(self.weight)), device=loaded.device)[None]
        with torch.inference_mode():
            states = loaded.model.base_model(input_ids=ids, use_cache=False).last_hidden_state[0].float()
            own = loaded.model(input_ids=ids, use_cache=False).logits[0].float()
            ours = torch.cat([logits for _, logits in self.parts(states)], dim=1)
        if ours.shape != own.shape or (ours - own).abs().max() > TOLERANCE[loaded.dtype] * own.abs().max():
            raise UserError(NO_HEAD)


class Extras:
    """The computations that were asked for beside CHES: what they keep of a response, and their files."""

    def __init__(self, loaded: LocalModel, computations: Sequence[str], workspace: Workspace) -> None:
        self.names = [name for name in computations if name != "ches"]
        self._head = Head(loaded) if READS_HEAD & {*self.names} else None
        self._files: dict[str, tuple[JsonLines, set[str]]] = {}
        for name in self.names:
            file = workspace.rows(name_of_file(name))
            self._files[name] = (file, _pairs_in(file.path, name))

    def take(self, ids: Sequence[int], states: torch.Tensor) -> Facts | None:
        """Of a response of n tokens `ids`, with the n states that predict them and the last token's own:
        (n + 1, d)."""
        if not self.names:
            return None
        response, last = list(ids), states[-1].double().cpu()
        if self._head is None:
            return Facts(response, last)
        with torch.inference_mode():
            before = states[:-1].float()
            targets = torch.tensor(response, dtype=torch.long, device=before.device)
            chosen, normaliser = self._head.read(before, targets)
            logprob = float((chosen - normaliser).double().sum())
        if "entanglement" not in self.names:
            return Facts(response, last, logprob)
        gradient = Gradient(targets.cpu(), before.cpu(), normaliser.cpu())
        norm2 = max(self._head.inner(gradient, gradient), 0.0)  # rounding may leave less
        return Facts(response, last, logprob, replace(gradient, norm2=norm2))

    def write(self, pair_id: str, a: Facts | None, b: Facts | None) -> None:
        """Append the pair's row to every file that lacks it."""
        if a is None or b is None:
            return
        for name, (file, known) in self._files.items():
            if pair_id not in known:
                file.append(ScoreValuesRow(pair_id=pair_id, scores=self._scores(name, a, b)))

    @property
    def window_pairs(self) -> int:
        """How many pairs may be looked at together: entanglement keeps every state of their responses."""
        return 64 if "entanglement" in self.names else 1 << 30

    def _scores(self, name: str, a: Facts, b: Facts) -> list[ScoreValue]:
        compute: dict[str, Callable[[Facts, Facts], list[ScoreValue]]] = {
            "last_hidden_ip": _last_hidden_ip,
            "token_edit": _token_edit,
            "logprob": _logprob,
            "entanglement": self._entanglement,
        }
        return compute[name](a, b)

    def _entanglement(self, a: Facts, b: Facts) -> list[ScoreValue]:
        of_a, of_b = a.gradient, b.gradient
        if self._head is None or of_a is None or of_b is None:
            raise ValueError("no gradient was kept of a response")
        # Where a norm vanishes so does the product, whatever rounding left of it.
        dot = self._head.inner(of_a, of_b) if min(of_a.norm2, of_b.norm2) > 0 else 0.0
        value = float(condition(dot, of_a.norm2, of_b.norm2))
        return [_value("entanglement", value, dot_ab=dot, norm2_a=of_a.norm2, norm2_b=of_b.norm2)]


def finished_pairs(computations: Sequence[str], workspace: Workspace) -> set[str]:
    """The pairs that have a row in the file of every computation."""
    known = [_pairs_in(workspace.rows(name_of_file(name)).path, name) for name in computations]
    return set.intersection(*known)


def name_of_file(computation: str) -> str:
    return "scores.jsonl" if computation == "ches" else f"{computation}.jsonl"


def _value(scorer: str, value: float, **details: float) -> ScoreValue:
    return ScoreValue(scorer=scorer, version=SCORERS[scorer].version, value=value, details=details)


def _last_hidden_ip(a: Facts, b: Facts) -> list[ScoreValue]:
    return [_value("last_hidden_ip", float(a.last @ b.last))]


def _token_edit(a: Facts, b: Facts) -> list[ScoreValue]:
    value = 0.0 - Levenshtein.normalized_distance(a.ids, b.ids)
    return [_value("token_edit", value, n_a=len(a.ids), n_b=len(b.ids))]


def _logprob(a: Facts, b: Facts) -> list[ScoreValue]:
    mean_a, mean_b = (each.logprob / max(len(each.ids), 1) for each in (a, b))
    return [
        _value("logp_gap", a.logprob - b.logprob, a=a.logprob, b=b.logprob),
        _value("mean_logp_gap", mean_a - mean_b, a=mean_a, b=mean_b),
    ]


def _inside(targets: torch.Tensor, start: int, words: int) -> tuple[torch.Tensor, torch.Tensor]:
    """(which targets lie in this part of the vocabulary, their places in it)."""
    at = torch.nonzero((targets >= start) & (targets < start + words))[:, 0]
    return at, targets[at] - start


def _pairs_in(path: Path, computation: str) -> set[str]:
    rows = read_rows(path, ScoreRow) if computation == "ches" else read_rows(path, ScoreValuesRow)
    return {row.pair_id for row in rows}
