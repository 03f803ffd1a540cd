"""What `datasets` and TRL make of exported files. Runs in the worker environment, without Django:

.venv-ml/bin/python -m tests.curation.consumer_check load FOLDER
.venv-ml/bin/python -m tests.curation.consumer_check trl FOLDER MODEL
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from datasets import DatasetDict, disable_progress_bars, load_dataset

BUILDERS = {".jsonl": "json", ".parquet": "parquet", ".csv": "csv"}


def unpacked(path: Path) -> Path:
    folder = path.with_suffix("")
    with ZipFile(path) as zipped:
        zipped.extractall(folder)
    return folder


def loaded(path: Path, cache: Path) -> Any:
    """As the consumer loads it: a folder by its card, LLaMA-Factory's by the name in dataset_info.json."""
    if path.suffix == ".zip":
        folder = unpacked(path)
        info = folder / "dataset_info.json"
        if not info.exists():
            return load_dataset(str(folder), cache_dir=str(cache))
        (entry,) = json.loads(info.read_text()).values()
        path = folder / entry["file_name"]
    return load_dataset(BUILDERS[path.suffix], data_files=str(path), split="train", cache_dir=str(cache))


def load(folder: Path) -> dict[str, Any]:
    found = {}
    for path in sorted(folder.iterdir()):
        if path.is_file():
            dataset = loaded(path, folder / "cache")
            splits = dataset if isinstance(dataset, DatasetDict) else {"": dataset}
            found[path.stem] = {name: {"n": len(rows), "first": rows[0]} for name, rows in splits.items()}
    return found


def trl(folder: Path, model: str) -> dict[str, Any]:
    """One step of each trainer, and what it had prepared by then."""
    from transformers import AutoTokenizer
    from trl import (
        DPOConfig,
        DPOTrainer,
        KTOConfig,
        KTOTrainer,
        RewardConfig,
        RewardTrainer,
        SFTConfig,
        SFTTrainer,
        apply_chat_template,
        extract_prompt,
    )

    tokenizer = AutoTokenizer.from_pretrained(model)
    decode = tokenizer.decode
    common = {
        "output_dir": str(folder / "out"), "max_steps": 1, "report_to": [], "use_cpu": True, "bf16": False,
        "per_device_train_batch_size": 4, "disable_tqdm": True, "save_strategy": "no", "logging_steps": 1,
    }  # fmt: skip

    def rows(name: str) -> Any:
        (path,) = folder.glob(f"{name}.*")
        return loaded(path, folder / "cache")

    reward = RewardTrainer(model, args=RewardConfig(**common), train_dataset=rows("trl_implicit"))
    kto = KTOTrainer(model, args=KTOConfig(**common), train_dataset=rows("trl_unpaired"))
    dpo = DPOTrainer(model, args=DPOConfig(**common), train_dataset=rows("trl_jsonl"))
    own = DPOTrainer(model, args=DPOConfig(**common), train_dataset=rows("trl_weighted"))
    sft = SFTTrainer(model, args=SFTConfig(**common), train_dataset=rows("trl_completions"))
    for trainer in (reward, kto, dpo, own, sft):
        trainer.train()
    ultrafeedback = rows("ultrafeedback").remove_columns(["prompt", "messages"])
    return {
        "implicit": extract_prompt(rows("trl_implicit")[0]),
        "ultrafeedback": extract_prompt(ultrafeedback[0]),
        "margins": next(iter(reward.get_train_dataloader()))["margin"].tolist(),
        "reward": [decode(row["chosen_ids"]) for row in reward.train_dataset],
        "kto": [
            {
                "prompt": decode(row["prompt_ids"]),
                "completion": decode(row["completion_ids"]),
                "kl": decode(row["KL_completion_ids"]),
                "label": row["label"],
            }
            for row in kto.train_dataset
        ],
        "sft": [decode([label for label in row["labels"] if label != -100]) for row in sft.train_dataset],
        "prompts": [apply_chat_template(row, tokenizer)["prompt"] for row in rows("trl_prompts")],
        "losses": [trainer.state.log_history[0]["loss"] for trainer in (reward, kto, dpo, own, sft)],
    }


if __name__ == "__main__":
    disable_progress_bars()
    what, place, *rest = sys.argv[1:]
    print(json.dumps(load(Path(place)) if what == "load" else trl(Path(place), *rest)))  # noqa: T201 -- the answer to the caller
