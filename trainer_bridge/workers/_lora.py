"""Gradient entanglement by LoRA parameters (Yuan et al., arXiv 2410.13828): a backward pass per response.

The adapters are fresh, as those that training starts from: A drawn at random from a fixed seed, B zero. The
gradient by A is then zero and left out; that by B is what the first step of training moves along, and, A
being random, a random projection of the gradient by the whole matrices.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

import torch

from trainer_bridge.contracts import FailureRow, PairRow, ScoreValuesRow
from trainer_bridge.workers._hidden import Reading
from trainer_bridge.workers._io import JsonLines, Tally, UserError, Workspace
from trainer_bridge.workers._models import LocalModel, RenderError, in_batches
from trainer_bridge.workers._pairs import Key, pair_keys
from trainer_bridge.workers._pass import failed, reading
from trainer_bridge.workers._scorers import entangled, name_of_file, pairs_in

RANK, ALPHA, SEED = 16, 32, 0


class Adapters:
    """Fresh LoRA adapters on all linear layers of a model but its head. The model keeps them."""

    def __init__(self, loaded: LocalModel) -> None:
        from peft import LoraConfig, get_peft_model  # takes seconds, which other scores need not wait for

        self._device = loaded.device
        config = LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules="all-linear", task_type="CAUSAL_LM")
        with torch.random.fork_rng():
            torch.manual_seed(SEED)
            try:
                self._model = get_peft_model(loaded.model, config).eval()
            except ValueError as error:
                raise UserError(f"This model cannot carry LoRA adapters: {error}") from error
        for name, parameter in self._model.named_parameters():
            parameter.requires_grad_("lora_B" in name)
        self._parameters = [each for each in self._model.parameters() if each.requires_grad]

    def gradient(self, text: Reading) -> torch.Tensor:
        """∇ Σ log π(response) by all B matrices, one after another, float32."""
        (flat,) = in_batches([text], 1, lambda texts: self._gradient(texts[0]))
        return flat

    def _gradient(self, text: Reading) -> torch.Tensor:
        inputs = torch.tensor([text.ids], device=self._device)
        targets = torch.tensor(text.response, device=self._device)
        kept = len(targets) + 1  # the last state predicts what is not there
        logits = self._model(input_ids=inputs, use_cache=False, logits_to_keep=kept).logits[0, :-1]
        chosen = logits.float().log_softmax(dim=-1).gather(1, targets[:, None])
        parts = torch.autograd.grad(chosen.sum(), self._parameters)
        return torch.cat([part.flatten().float() for part in parts])


class LoraPass:
    """Scores a sample of pairs, keeping a gradient as long as a later pair of its prompt needs it."""

    def __init__(self, loaded: LocalModel, max_length: int, workspace: Workspace) -> None:
        self._loaded = loaded
        self._max_length = min(max_length, loaded.max_positions)
        self._file: JsonLines = workspace.rows(name_of_file("lora_entanglement"))
        self.finished = pairs_in(self._file.path)

    def run(self, pairs: Sequence[PairRow], known: set[str], failures: JsonLines, tally: Tally) -> None:
        """Score the pairs; those that cannot be are in `failures` once, so `known` names the ones there."""
        adapters = Adapters(self._loaded)
        for _, group in groupby(pairs, key=lambda pair: pair_keys(pair)[0][0]):
            for failure in self._scored(list(group), adapters):
                if failure is None:
                    tally.add(1)
                    continue
                if failure.key not in known:
                    failures.append(failure)
                tally.add(failed=1)

    def _scored(self, pairs: Sequence[PairRow], adapters: Adapters) -> list[FailureRow | None]:
        needed = Counter(key for pair in pairs for key in pair_keys(pair))
        gradients: dict[Key, torch.Tensor] = {}
        reasons: dict[Key, str] = {}
        ends = []
        for pair in pairs:
            keys = pair_keys(pair)
            for key in keys:
                self._look(pair, key, adapters, gradients, reasons)
            failure = failed(pair.pair_id, keys, reasons)
            if failure is None:
                self._write(pair.pair_id, *(gradients[key] for key in keys))
            ends.append(failure)
            needed.subtract(keys)
            for key in keys:
                if needed[key] <= 0:
                    gradients.pop(key, None)
        return ends

    def _look(
        self,
        pair: PairRow,
        key: Key,
        adapters: Adapters,
        gradients: dict[Key, torch.Tensor],
        reasons: dict[Key, str],
    ) -> None:
        """Find the response's gradient, or why it has none."""
        if key in gradients or key in reasons:
            return
        try:
            text, _ = reading(self._loaded.tokenizer, pair, key, self._max_length)
        except RenderError as error:
            reasons[key] = str(error)
        else:
            gradients[key] = adapters.gradient(text)

    def _write(self, pair_id: str, a: torch.Tensor, b: torch.Tensor) -> None:
        dot, norm2_a, norm2_b = (float(x.double() @ y.double()) for x, y in ((a, b), (a, a), (b, b)))
        found = entangled("lora_entanglement", dot, norm2_a, norm2_b)
        self._file.append(ScoreValuesRow(pair_id=pair_id, scores=[found]))
