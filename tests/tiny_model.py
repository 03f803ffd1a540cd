"""A random two-layer Llama with a byte-level tokenizer and a chat template, built offline in a second.

Run it in the worker environment: `.venv-ml/bin/python -m tests.tiny_model DIR [SEED]`, or
`… -m tests.tiny_model DIR near MODEL` for one whose weights are a little off those of another model.
"""

from __future__ import annotations

import sys

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

SPECIAL = ("<|pad|>", "<|start|>", "<|end|>")
# Refuses system turns, as Gemma's template does.
TEMPLATE = (
    "{% for m in messages %}"
    "{% if m['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{{ '<|start|>' + m['role'] + '\n' + m['content'] + '<|end|>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start|>assistant\n' }}{% endif %}"
)


def build(folder: str, seed: int = 0) -> None:
    tokenizer = byte_tokenizer()
    tokenizer.save_pretrained(folder)
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        # Wide enough that the random model has opinions, so that sampling and scores vary.
        initializer_range=0.3,
    )
    LlamaForCausalLM(config).save_pretrained(folder)


def byte_tokenizer() -> PreTrainedTokenizerFast:
    """One token a byte: no training, no merges, any text."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: index for index, token in enumerate([*SPECIAL, *alphabet])}
    backend = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token=SPECIAL[0], bos_token=SPECIAL[1], eos_token=SPECIAL[2]
    )
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def build_near(folder: str, model: str) -> None:
    """As training would leave it: the same tokenizer, every matrix moved by a twentieth of its spread."""
    AutoTokenizer.from_pretrained(model).save_pretrained(folder)
    moved = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
    torch.manual_seed(0)
    with torch.no_grad():
        for weight in moved.parameters():
            weight.add_(torch.randn_like(weight), alpha=0.05 * float(weight.std()))
    moved.save_pretrained(folder)


if __name__ == "__main__":
    if sys.argv[2:3] == ["near"]:
        build_near(sys.argv[1], sys.argv[3])
    else:
        build(sys.argv[1], *map(int, sys.argv[2:]))
