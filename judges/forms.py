"""What setting up a rubric or a judge asks for."""

from __future__ import annotations

from typing import Any

from django import forms

from curation.models import Project
from judges.errors import JudgeError
from judges.model_dirs import shared_models
from judges.models import Judge, RubricVersion
from judges.services.rubric_save import rubric_check


class RubricForm(forms.Form):
    name = forms.CharField(
        max_length=80, help_text="Saving a changed wording under the same name makes its next version."
    )
    system = forms.CharField(
        required=False,
        label="System message",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Left empty, the judge gets no system message; some chat templates refuse one.",
    )
    template = forms.CharField(
        strip=False,
        widget=forms.Textarea(attrs={"rows": 16, "class": "mono"}),
        help_text="{prompt}, {left} and {right} stand for the request and the two responses as shown.",
    )
    verdict_left = forms.CharField(max_length=20, label="Verdict for the left response", initial="A")
    verdict_right = forms.CharField(max_length=20, label="Verdict for the right response", initial="B")
    prefill = forms.CharField(
        max_length=200,
        required=False,
        label="Opening of the answer",
        help_text="Local judges continue this text, so that their next token is the verdict.",
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                rubric_check(template=data["template"], verdicts=self.verdicts())
            except JudgeError as error:
                raise forms.ValidationError(str(error)) from error
        return data

    def verdicts(self) -> list[str]:
        return [self.cleaned_data["verdict_left"], self.cleaned_data["verdict_right"]]

    def wording(self) -> dict[str, Any]:
        """The fields of `rubric_save`."""
        names = ("name", "system", "template", "prefill")
        return {name: self.cleaned_data[name] for name in names} | {"verdicts": self.verdicts()}


def rubric_initial(wording: dict[str, Any]) -> dict[str, Any]:
    """A form's first values from the fields of `rubric_save`."""
    left, right = wording["verdicts"]
    return wording | {"verdict_left": left, "verdict_right": right}


class JudgeForm(forms.Form):
    name = forms.CharField(
        max_length=80, help_text="Changed settings under the same name make the judge's next version."
    )
    rubric = forms.ModelChoiceField(RubricVersion.objects.none(), empty_label=None)
    backend = forms.ChoiceField(
        choices=Judge.Backend.choices, widget=forms.RadioSelect, initial="transformers"
    )
    model_name = forms.CharField(max_length=300, label="Model")
    base_url = forms.CharField(
        max_length=300,
        required=False,
        label="Endpoint address",
        help_text="For an endpoint only, such as http://127.0.0.1:8000/v1.",
    )
    dtype = forms.ChoiceField(
        choices=[("float32", "float32"), ("bfloat16", "bfloat16")],
        initial="float32",
        label="Number format",
        help_text="Of local weights. bfloat16 halves the memory.",
    )
    max_length = forms.IntegerField(
        min_value=64, max_value=131_072, initial=2048, label="Longest question, in tokens"
    )
    min_mass = forms.FloatField(
        min_value=0,
        max_value=1,
        initial=0.01,
        label="Least verdict mass",
        help_text="Below this probability of both verdict words together, an answer counts as unparsed.",
    )

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rubrics = RubricVersion.objects.filter(project=project)
        self.fields["rubric"] = forms.ModelChoiceField(rubrics, empty_label=None)
        there = ", ".join(shared_models()) or "none yet"
        self.fields[
            "model_name"
        ].help_text = f"A model directory of this server ({there}), or the name the endpoint serves."

    def settings(self) -> dict[str, Any]:
        """The fields of `judge_create`."""
        data = self.cleaned_data
        names = ("name", "rubric", "backend", "model_name", "base_url")
        params = {"max_length": data["max_length"], "min_mass": data["min_mass"]}
        if data["backend"] == Judge.Backend.TRANSFORMERS:
            params["dtype"] = data["dtype"]
        return {name: data[name] for name in names} | {"params": params}
