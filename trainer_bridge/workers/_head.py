"""The language-model head, read off hidden states part by part of the vocabulary.

Gradients are those with respect to the unembedding matrix, which need no backward pass:
g = Σₜ (e(yₜ) − πₜ) hₜᵀ, so ⟨g, g'⟩ = Σₜₛ ⟨e(yₜ) − πₜ, e(y'ₛ) − π'ₛ⟩ ⟨hₜ, h'ₛ⟩.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from trainer_bridge.workers._io import UserError
from trainer_bridge.workers._models import LocalModel

# Words of the vocabulary looked at together: (response tokens × this) floats are in memory at a time.
VOCABULARY_CHUNK = 8192
# How far logits computed here may be from the model's own, relative to the largest.
TOLERANCE = {"float32": 1e-3, "bfloat16": 3e-2}
NO_HEAD = (
    "This model's log-probabilities cannot be read off its hidden states: its head does more than multiply "
    "them with a matrix. Leave out the scores from log-probabilities."
)


@dataclass(frozen=True)
class Gradient:
    """A response's gradient with respect to the unembedding matrix, as what it is made of: the n tokens, the
    states (n, d) that predict them, the log of Σ exp(logit) for each, and its squared norm."""

    targets: torch.Tensor
    states: torch.Tensor
    normaliser: torch.Tensor
    norm2: float = 0.0


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

    def logprob(self, ids: Sequence[int], states: torch.Tensor) -> tuple[float, torch.Tensor]:
        """(Σ log π of the tokens `ids`, the log of Σ exp(logit) for each), by the states (n, d) before."""
        with torch.inference_mode():
            targets = torch.tensor(list(ids), dtype=torch.long, device=states.device)
            chosen, normaliser = self.read(states.float(), targets)
            return float((chosen - normaliser).double().sum()), normaliser

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


def _inside(targets: torch.Tensor, start: int, words: int) -> tuple[torch.Tensor, torch.Tensor]:
    """(which targets lie in this part of the vocabulary, their places in it)."""
    at = torch.nonzero((targets >= start) & (targets < start + words))[:, 0]
    return at, targets[at] - start
