"""Local model directories, and which of them a project may use.

Weights lie under MODELS_ROOT in Hugging Face format. What a project trains is kept in
`trained/<project slug>/`, which only that project may read.
"""

from __future__ import annotations

import json
from pathlib import Path

from django.conf import settings

from curation.models import Project
from judges.errors import JudgeError

TRAINED = "trained"


def models_root() -> Path:
    return Path(settings.MODELS_ROOT).resolve()


def trained_dir(project: Project, name: str) -> Path:
    """Where the weights of a trained model are kept."""
    return models_root() / TRAINED / project.slug / name


def shared_models() -> list[str]:
    """The directories anyone may register, relative to MODELS_ROOT."""
    root = models_root()
    found = (
        path.parent.relative_to(root) for depth in ("*", "*/*") for path in root.glob(f"{depth}/config.json")
    )
    return sorted(str(path) for path in found if path.parts[0] != TRAINED)


def model_dir(text: str, *, project: Project) -> Path:
    """The directory `text` names, relative to MODELS_ROOT or absolute, checked to hold a usable model.

    Raises JudgeError in words for the person who typed it.
    """
    root = models_root()
    path = (root / text.strip()).resolve() if text.strip() else root
    if path == root or not path.is_relative_to(root):
        raise JudgeError(f"{text!r} is outside the model directory. Give a directory below {root}.")
    parts = path.relative_to(root).parts
    foreign = parts[0] == TRAINED and parts[1:2] != (project.slug,)
    if foreign or not path.is_dir():
        raise JudgeError(
            f"There is no directory {text!r} below {root}. Copy the model there, then try again."
        )
    _check_files(path)
    return path


def _check_files(path: Path) -> None:
    try:
        config = json.loads((path / "config.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise JudgeError(
            f"{path.name} has no config.json, so it is not a model in Hugging Face format."
        ) from None
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise JudgeError(f"{path.name}/config.json is not valid JSON. Copy the model again.") from None
    if not isinstance(config, dict) or "model_type" not in config:
        raise JudgeError(f"{path.name}/config.json names no model_type. Is this a language model?")
    if not any(path.glob("*.safetensors")):
        raise JudgeError(
            f"{path.name} holds no .safetensors weights. Convert the weights to safetensors first."
        )
    if not (path / "tokenizer_config.json").exists():
        raise JudgeError(
            f"{path.name} has no tokenizer_config.json. Copy the tokenizer's files beside the weights."
        )
