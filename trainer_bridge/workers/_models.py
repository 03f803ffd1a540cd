"""Local weights: loading, naming, rendering chats, padding, and batches that survive a full GPU."""

from __future__ import annotations

import ctypes
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import torch
from jinja2 import TemplateError  # type: ignore[import-not-found]  # comes with transformers
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging as transformers_logging

from trainer_bridge.contracts import Dtype, Message
from trainer_bridge.workers._io import UserError, Workspace

Item = TypeVar("Item")
Result = TypeVar("Result")

# Above this size a fingerprint reads samples of the weights instead of all of them.
HASH_WHOLE_BYTES = 4 << 30
HASH_BLOCK = 1 << 20
HASH_BLOCKS_PER_FILE = 64

# glibc's mallopt: never take memory for one tensor alone, and never give back the end of the heap.
MALLOC_SETTINGS = {"M_MMAP_MAX": (-4, 0), "M_TRIM_THRESHOLD": (-1, (1 << 31) - 1)}


class RenderError(Exception):
    """One prompt cannot be shown to this model; the message says why."""


@dataclass(frozen=True)
class LocalModel:
    """A model and its tokenizer, on a device. `max_positions` is the model's own context length."""

    model: Any
    tokenizer: Any
    device: torch.device
    dtype: Dtype
    fingerprint: str
    template_hash: str
    max_positions: int

    def note(self, workspace: Workspace, reference_fingerprint: str = "", arithmetic: str = "") -> None:
        """Tell the job's environment; `arithmetic` is how the device multiplies, where that is unusual."""
        workspace.environment(
            device=self.device.type,
            device_name=", ".join(filter(None, [device_name(self.device), arithmetic])),
            dtype=self.dtype,
            model_fingerprint=self.fingerprint,
            template_hash=self.template_hash,
            reference_fingerprint=reference_fingerprint,
        )


def load(path: str, dtype: Dtype) -> LocalModel:
    """Load a Hugging Face directory. Raises UserError when there is no usable model in it."""
    settle_in()
    transformers_logging.disable_progress_bar()
    folder = model_folder(path)
    tokenizer = load_tokenizer(folder)
    try:
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype))
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"The model in {folder} cannot be loaded: {error}") from error
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return LocalModel(
        model=model.to(device).eval(),
        tokenizer=tokenizer,
        device=device,
        dtype=dtype,
        fingerprint=fingerprint(folder),
        template_hash=template_hash(tokenizer),
        max_positions=getattr(model.config, "max_position_embeddings", None) or 1 << 30,
    )


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer of a model directory, with a padding token. Raises UserError when there is none."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"The model in {folder} cannot be loaded: {error}") from error
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def model_folder(path: str) -> Path:
    folder = Path(path)
    if not (folder / "config.json").is_file():
        raise UserError(
            f"There is no model in {folder}: it has no config.json. Give the path of a model directory in "
            "Hugging Face format that this worker can read."
        )
    return folder


def settle_in() -> None:
    """Use the cores this process may run on, and use what one pass frees for the next: new memory costs a
    fault for every page that is touched first."""
    torch.set_num_threads(usable_cores())
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    for parameter, value in MALLOC_SETTINGS.values():
        if mallopt is not None:
            mallopt(parameter, value)


def usable_cores() -> int:
    """The cores this process may run on; a container often has fewer than the machine."""
    return int(os.environ.get("OMP_NUM_THREADS") or len(os.sched_getaffinity(0)))


def fingerprint(folder: Path) -> str:
    """sha256 over config.json and the weight files, names included.

    Up to 4 GiB every byte counts. Beyond that each file gives its size, its first MiB (the safetensors
    header) and 64 blocks of 1 MiB spread evenly: a fine-tuned copy differs in nearly all of them.
    """
    files = sorted([*folder.glob("*.safetensors"), *folder.glob("*.bin")])
    whole = sum(file.stat().st_size for file in files) <= HASH_WHOLE_BYTES
    digest = hashlib.sha256((folder / "config.json").read_bytes())
    for file in files:
        size = file.stat().st_size
        digest.update(f"{file.name} {size}".encode())
        with file.open("rb") as handle:
            if whole:
                digest.update(hashlib.file_digest(handle, "sha256").digest())
                continue
            for block in range(HASH_BLOCKS_PER_FILE):
                handle.seek(block * max(0, size - HASH_BLOCK) // (HASH_BLOCKS_PER_FILE - 1))
                digest.update(handle.read(HASH_BLOCK))
    return digest.hexdigest()


def template_hash(tokenizer: Any) -> str:
    template = tokenizer.chat_template
    return hashlib.sha256(str(template).encode()).hexdigest() if template else ""


def render(tokenizer: Any, messages: Sequence[Message], prefill: str = "") -> str:
    """The prompt as the model reads it, ending where the assistant begins to speak, plus `prefill`."""
    if not tokenizer.chat_template:
        raise UserError(
            "The model's tokenizer has no chat template. Use a chat model, or add a template to it."
        )
    turns = [{**message.model_dump(), "content": plain_text(message)} for message in messages]
    try:
        text = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
    except TemplateError as error:
        raise RenderError(f"the model's chat template refuses this conversation: {error}") from error
    return str(text) + prefill


def plain_text(message: Message) -> str:
    """A turn's text. Raises RenderError for parts that a text model cannot read."""
    if isinstance(message.content, str):
        return message.content
    others = {str(part.get("type")) for part in message.content} - {"text"}
    if others:
        raise RenderError(f"the prompt holds {', '.join(sorted(others))}, and this model reads text only")
    return "\n".join(str(part.get("text", "")) for part in message.content)


def encode(tokenizer: Any, text: str) -> list[int]:
    """Token ids of rendered text; the template has already placed the special tokens."""
    ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return ids


def common_beginning(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens both begin with."""
    shortest = min(len(one), len(other))
    return next((at for at in range(shortest) if one[at] != other[at]), shortest)


def pad(
    loaded: LocalModel, rows: Sequence[Sequence[int]], side: Literal["left", "right"]
) -> dict[str, torch.Tensor]:
    """`input_ids` and `attention_mask` of shape (rows, longest), on the model's device."""
    width = max(len(row) for row in rows)
    ids = torch.full((len(rows), width), loaded.tokenizer.pad_token_id)
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    for index, row in enumerate(rows):
        span = slice(width - len(row), width) if side == "left" else slice(0, len(row))
        ids[index, span] = torch.tensor(row)
        mask[index, span] = 1
    return {"input_ids": ids.to(loaded.device), "attention_mask": mask.to(loaded.device)}


def in_batches(items: Sequence[Item], size: int, run: Callable[[Sequence[Item]], Result]) -> Iterator[Result]:
    """Run over `items` in batches of `size`, halving the size whenever the GPU has no room for it."""
    start = 0
    while start < len(items):
        batch = items[start : start + size]
        try:
            result = run(batch)
        except torch.OutOfMemoryError:
            if len(batch) == 1:
                raise UserError(
                    "The GPU has no room for even one row. Use a smaller max_length or model, or bfloat16."
                ) from None
            torch.cuda.empty_cache()
            size = len(batch) // 2
            continue
        start += len(batch)
        yield result


def by_tokens(items: Iterable[Item], length: Callable[[Item], int], budget: int) -> Iterator[list[Item]]:
    """Items, the longest first, in groups whose padded size stays within the budget."""
    group: list[Item] = []
    for item in items:
        if group and length(group[0]) * (len(group) + 1) > budget:
            yield group
            group = []
        group.append(item)
    if group:
        yield group


@contextmanager
def released(loaded: LocalModel) -> Iterator[LocalModel]:
    """Give the device memory back when the block ends, for workers that load one model after another."""
    try:
        yield loaded
    finally:
        loaded.model.to("meta")
        if loaded.device.type == "cuda":
            torch.cuda.empty_cache()


def device_name(device: torch.device) -> str:
    """What the device calls itself, for people."""
    if device.type == "cuda":
        return str(torch.cuda.get_device_name())
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return f"{next(names, 'CPU')}, {torch.get_num_threads()} threads"
