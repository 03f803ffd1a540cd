"""Kinds of field that several forms of this app have."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms import BoundField

SCALE = re.compile(r"(?P<name>.+?)\s+(?P<low>\d)\s*[-–]\s*(?P<high>\d)")


class PercentField(forms.FloatField):
    """A share of 0 to 1, typed and shown in percent."""

    def __init__(self, **options: Any) -> None:
        widget = forms.NumberInput(attrs={"step": "any"})
        super().__init__(**{"min_value": 0, "max_value": 100, "widget": widget, **options})

    def prepare_value(self, value: Any) -> Any:
        return f"{value * 100:.6g}" if isinstance(value, float) else value

    def clean(self, value: Any) -> float | None:
        percent = super().clean(value)
        return None if percent is None else float(percent) / 100


class LinesField(forms.CharField):
    """A list, one entry a line; empty lines do not count."""

    def __init__(self, **options: Any) -> None:
        rows = options.pop("rows", 4)
        super().__init__(
            **{
                "required": False,
                "widget": forms.Textarea(attrs={"rows": rows}),
                "max_length": 5000,
                **options,
            }
        )

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> Any:
        text = value if isinstance(value, str) else self.prepare_value(value) or ""
        return [line.strip() for line in text.splitlines() if line.strip()]

    def run_validators(self, value: Any) -> None:
        super().run_validators("\n".join(value))


class ScalesField(LinesField):
    """Rating scales, one a line: “Helpfulness 0-4”; a name alone is rated 0 to 4."""

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return "\n".join(f"{scale['name']} {scale['low']}-{scale['high']}" for scale in value)
        return value

    def clean(self, value: Any) -> list[dict[str, Any]]:
        return [self._scale(number, line) for number, line in enumerate(super().clean(value), start=1)]

    def _scale(self, number: int, line: str) -> dict[str, Any]:
        found = SCALE.fullmatch(line)
        if found is None and re.search(r"\d\s*[-–]", line):
            raise ValidationError(f"Line {number}, “{line[:40]}”: end it with two digits, such as 0-4.")
        if found is None:
            return {"name": line, "low": 0, "high": 4}
        return {"name": found["name"], "low": int(found["low"]), "high": int(found["high"])}


@dataclass(frozen=True)
class Group:
    """A fieldset: its fields in order. `switch` turns a part on; its fields fold away while it is off."""

    title: str
    fields: list[BoundField]
    help: str = ""
    switch: BoundField | None = None
    only: str = ""  # "pairwise" or "ranking": what the fields are about


def bound(form: forms.Form, names: Iterable[str]) -> list[BoundField]:
    return [form[name] for name in names]
