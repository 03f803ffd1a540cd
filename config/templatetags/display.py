"""How values look: rendered text, numbers, times, states and small charts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from django import forms, template
from django.forms import BoundField
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from config import charts
from config.markdown import render_markdown

register = template.Library()

TONES = {
    "running": "info", "open": "info", "done": "good", "closed": "neutral", "failed": "bad",
    "paused": "warn", "expired": "warn", "win": "good", "loss": "bad", "unparsed": "warn",
}  # fmt: skip
NOTHING = "–"


@register.filter
def markdown(text: object) -> SafeString:
    """Rendered and sanitised Markdown."""
    return mark_safe(render_markdown(str(text or "")))  # noqa: S308 -- sanitised by render_markdown


@register.filter
def message_parts(message: dict[str, Any]) -> list[dict[str, str]]:
    """A chat message's content as parts of `kind` and `text`; media and tool calls as their description."""
    content = message.get("content") or []
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    shown = [{"kind": str(part.get("type", "part")), "text": _part_text(part)} for part in parts]
    calls = message.get("tool_calls") or []
    return shown + [{"kind": "tool call", "text": str(call.get("function", call))} for call in calls]


def _part_text(part: dict[str, Any]) -> str:
    if part.get("type") == "text":
        return str(part.get("text", ""))
    source = part.get("url") or part.get("path") or part.get(str(part.get("type"))) or ""
    # An inlined picture is megabytes of base64; its beginning says what it is.
    return str(source)[:200]


@register.filter
def state_tone(state: str) -> str:
    """The badge tone of a state; neutral for one that asks for no attention."""
    return TONES.get(str(state), "neutral")


@register.filter
def field_kind(field: BoundField) -> str:
    """How a form field is laid out: `group` of choices, single `checkbox`, or `plain`."""
    widget = field.field.widget
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return "group"
    return "checkbox" if isinstance(widget, forms.CheckboxInput) else "plain"


@register.filter
def compact(number: float | None) -> str:
    """1234 → 1.2k, 5600000 → 5.6M."""
    if number is None:
        return NOTHING
    for size, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= size:
            return f"{number / size:.1f}".removesuffix(".0").replace("-", "−") + suffix
    return charts.number_text(number)


@register.filter
def percent(fraction: float | None, digits: int = 1) -> str:
    """0.123 → 12.3 %."""
    if fraction is None or math.isnan(fraction):
        return NOTHING
    return f"{fraction * 100:.{digits}f} %".replace("-", "−")


@register.filter
def decimal(number: float | None, digits: int = 2) -> str:
    """−0.25 with a real minus sign; never −0."""
    return NOTHING if number is None else f"{number:z.{digits}f}".replace("-", "−")


@register.filter
def fraction_of(part: float, whole: float) -> float | None:
    return part / whole if whole else None


@register.filter
def duration(seconds: float | None) -> str:
    """The two largest units that matter: 4.2 s, 3 min 5 s, 2 h 10 min, 3 d 4 h."""
    if seconds is None:
        return NOTHING
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    units = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
    for (name, size), (small, small_size) in pairwise(units):
        if whole >= size:
            rest = whole % size // small_size
            return f"{whole // size} {name} {rest} {small}" if rest else f"{whole // size} {name}"
    return f"{whole} s"


@register.filter
def when(moment: datetime | None) -> str:
    """A `<time>` to the minute, in UTC."""
    if moment is None:
        return NOTHING
    utc = moment.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>',
        utc.isoformat(timespec="seconds"),
        utc.strftime("%Y-%m-%d %H:%M:%S"),
        f"{utc.day} {utc:%b %Y, %H:%M}",
    )


@register.inclusion_tag("components/histogram.html")
def histogram(
    values: Iterable[float | None],
    bins: int = 20,
    label: str = "",
    thresholds: Sequence[float] = (),
    of: int | None = None,
) -> dict[str, Any]:
    """Bars of `values`, all or a sample `of` so many, in `bins` bins, with a line at each of the
    `thresholds`."""
    chart = charts.histogram(values, bins=bins, label=label, thresholds=thresholds, of=of)
    return {"chart": chart, "label": label}


@register.inclusion_tag("components/columns.html")
def columns(values: Sequence[tuple[str, int]], label: str = "") -> dict[str, Any]:
    """A bar for each (name, count)."""
    return {"chart": charts.columns(values, label=label)}


@register.inclusion_tag("components/whisker.html")
def whisker(
    statistic: dict[str, Any], least: float = -1.0, most: float = 1.0, mark: float | None = 0.0
) -> dict[str, Any]:
    """A statistic's value and interval as a small drawing; nothing where it has no value."""
    value = statistic["value"]
    if value is None:
        return {"chart": None}
    drawn = charts.whisker(value, statistic["low"], statistic["high"], least=least, most=most, mark=mark)
    return {"chart": drawn}
