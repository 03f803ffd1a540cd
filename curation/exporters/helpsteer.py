"""NVIDIA's HelpSteer3 and HelpSteer2 preference rows.

Source: the cards of nvidia/HelpSteer3 (arXiv 2505.11475) and nvidia/HelpSteer2 (arXiv 2410.01257). In both a
negative number says that response 1 is better. The HelpSteer3 file has a column of our own, from which an
import restores what the others have no place for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, ClassVar

from curation.algorithms.fingerprints import canonical_json
from curation.exporters.base import About, Rule, Snippet, TrainingRow
from curation.exporters.origin import Origin, Said, Scored, first_is_chosen, strength
from curation.exporters.rules import DIFFERENT, PREFERENCE, takes_turns
from curation.exporters.shapes import PairFormat
from curation.importers.datasets.native import KEY, VERSION

MARK = "<extra_id_1>"
NEITHER = -100  # HelpSteer2's “neither response is valid”
MOST_SPREAD = 2
SPLITS = {"train": "train", "eval": "val"}
STATEMENTS = {1: "slightly better", 2: "better", 3: "much better"}
ONE_TEXT = Rule(
    DIFFERENT.reason,
    "A row names its responses by their texts: nothing would say which of the two is which.",
    DIFFERENT.breaks,
)


def origin_of(row: TrainingRow) -> Origin:
    """What is known of the row; of one that came without, the order of its responses."""
    if row.origin is not None:
        return row.origin
    return Origin(chosen=1 if first_is_chosen(row.chosen, row.rejected) else 2)


def in_order(row: TrainingRow, origin: Origin) -> tuple[str, str]:
    """The texts of response 1 and response 2."""
    return (row.chosen, row.rejected) if origin.chosen == 1 else (row.rejected, row.chosen)


class HelpSteer3(PairFormat):
    name: ClassVar[str] = "helpsteer3"
    label: ClassVar[str] = "HelpSteer3 preference, with everything Tiebreak knows"
    trainer: ClassVar[str] = "HelpSteer and Tiebreak"
    needs_origin: ClassVar[bool] = True
    help: ClassVar[str] = (
        "HelpSteer3's columns, for its readers, and one more called tiebreak: JSON text with every judgment, "
        "response and prompt in full. Importing the file into an empty project gives the same data."
    )
    notes: ClassVar[tuple[str, ...]] = (
        (
            "People are called person-1, person-2 and so on, the same in every file of the project; no user "
            "name and no e-mail address is in the file. Rationales are, as they were written."
        ),
        (
            "The judgments are those that stood when the version was frozen, without those of raters who "
            "were left out then. Later ones change nothing."
        ),
        (
            "overall_preference is the mean of the scores on the side that the version chose. An answer "
            "“both bad” or a skip has no score: it is in the column tiebreak alone."
        ),
        (
            "Images, sound, tool calls and empty responses are kept. HelpSteer3 has none of them: context "
            "holds the text of each turn, which may be empty, and may end with a tool's; the column tiebreak "
            "has the turns whole."
        ),
    )
    rules: tuple[Rule, ...] = (ONE_TEXT,)

    def shape(self, row: TrainingRow) -> dict[str, Any]:
        origin = origin_of(row)
        context = [{"role": turn["role"], "content": text_of(turn)} for turn in row.messages]
        one, two = in_order(row, origin)
        scores = [scored.score for scored in origin.scored]
        return {
            "domain": row.category,
            "language": origin.prompt.get("language", ""),
            "context": context,
            "response1": one,
            "response2": two,
            "overall_preference": strength(scores, origin.sign, is_tie=row.soft_label == 0.5),
            "individual_preference": [_individual(one) for one in origin.scored],
            KEY: canonical_json(_in_full(row, origin, context)),
        }

    def usage(self, about: About) -> tuple[Snippet, ...]:
        file = about.file_name(self)
        load = (
            "import json\n\n"
            "from datasets import load_dataset\n\n"
            f'rows = load_dataset("json", data_files="{file}", split="train")\n'
            f'judgments = json.loads(rows[0]["{KEY}"])["judgments"]'
        )
        back = f"python manage.py import_preferences PROJECT {file}"
        return (Snippet("look.py", load), Snippet("Into another project", back))


def text_of(turn: dict[str, Any]) -> str:
    """What a turn says in words: of content in parts the texts, a line each."""
    content = turn["content"]
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content if part["type"] == "text")


def _individual(scored: Scored) -> dict[str, Any]:
    """As HelpSteer3 has it; the feedback is there where the judgment came from such a file."""
    feedback = scored.said.attributes.get("imported", {}).get("feedback", {})
    return {
        "score": scored.score,
        "reasoning": scored.said.rationale,
        "feedback1": feedback.get("a", ""),
        "feedback2": feedback.get("b", ""),
    }


def _in_full(row: TrainingRow, origin: Origin, context: list[dict[str, str]]) -> dict[str, Any]:
    prompt = {
        "fingerprint": row.prompt_id,
        "source": row.source,
        "licence": row.licence,
        "split": row.split,
        # Only where the context leaves something out, as an image or the name of a turn.
        "messages": None if context == row.messages else row.messages,
        **{name: origin.prompt.get(name, empty) for name, empty in (("tags", []), ("metadata", {}))},
    }
    verdict = {
        "chosen": origin.chosen,
        "soft_label": row.soft_label,
        "margin": row.margin,
        "weight": row.weight,
    }
    return {
        "version": VERSION,
        "prompt": prompt,
        "responses": origin.responses,
        "judgments": [asdict(said) for said in origin.judgments],
        "row": verdict,
    }


MARKED = Rule(
    f"text holds {MARK}",
    "The format begins turns with that mark: the text would be read as several.",
    lambda row: any(MARK in text for text in (*_contents(row), row.chosen, row.rejected)),
)
USER_FIRST = Rule(
    "turns do not alternate from a user turn on",
    "The format has no system turn, and the first turn is the user's without saying so.",
    lambda row: row.messages[0]["role"] == "system" or not takes_turns(row, {"user"}, {"assistant"}),
)
TIE = Rule(
    "tie",
    "HelpSteer2 left out pairs without a preference: its strengths run from 1 to 3 to either side.",
    lambda row: row.soft_label == 0.5,
)
SPREAD = Rule(
    "the closest three preferences differ by more than 2",
    "HelpSteer2 left out pairs on which people disagree that much.",
    lambda row: _spread(most_similar(origin_of(row))) > MOST_SPREAD,
)
OTHERWISE = Rule(
    "the closest three preferences do not say what the version says",
    "The strength is their mean. It would name no response, or the other one, as better.",
    lambda row: _contradicts(origin_of(row)),
)


def _contents(row: TrainingRow) -> list[str]:
    return [turn["content"] for turn in row.messages]


def _spread(judgments: Sequence[Scored]) -> int:
    scores = [one.score for one in judgments]
    return max(scores) - min(scores) if scores else 0


def _contradicts(origin: Origin) -> bool:
    scores = [one.score for one in most_similar(origin)]
    # A mean below one half rounds to no preference.
    return bool(scores) and 2 * origin.sign * sum(scores) < len(scores)


def most_similar(origin: Origin) -> list[Scored]:
    """The three scores that lie closest together, in the order of the judgments; all of fewer. Of threes that
    are equally close the one that says most for the version's choice, so that no side is favoured."""
    scored = origin.scored
    if len(scored) <= 3:
        return scored
    # In sorted scores the closest three are neighbours.
    order = sorted(range(len(scored)), key=lambda at: scored[at].score)
    threes = [sorted(order[at : at + 3]) for at in range(len(order) - 2)]
    choices = [[scored[at] for at in three] for three in threes]
    return min(choices, key=lambda three: (_spread(three), -origin.sign * sum(one.score for one in three)))


class HelpSteer2(PairFormat):
    name: ClassVar[str] = "helpsteer2"
    label: ClassVar[str] = "HelpSteer2 preference"
    trainer: ClassVar[str] = "HelpSteer and Tiebreak"
    needs_origin: ClassVar[bool] = True
    help: ClassVar[str] = (
        "The columns of HelpSteer2's preference file, as NeMo's scripts read them: a strength from −3 to 3, "
        "positive where response 2 is better, with the judgments behind it."
    )
    notes: ClassVar[tuple[str, ...]] = (
        (
            "The strength is the mean of the three judgments that lie closest together, as HelpSteer2 takes "
            "it; of fewer than three, the mean of all. Judges count as people do, one for each order they "
            "were asked in."
        ),
        "Statements are made from the numbers; elaborations are the rationales. Raters are not named.",
        "“Both bad” is −100 among all preferences, HelpSteer2's “neither”; a skip is left out of them.",
        f"Later turns of a prompt begin with {MARK} and who speaks. The split eval is called val.",
    )
    rules: tuple[Rule, ...] = (*PREFERENCE, MARKED, USER_FIRST, TIE, SPREAD, OTHERWISE)

    def shape(self, row: TrainingRow) -> dict[str, Any]:
        origin = origin_of(row)
        one, two = in_order(row, origin)
        three = most_similar(origin)
        number = strength([one.score for one in three], origin.sign, is_tie=False)
        return {
            "split": SPLITS[row.split],
            "prompt": marked_prompt(row),
            "response_1": one,
            "response_2": two,
            "preference_strength": number,
            "preference_statement": statement(number),
            "preference_elaboration": _elaboration(three, number),
            "three_most_similar_preferences": [_preference(one.said) for one in three],
            "all_preferences_unprocessed": [
                _preference(said) for said in origin.judgments if said.outcome != "skip"
            ],
        }

    def usage(self, about: About) -> tuple[Snippet, ...]:
        text = (
            "from datasets import load_dataset\n\n"
            f'rows = load_dataset("json", data_files="{about.file_name(self)}", split="train")\n'
            'train = rows.filter(lambda row: row["split"] == "train")\n'
            'second_is_better = [row["preference_strength"] > 0 for row in train]'
        )
        return (Snippet("look.py", text),)


def marked_prompt(row: TrainingRow) -> str:
    """The first turn as it is, and each later one after a line with the mark and its role."""
    first, *later = row.messages
    turns = (f"\n{MARK}{turn['role'].capitalize()}\n{turn['content']}" for turn in later)
    return str(first["content"]) + "".join(turns)


def statement(number: int) -> str:
    """The strength in HelpSteer2's words."""
    if number == NEITHER:
        return "Neither response is valid."
    if number == 0:
        return "@Response 1 is about the same as @Response 2."
    better, worse = (2, 1) if number > 0 else (1, 2)
    return f"@Response {better} is {STATEMENTS[abs(number)]} than @Response {worse}."


def _elaboration(judgments: Sequence[Scored], number: int) -> str:
    """The rationale of the judgment closest to the strength, of those that have one."""
    given = [one for one in judgments if one.said.rationale]
    closest = min(given, key=lambda one: abs(one.score - number), default=None)
    return closest.said.rationale if closest else ""


def _preference(said: Said) -> dict[str, Any]:
    number = NEITHER if said.score is None else said.score
    return {"statement": statement(number), "elaboration": said.rationale, "strength": number}
