"""Which two sources are compared in how they rank responses, and by what measure."""

from __future__ import annotations

from typing import Any, cast

from django import forms

from curation.models import Project
from curation.ranking_scores import ranking_sources
from curation.scorers import RANKINGS


class RankingForm(forms.Form):
    """`has_sources` is false where there are not two things to compare."""

    scorer = forms.ChoiceField(
        label="Measure", choices=[(scorer.name, scorer.label) for scorer in RANKINGS.values()]
    )
    first = forms.ChoiceField(label="Compare")
    second = forms.ChoiceField(
        label="With",
        help_text="A model ranks responses by their log-probability; CREAM takes the gap to a reference "
        "model, or the mean of the first model. A judge ranks by the mean of what it says for a response.",
    )

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(source.key, source.name) for source in ranking_sources(project)]
        self.has_sources = len(choices) > 1
        for name in ("first", "second"):
            cast("forms.ChoiceField", self.fields[name]).choices = choices
        if self.has_sources:
            self.initial["second"] = choices[1][0]
