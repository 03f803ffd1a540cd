"""The sentence-embedding models that a project can use: the workers' own, and local directories."""

from __future__ import annotations

from curation.models import Project
from judges.errors import JudgeError
from judges.model_dirs import model_dir, models_root, shared_models
from trainer_bridge.contracts import BUILT_IN_EMBEDDER
from trainer_bridge.errors import JobError


def embedder_names() -> list[str]:
    """The built-in one, and the directories in the format of sentence-transformers below MODELS_ROOT."""
    root = models_root()
    return [
        BUILT_IN_EMBEDDER,
        *(name for name in shared_models() if (root / name / "modules.json").is_file()),
    ]


def embedder_path(name: str, project: Project) -> str:
    """What the worker is given for a name; empty for the built-in one. Raises JobError for any other."""
    if name == BUILT_IN_EMBEDDER:
        return ""
    if name not in embedder_names():
        raise JobError(
            f"There is no sentence-transformers model {name!r} in the model directory. Choose from: "
            f"{', '.join(embedder_names())}."
        )
    try:
        return str(model_dir(name, project=project))
    except JudgeError as error:
        raise JobError(str(error)) from error
