"""README.md of a dataset folder: YAML for the Hub, then what a reader should know."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from curation.exporters.base import About
from curation.scorers import scorer_name

# Of the Hub's list of licence identifiers, those that data sets come under.
KNOWN_LICENCES = frozenset(
    {
        "apache-2.0", "mit", "bsd-3-clause", "gpl-3.0", "unlicense", "cc0-1.0", "cc-by-3.0", "cc-by-4.0",
        "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nc-nd-4.0",
        "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0", "cc-by-nd-4.0", "cdla-permissive-1.0", "cdla-permissive-2.0",
        "cdla-sharing-1.0", "odc-by", "odbl", "pddl",
    }
)  # fmt: skip
SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)


def hub_card(
    about: About, splits: Mapping[str, int], licences: Mapping[str, int], left_out: Mapping[str, int]
) -> str:
    """`splits` and `licences` count the rows in the folder; the rest is of the version, from its own card."""
    card = about.card
    front = yaml.safe_dump(_front_matter(about, splits, licences), sort_keys=False, allow_unicode=True)
    parts = [
        f"---\n{front}---\n\n# {plain(about.title)}, version {about.number}",
        (
            "Preference pairs: for each prompt one response that was preferred and one that was not, as "
            "chat messages. Written by Tiebreak."
        ),
        _section("Rows", ("Split", "Rows"), splits.items()),
        _section("Licences of the prompts", ("Licence", "Rows"), named(licences)),
        _section("Sources", ("Source", "Rows of the version"), named(card.get("sources", {}))),
        _section("Categories", ("Category", "Rows of the version"), named(card.get("categories", {}))),
        _section("Who wrote the responses", ("Model", "Responses"), _writers(card).items()),
        _biases(about.biases()),
        _scores(card),
        _section("Left out", ("Reason", "Pairs"), left_out.items()),
        _section("Never in the version", ("Step of the recipe and reason", "Pairs"), _dropped(about)),
        "## How the preferences were made\n\n" + "\n".join(f"- {line}" for line in _origin(about)),
        f"## Columns\n\n{_columns(card)}",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


COLUMNS = """\
- `prompt`, `chosen`, `rejected`: lists of messages with `role` and `content`, for TRL's `DPOTrainer`.
- `score_chosen`, `score_rejected`: {score}; the two sum to 1.
- `prompt_id`: SHA-256 of the prompt's roles and texts.
- `category`, `source`, `licence`: of the prompt.
- `chosen_by`, `rejected_by`: the model that wrote the response, or “people”."""
BY_CONSENSUS = "the consensus probability that this response is the better one"
BY_STEP = (
    "the probability that this response is the better one, as the recipe's step “Soft label” sets it "
    "({params}), not that of the consensus"
)
UNSCORED = ", which rows without a score have"
# What a reader needs to know of a model's scores; other details are of this project.
SCORED_WITH = (
    "dtype", "max_length", "version", "model_fingerprint", "reference_fingerprint", "template_hash",
)  # fmt: skip


def _columns(card: Mapping[str, Any]) -> str:
    """The last step that sets a soft label counts."""
    steps = [step for step in card.get("recipe", {}).get("steps", []) if step["step"] == "soft_label"]
    if not steps or steps[-1].get("rule") == "consensus":
        return COLUMNS.format(score=BY_CONSENSUS)
    last = steps[-1]
    params = ", ".join(f"{key} {last[key]}" for key in ("rule", "scorer", "scale") if key in last)
    score = BY_STEP.format(params=plain(params)) + (UNSCORED if last.get("keep_missing") else "")
    return COLUMNS.format(score=score)


def _biases(found: Iterable[Mapping[str, Any]]) -> str:
    lines = [
        f"| {row['label']} | {_told(row, 'value')} | {_interval(row)} | {row['n']} | {plain(row['says'])} |"
        for row in found
    ]
    if not lines:
        return ""
    head = "| Of the version | Value | 95 % interval | Of | What that is |\n|---|---:|---|---:|---|"
    return "\n".join(["## Agreement and known biases", "", head, *lines])


def _told(row: Mapping[str, Any], key: str) -> str:
    value = row[key]
    if value is None:
        return f"not defined: {plain(row['reason'])}"
    return f"{100 * value:.1f} %" if row["is_share"] else f"{value:.3f}"


def _interval(row: Mapping[str, Any]) -> str:
    if row["value"] is None or row["low"] is None:
        return plain(row["reason"]) if row["value"] is not None else ""
    return f"{_told(row, 'low')} to {_told(row, 'high')}"


def _scores(card: Mapping[str, Any]) -> str:
    """What the recipe read. Only a model is named: other scores may have come from named raters."""
    lines = [f"- {_score(score)}" for score in card.get("scores", [])]
    return "\n".join(["## Scores that the recipe read", "", *lines]) if lines else ""


def _score(score: Mapping[str, Any]) -> str:
    name = plain(scorer_name(score["scorer"]))
    by = f" by {plain(score['label'])}" if score.get("model_fingerprint") else ""
    details = ", ".join(
        f"{key.replace('_', ' ')} {plain(str(score[key]))}" for key in SCORED_WITH if score.get(key)
    )
    return f"{name}{by}{f' ({details})' if details else ''}"


def _front_matter(about: About, splits: Mapping[str, int], licences: Mapping[str, int]) -> dict[str, Any]:
    files = [{"split": name, "path": f"data/{name}.parquet"} for name in splits]
    return {
        "pretty_name": f"{about.title}, version {about.number}",
        "license": hub_licence(licences),
        "task_categories": ["text-generation"],
        "tags": ["preference", "dpo", "trl"],
        "size_categories": [_size(sum(splits.values()))],
        "configs": [{"config_name": "default", "data_files": files}],
    }


def hub_licence(licences: Mapping[str, int]) -> str:
    """The Hub's identifier of the one licence of all rows; `unknown` if no row has one, else `other`."""
    names = {name.strip().lower() for name in licences}
    if names == {""}:
        return "unknown"
    only = names.pop() if len(names) == 1 else ""
    return only if only in KNOWN_LICENCES else "other"


def _size(rows: int) -> str:
    return next((name for limit, name in SIZES if rows < limit), "n>10M")


def _writers(card: Mapping[str, Any]) -> Counter[str]:
    """A model that was sampled with several settings is one writer."""
    writers: Counter[str] = Counter()
    for sampler in card.get("samplers", []):
        writers[sampler["model_name"]] += sampler["responses"]
    return writers


def _dropped(about: About) -> list[tuple[str, int]]:
    return [(f"{dropped.step}: {dropped.reason}", dropped.n) for dropped in about.dropped]


def _origin(about: About) -> list[str]:
    card = about.card
    raters = card.get("raters", [])
    people = sum(rater["kind"] == "person" for rater in raters)
    recipe = card.get("recipe", {})
    consensus = card.get("consensus_label") or card.get("consensus", "not recorded")
    return [
        f"Judgments: {card.get('judgments', 0)}. Raters: people {people}, judges {len(raters) - people}.",
        f"Consensus: {plain(consensus)}.",
        f"Filter recipe: {plain(recipe.get('name', 'not recorded'))}, version {recipe.get('version', 0)}.",
        f"Content hash of the version: `{about.content_hash}`.",
    ]


def named(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return [(name or "not stated", n) for name, n in counts.items()]


def _section(title: str, head: tuple[str, str], rows: Iterable[tuple[str, int]]) -> str:
    """A heading and a table, or nothing if there is no row."""
    lines = [f"| {plain(name)} | {n} |" for name, n in rows]
    return "\n".join([f"## {title}", "", f"| {head[0]} | {head[1]} |", "|---|---:|", *lines]) if lines else ""


def plain(text: str) -> str:
    """On one line, and no Markdown or HTML of its own in a table's cell."""
    line = html.escape(" ".join(text.split()), quote=False)
    return "".join(f"\\{char}" if char in "|`*_[]\\#" else char for char in line)
