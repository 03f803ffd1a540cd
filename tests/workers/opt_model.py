"""Writes a small OPT model into a folder: its layers hold their feed-forward matrices themselves."""

from __future__ import annotations

import sys

from transformers import OPTConfig, OPTForCausalLM

if __name__ == "__main__":
    config = OPTConfig(
        vocab_size=259,
        hidden_size=32,
        ffn_dim=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        word_embed_proj_dim=32,
        max_position_embeddings=512,
    )
    OPTForCausalLM(config).save_pretrained(sys.argv[1])
