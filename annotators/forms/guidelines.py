"""Guidelines: the text that annotators read, and where a first version starts from."""

from __future__ import annotations

from typing import Any

from django import forms

GUIDELINES = """\
Which response helps the person more?

- **Right and useful first.** A wrong answer loses to a correct one, however well it is written.
- **Then what was asked.** Prefer the response that follows the instructions and stops there.
- **Length is not quality.** A longer response is better only if the extra text helps.
- **Tie** when you would not mind getting either. **Both bad** when you would send neither.
- **Skip** what you cannot judge, and say why.

## An example

> **User:** What is the capital of Australia? One word, please.
>
> **Left:** Canberra.
>
> **Right:** Sydney is the largest city of Australia and its economic centre.

**Left much better.** It is right and it is one word. The right response is true, but it answers another
question, and it ignores the limit.
"""


class GuidelineForm(forms.Form):
    text = forms.CharField(
        label="Guidelines",
        max_length=50_000,
        widget=forms.Textarea(attrs={"rows": 18}),
        help_text="Markdown. Saving makes the next version; earlier answers keep the one they were shown.",
    )


class VersionsForm(forms.Form):
    """Which two versions of the guidelines to compare; the last two where nothing valid was chosen."""

    def __init__(self, data: Any, *, numbers: list[int]) -> None:
        super().__init__(data)
        self.numbers = sorted(numbers)
        choices = [(number, f"Version {number}") for number in self.numbers]
        for name, at in (("old", -2), ("new", -1)):
            self.fields[name] = forms.TypedChoiceField(
                label={"old": "From", "new": "To"}[name],
                coerce=int,
                choices=choices,
                initial=self.numbers[at] if len(self.numbers) > 1 else None,
            )

    def chosen(self) -> tuple[int, int] | None:
        """(old, new); None while there is only one version."""
        if len(self.numbers) < 2:
            return None
        if self.is_valid():
            return self.cleaned_data["old"], self.cleaned_data["new"]
        return self.numbers[-2], self.numbers[-1]
