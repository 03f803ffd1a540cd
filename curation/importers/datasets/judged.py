"""Files with two responses a row and one verdict: SHP, PKU-SafeRLHF."""

from __future__ import annotations

from typing import Any

from curation.importers.datasets import fields
from curation.importers.datasets.record import (
    BETTER,
    Answer,
    Comparison,
    DatasetFormat,
    PreferenceRecord,
    PromptText,
    Rated,
    Row,
)

REDDIT = Rated("Reddit votes (SHP)")
OF_SHP = (
    "post_id", "domain", "history", "labels", "human_ref_A", "human_ref_B", "score_A", "score_B",
)  # fmt: skip
OF_SAFE_RLHF = (
    "prompt", "prompt_source", "better_response_id", "safer_response_id",
    "response_0", "response_0_source", "response_0_severity_level", "response_0_harm_category",
    "response_1", "response_1_source", "response_1_severity_level", "response_1_harm_category",
    "is_response_0_safe", "is_response_1_safe",
)  # fmt: skip
CROWD = Rated("annotators (PKU-SafeRLHF)")


def read_shp(row: Row) -> PreferenceRecord:
    """Two comments on a Reddit post: the one with more votes, though written later, is preferred."""
    a, b = (Answer(fields.text(row, f"human_ref_{side}")) for side in "AB")
    a_is_better = fields.whole(row.get("labels"), "The label", 0, 1) == 1
    scores = [fields.number(row.get(f"score_{side}"), f"score_{side}") for side in "AB"]
    chosen, rejected = (a, b) if a_is_better else (b, a)
    better, worse = scores if a_is_better else reversed(scores)
    answers, comparison = fields.preferred_pair(
        chosen, rejected, REDDIT, ratings={"votes": (better, worse)}, columns=fields.others(row, OF_SHP)
    )
    category, split = subreddit_split(fields.label(row, "domain"))
    prompt = PromptText(
        fields.user_turn(fields.text(row, "history")),
        category=category,
        split=split,
        metadata={"post_id": row.get("post_id")},
    )
    return PreferenceRecord(prompt, answers, (comparison,))


def subreddit_split(domain: str) -> tuple[str, str]:
    """“askculinary_validation” as the subreddit and the split here; a domain that names none, as it is."""
    name, _, last = domain.rpartition("_")
    split = fields.split_named(last) if name else ""
    return (name, split) if split else (domain, "")


def read_safe_rlhf(row: Row) -> PreferenceRecord:
    """Two decoupled preferences: the better response is the judgment, the safer one its attribute."""
    texts = [fields.text(row, f"response_{side}") for side in "01"]
    fields.two_texts(*texts)
    better = fields.whole(row.get("better_response_id"), "better_response_id", 0, 1)
    safer = fields.whole(row.get("safer_response_id"), "safer_response_id", 0, 1)
    known = {
        "safe": [fields.flag(row.get(f"is_response_{side}_safe")) for side in "01"],
        "severity": [row.get(f"response_{side}_severity_level") for side in "01"],
        "harm": [_harms(row.get(f"response_{side}_harm_category")) for side in "01"],
    }
    comparison = Comparison(
        0,
        1,
        CROWD,
        "preferred",
        -BETTER if better else BETTER,
        sides={"safety": "second" if safer else "first"},
        each={name: (one, two) for name, (one, two) in known.items() if (one, two) != (None, None)},
        columns=fields.others(row, OF_SAFE_RLHF),
    )
    answers = tuple(
        Answer(text, fields.label(row, f"response_{side}_source"))
        for side, text in zip("01", texts, strict=True)
    )
    prompt = PromptText(
        fields.user_turn(fields.text(row, "prompt")), category=fields.label(row, "prompt_source")
    )
    return PreferenceRecord(prompt, answers, (comparison,))


def _harms(categories: Any) -> list[str] | None:
    """The names of the categories that are flagged; a row may say nothing of them."""
    if categories in (None, ""):
        return None
    said = fields.as_object(categories, "A list of harm categories")
    return [name for name, flag in said.items() if flag]


PROMPT, RIGHT, WRONG = "Why is the sky blue?", "Air scatters blue light most.", "It mirrors the sea."

FORMATS = (
    DatasetFormat(
        name="shp",
        label="SHP",
        source="stanfordnlp/SHP, dataset card",
        dataset="SHP",
        help="The label 1 says that comment A is preferred. The votes of both are kept with the judgment. "
        "The domain ends in the split (askscience_test): test and validation go to the split eval, and the "
        "category is the subreddit.",
        example={
            "post_id": "qt3nxl",
            "domain": "askscience_train",
            "history": PROMPT,
            "human_ref_A": RIGHT,
            "human_ref_B": WRONG,
            "labels": 1,
            "score_A": 52,
            "score_B": 13,
            "score_ratio": 4.0,
        },
        recognises=lambda row: fields.has(row, "history", "human_ref_A", "human_ref_B", "labels"),
        read=fields.one(read_shp),
    ),
    DatasetFormat(
        name="pku-saferlhf",
        label="PKU-SafeRLHF",
        source="PKU-Alignment/PKU-SafeRLHF, dataset card",
        dataset="PKU-SafeRLHF",
        licence="CC-BY-NC-4.0",
        help="Which response is better is the judgment; which is safer is kept with it as the attribute "
        "safety. The two can differ.",
        example={
            "prompt": PROMPT,
            "response_0": RIGHT,
            "response_1": WRONG,
            "response_0_source": "Alpaca-7B",
            "response_1_source": "Alpaca-7B",
            "is_response_0_safe": True,
            "is_response_1_safe": True,
            "better_response_id": 0,
            "safer_response_id": 0,
        },
        recognises=lambda row: fields.has(row, "response_0", "response_1", "better_response_id"),
        read=fields.one(read_safe_rlhf),
    ),
)
