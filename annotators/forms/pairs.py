"""Which pairs a campaign is about."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet, TextChoices

from annotators.services.queue_fill import UNCERTAINTY_METHOD
from curation.models import (
    Consensus,
    DatasetRow,
    DatasetVersion,
    DroppedPair,
    Judgment,
    Pair,
    Project,
    Prompt,
)

ANY = [("", "Any")]
MAX_CHOICES = 500  # of categories or sources; more are found by searching the prompts
MAX_VERSIONS = 30
DISTINCT = """
WITH RECURSIVE found AS (
    (SELECT {column} AS value FROM curation_prompt WHERE project_id = %s ORDER BY {column} LIMIT 1)
    UNION ALL
    SELECT (SELECT {column} FROM curation_prompt WHERE project_id = %s AND {column} > found.value
            ORDER BY {column} LIMIT 1)
    FROM found WHERE found.value IS NOT NULL
)
SELECT value FROM found WHERE value <> '' LIMIT %s
"""


class Judged(TextChoices):
    NO_PERSON = "no_person", "Not yet by people"
    PERSON = "person", "By people"
    JUDGE = "judge", "By judges"
    NOBODY = "nobody", "By nobody"


class PairFields(forms.Form):
    """Every filter narrows; an empty one does not. Subclasses say which project the choices come from."""

    judged = forms.ChoiceField(
        label="Judged",
        required=False,
        choices=[*ANY, *Judged.choices],
        initial=Judged.NO_PERSON,
        help_text="Whose judgments a pair has so far.",
    )
    split = forms.ChoiceField(
        required=False,
        choices=[*ANY, *Prompt.Split.choices],
        help_text="Pairs of the eval split are for measuring models; leave them alone unless you mean it.",
    )
    category = forms.ChoiceField(required=False)
    source = forms.ChoiceField(required=False)
    consensus = forms.ChoiceField(
        label="Consensus",
        required=False,
        choices=[*ANY, ("yes", "Has one"), ("no", "Has none")],
        help_text="Whether any method has concluded a winner or a tie.",
    )
    margin_below = forms.FloatField(
        label="Margin below",
        required=False,
        min_value=0,
        max_value=1,
        widget=forms.NumberInput(attrs={"step": "any"}),
        help_text="Only pairs whose consensus is this unsure: 0 is a coin toss, 1 is certain.",
    )
    text = forms.CharField(label="Words in the prompt", required=False, max_length=200)
    dataset = forms.ChoiceField(
        label="Of a dataset version",
        required=False,
        help_text="The pairs it kept, or those that one of its steps dropped.",
    )
    limit = forms.IntegerField(
        label="At most",
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text="How many of the matching pairs, first in the order below; empty takes all of them.",
    )

    pair_names = (
        "judged",
        "split",
        "category",
        "source",
        "consensus",
        "margin_below",
        "text",
        "dataset",
        "limit",
    )

    def choices_from(self, project: Project) -> None:
        """Fill the choices that depend on the project."""
        for name in ("category", "source"):
            values = distinct_values(project, name)
            self.fields[name] = forms.ChoiceField(
                required=False, choices=[*ANY, *((value, value) for value in values)]
            )
        self.fields["dataset"] = forms.ChoiceField(
            label=self.fields["dataset"].label,
            help_text=self.fields["dataset"].help_text,
            required=False,
            choices=[*ANY, *dataset_choices(project)],
        )

    def matching(self, project: Project) -> QuerySet[Pair]:
        """The pairs that the filters name; call on a form whose filters are valid."""
        data = self.cleaned_data
        pairs: QuerySet[Pair] = Pair.objects.for_project(project)
        wanted = {f"prompt__{name}": data[name] for name in ("split", "category", "source") if data[name]}
        pairs = pairs.filter(**wanted)
        if data["text"]:
            pairs = pairs.filter(prompt__in=project.prompts.matching(text=data["text"]))
        if data["dataset"]:
            pairs = pairs.filter(pk__in=dataset_pairs(data["dataset"]))
        conclusions = Consensus.objects.filter(pair=OuterRef("pk"))
        if data["consensus"]:
            has_one = Exists(conclusions)
            pairs = pairs.filter(has_one if data["consensus"] == "yes" else ~has_one)
        if data["margin_below"] is not None:
            unsure = conclusions.filter(method=UNCERTAINTY_METHOD, margin__lt=data["margin_below"])
            pairs = pairs.filter(Exists(unsure))
        return judged_by(pairs, data["judged"])


class PairChoiceForm(PairFields):
    """The filters alone, to count what they match."""

    def __init__(self, data: Any, *, project: Project) -> None:
        super().__init__(data)
        self.project = project
        self.choices_from(project)

    @property
    def pairs(self) -> QuerySet[Pair]:
        return self.matching(self.project)


def judged_by(pairs: QuerySet[Pair], judged: str) -> QuerySet[Pair]:
    standing = Judgment.objects.current().filter(pair=OuterRef("pk"))
    if judged == Judged.NOBODY:
        return pairs.filter(~Exists(standing))
    if not judged:
        return pairs
    kind = "judge" if judged == Judged.JUDGE else "person"
    by_kind = Exists(standing.filter(rater__kind=kind))
    return pairs.filter(~by_kind if judged == Judged.NO_PERSON else by_kind)


def distinct_values(project: Project, column: str) -> list[str]:
    """The values of `category` or `source` in use, in order; one index look-up each, however many prompts."""
    with connection.cursor() as cursor:
        cursor.execute(DISTINCT.format(column=column), [project.pk, project.pk, MAX_CHOICES])
        return [value for (value,) in cursor.fetchall()]


def dataset_choices(project: Project) -> list[tuple[str, list[tuple[str, str]]]]:
    """What each of the newest versions kept, and what each of its steps dropped."""
    return [
        (
            f"Version {version.number}",
            [
                (f"{version.pk}:kept", f"v{version.number}: the {version.n_rows:,} it kept"),
                *(
                    (
                        f"{version.pk}:{at}",
                        f"v{version.number}: {step['dropped']:,} dropped by {step['label']}",
                    )
                    for at, step in enumerate(version.funnel)
                    if step.get("dropped")
                ),
            ],
        )
        for version in DatasetVersion.objects.filter(project=project)[:MAX_VERSIONS]
    ]


def dataset_pairs(choice: str) -> QuerySet[Any, Any]:
    """The pair ids that a value of `dataset_choices` stands for."""
    version, _, part = choice.partition(":")
    if part == "kept":
        return DatasetRow.objects.filter(version_id=int(version)).values("pair_id")
    return DroppedPair.objects.filter(version_id=int(version), step_index=int(part)).values("pair_id")
