"""What may be asked of the cleaning pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django import forms

from curation.algorithms import near_duplicates, neighbours
from curation.algorithms.languages import UNTOLD
from curation.algorithms.patterns import NAMES
from curation.cleaning_neighbours import EXACT_UP_TO
from curation.embeddings import newest_embedder
from curation.forms.lists import ANY, ListFilterForm
from curation.languages import language_name
from curation.models import Embedder, Project
from curation.services.prompt_exclude import REASON_LENGTH

# What stands for “too short to tell” in a query: its code is empty, as the choice of any language is.
UNTOLD_CHOICE = "none"
KEEP_RULES = {
    "oldest": "the oldest",
    "longest": "the longest",
    "eval": "one of the eval split, else the oldest",
    "judged": "the most judged",
}


class PromptExcludeForm(forms.Form):
    reason = forms.CharField(
        max_length=REASON_LENGTH, help_text="Shown in the history, and in funnels beside the pairs it drops."
    )


class DuplicatesForm(forms.Form):
    n = forms.TypedChoiceField(
        label="Compare runs of",
        choices=[(1, "1 word"), (3, "3 words"), (5, "5 words")],
        coerce=int,
        initial=near_duplicates.N,
        help_text="Longer runs forgive less: a changed word spoils every run that it lies in. Signs such as "
        "+ and < count as words, the punctuation of prose does not.",
    )
    threshold = forms.FloatField(
        min_value=0.3,
        max_value=1,
        initial=near_duplicates.THRESHOLD,
        widget=forms.NumberInput(attrs={"step": "0.05"}),
        help_text="Runs that two prompts share, of those that either has: 1 is every run.",
    )

    def params(self) -> dict[str, Any]:
        """Call only on a valid form."""
        return dict(self.cleaned_data)


class NeighboursForm(forms.Form):
    embedder = forms.ModelChoiceField(
        Embedder.objects.none(),
        label="Embeddings by",
        empty_label=None,
        help_text="Prompts that it has not embedded are not compared.",
    )
    threshold = forms.FloatField(
        min_value=0.5,
        max_value=1,
        initial=neighbours.THRESHOLD,
        widget=forms.NumberInput(attrs={"step": "0.01"}),
        help_text="The least cosine of two prompts. What a number means depends on the model: look at the "
        "clusters before excluding.",
    )
    search = forms.ChoiceField(
        choices=[
            ("auto", f"all with all; by an index beyond {EXACT_UP_TO:,} prompts"),
            ("exact", "all with all"),
            ("index", "by an index"),
        ],
        label="Compare",
        help_text="An index (HNSW) can miss neighbours; the report says how many it missed in a sample.",
    )

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        embedder = cast("forms.ModelChoiceField[Embedder]", self.fields["embedder"])
        embedder.queryset = Embedder.objects.filter(project=project)
        self.initial["embedder"] = newest_embedder(project)

    def params(self) -> dict[str, Any]:
        """Call only on a valid form."""
        embedder = self.cleaned_data["embedder"]
        return self.cleaned_data | {"embedder": embedder.pk, "name": embedder.name}


class FindingsForm(ListFilterForm):
    kind = forms.ChoiceField(choices=[("", "All kinds"), *NAMES.items()], required=False)


class FindingsExcludeForm(forms.Form):
    kind = forms.ChoiceField(label="Exclude prompts with", choices=NAMES.items())
    in_responses = forms.BooleanField(required=False, label="Also where only a response has it")


class LanguagesForm(ListFilterForm):
    language = forms.ChoiceField(required=False)
    contradicts = forms.ChoiceField(
        label="Own field says another", choices=[*ANY, ("yes", "Yes")], required=False
    )

    def __init__(self, data: Any, *, languages: Sequence[str]) -> None:
        super().__init__(data)
        choices = [(code or UNTOLD_CHOICE, language_name(code)) for code in languages]
        self.fields["language"] = forms.ChoiceField(choices=[*ANY, *choices], required=False)

    def asked(self) -> dict[str, Any]:
        """`language` is None for any, empty for what is too short to tell."""
        chosen = self.chosen()
        language = chosen.get("language")
        return {
            "language": UNTOLD if language == UNTOLD_CHOICE else language,
            "contradicts": "contradicts" in chosen,
        }


class LanguagesExcludeForm(forms.Form):
    languages = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple)
    rule = forms.ChoiceField(
        label="Exclude prompts in",
        choices=[("these", "the languages chosen"), ("others", "all languages but the chosen")],
        initial="these",
        widget=forms.RadioSelect,
        help_text="Prompts that are too short to tell stay in either case.",
    )
    reason = forms.CharField(
        max_length=REASON_LENGTH, help_text="Shown in the history, and in funnels beside the pairs it drops."
    )

    def __init__(self, *args: Any, languages: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast("forms.MultipleChoiceField", self.fields["languages"])
        field.choices = [(code, language_name(code)) for code in languages if code]

    def chosen(self) -> dict[str, Any]:
        """Call only on a valid form."""
        given = self.cleaned_data
        return {
            "languages": given["languages"], "all_but": given["rule"] == "others", "reason": given["reason"],
        }  # fmt: skip


class KeepOneForm(forms.Form):
    rule = forms.ChoiceField(label="Of each cluster keep", choices=KEEP_RULES.items())
    cluster = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)
