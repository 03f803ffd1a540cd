"""Count the tokens of pairs as TRL's DPOTrainer tokenises them: with a model's tokenizer and chat template,
and without its weights.

A conversation is rendered to its end, with the tokens that close the answer. The prompt's tokens are those
with which it begins in both conversations: a template may write a prompt alone in another way (TRL 1.16,
`tokenize_fn`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from jinja2 import TemplateError  # type: ignore[import-not-found]  # comes with transformers
from transformers import AutoTokenizer

from curation.scorers import SCORERS, SHARED_TOKENS
from trainer_bridge.contracts import Message, PairRow, ScoreValue, ScoreValuesRow, TokenScoreSpec
from trainer_bridge.workers._io import Tally, UserError, Workspace, read_rows, work
from trainer_bridge.workers._models import (
    RenderError,
    common_beginning,
    fingerprint,
    model_folder,
    plain_text,
    render,
    template_hash,
)

# Tokenised together: enough for the tokenizer's threads, few enough that little is lost.
PAIRS_PER_WRITE = 256

Texts = tuple[str, str, str]  # the prompt, and the prompt with each of the two responses


def run(spec: TokenScoreSpec, workspace: Workspace) -> None:
    folder = model_folder(spec.model)
    tokenizer = _tokenizer(folder)
    workspace.environment(
        device="cpu",
        device_name="CPU",
        dtype="",
        model_fingerprint=fingerprint(folder),
        template_hash=template_hash(tokenizer),
    )
    pairs, scores = workspace.input(spec.pairs), workspace.rows("scores.jsonl")
    finished = {row.pair_id for row in read_rows(scores.path, ScoreValuesRow)}
    # Read twice rather than kept: texts of all pairs may fill the memory.
    known = [pair.pair_id in finished for pair in read_rows(pairs, PairRow)]
    tally = Tally(workspace, "pairs", total=len(known), done=sum(known))
    todo = (pair for pair in read_rows(pairs, PairRow) if pair.pair_id not in finished)
    while batch := list(islice(todo, PAIRS_PER_WRITE)):
        scores.append(*_rows(tokenizer, batch))
        tally.add(len(batch))


def _tokenizer(folder: Path) -> Any:
    try:
        return AutoTokenizer.from_pretrained(folder)
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"The tokenizer in {folder} cannot be loaded: {error}") from error


def _rows(tokenizer: Any, pairs: Sequence[PairRow]) -> Iterator[ScoreValuesRow]:
    written = [_texts(tokenizer, pair) for pair in pairs]
    flat = [text for texts in written if texts for text in texts]
    ids = iter(tokenizer(flat, add_special_tokens=False)["input_ids"] if flat else [])
    for pair, texts in zip(pairs, written, strict=True):
        found = _counts(*(next(ids) for _ in texts)) if texts else {}
        # A conversation that was rendered has tokens, so nothing else is 0.
        value = found.pop("shared", 0)
        version = SCORERS[SHARED_TOKENS].version
        score = ScoreValue(scorer=SHARED_TOKENS, version=version, value=value, details=found)
        yield ScoreValuesRow(pair_id=pair.pair_id, scores=[score])


def _texts(tokenizer: Any, pair: PairRow) -> Texts | None:
    """The conversations as the model reads them; None where it cannot."""
    try:
        a, b = (_whole(tokenizer, pair.prompt, text) for text in (pair.response_a, pair.response_b))
        return render(tokenizer, pair.prompt), a, b
    except (RenderError, TemplateError):
        return None


def _whole(tokenizer: Any, prompt: Sequence[Message], response: str) -> str:
    turns = [{**message.model_dump(), "content": plain_text(message)} for message in prompt]
    turns.append({"role": "assistant", "content": response})
    return str(tokenizer.apply_chat_template(turns, tokenize=False))


def _counts(prompt: list[int], a: list[int], b: list[int]) -> dict[str, float]:
    return {
        "shared": common_beginning(a, b),
        "prompt": min(common_beginning(prompt, a), common_beginning(prompt, b)),
        "a": len(a),
        "b": len(b),
    }


if __name__ == "__main__":
    work("score_tokens", run)
