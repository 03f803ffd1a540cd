"""The second model: how much likelier the first finds each response than this one does.

log π(y) − log π_ref(y) is DPO's implicit reward divided by β (Rafailov et al., arXiv 2305.18290) and, with a
strong model over a weak one, the density ratio of Dr. SoW (Xu et al., arXiv 2411.02481). Both models read the
same tokens, by the first one's chat template, as a DPO trainer has it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from trainer_bridge.contracts import ScoreSpec, ScoreValuesRow
from trainer_bridge.workers._head import Head
from trainer_bridge.workers._hidden import Reading, States
from trainer_bridge.workers._io import UserError, Workspace, read_rows
from trainer_bridge.workers._models import LocalModel, fingerprint, load, load_tokenizer, model_folder
from trainer_bridge.workers._scorers import OWN_LOGPROBS, OwnLogprobs, name_of_file, pairs_in, score

SAME_MODEL = (
    "The second model has the very weights of the first, so that every ratio would be 0. Choose another one, "
    "such as the one that training started from."
)
OTHER_TOKENIZER = (
    "The second model's tokenizer has other tokens than the first one's, so that they cannot read the same "
    "text alike. Choose a model of the same family."
)


class Reference:
    """The reference as far as it can be told before it is loaded. Raises UserError where it will not do."""

    def __init__(self, spec: ScoreSpec, loaded: LocalModel) -> None:
        folder = model_folder(spec.reference)
        self.fingerprint = fingerprint(folder)
        if self.fingerprint == loaded.fingerprint:
            raise UserError(SAME_MODEL)
        if load_tokenizer(folder).get_vocab() != loaded.tokenizer.get_vocab():
            raise UserError(OTHER_TOKENIZER)
        self._spec = spec
        self._tokenizer = loaded.tokenizer
        self._length = min(spec.max_length, loaded.max_positions)

    def load(self) -> LocalModel:
        """The reference, reading text as the model does."""
        reference = load(self._spec.reference, self._spec.dtype)
        if reference.max_positions < self._length:
            raise UserError(
                f"The reference reads {reference.max_positions} tokens at most, and the model was to read "
                f"{self._length}. Choose a smaller maximum length."
            )
        return replace(reference, tokenizer=self._tokenizer)


@dataclass(frozen=True)
class Likelihood:
    """A response's Σ log π_ref over its n tokens."""

    logprob: float
    n: int


class Ratios:
    """The pass under the reference, beside what the model itself said of the same pairs."""

    window_pairs = 1 << 30

    def __init__(self, workspace: Workspace) -> None:
        self._file = workspace.rows(name_of_file("log_ratio"))
        rows = read_rows(workspace.rows(OWN_LOGPROBS).path, OwnLogprobs)
        self._own = {row.pair_id: (row.a, row.b) for row in rows}
        self._head: Head | None = None
        self.finished = pairs_in(self._file.path)
        self.possible = set(self._own) - self.finished

    def under(self, reference: LocalModel) -> Ratios:
        """Ready to take; raises UserError where the reference's head cannot be read."""
        self._head = Head(reference)
        return self

    def take(self, text: Reading, states: States) -> Likelihood:
        if self._head is None:
            raise ValueError("the reference is not loaded")
        logprob, _ = self._head.logprob(text.response, states.final[:-1])
        return Likelihood(logprob, len(text.response))

    def settle(self, pair_id: str, a: Likelihood, b: Likelihood) -> None:
        own_a, own_b = self._own[pair_id]
        ratio_a, ratio_b = own_a - a.logprob, own_b - b.logprob
        mean_a, mean_b = ratio_a / max(a.n, 1), ratio_b / max(b.n, 1)
        scores = [
            score("implicit_reward_gap", ratio_a - ratio_b, a=ratio_a, b=ratio_b),
            score("mean_implicit_reward_gap", mean_a - mean_b, a=mean_a, b=mean_b),
        ]
        self._file.append(ScoreValuesRow(pair_id=pair_id, scores=scores))
