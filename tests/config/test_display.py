"""How values look on every page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django import forms
from django.core.paginator import Paginator
from django.template.loader import render_to_string
from django.test import RequestFactory

from config import charts
from config.templatetags import display


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (999, "999"), (1234, "1.2k"), (2_000_000, "2M"), (-0.5, "−0.5"), (None, "–")],
)
def test_compact(number: float | None, text: str) -> None:
    assert display.compact(number) == text


@pytest.mark.parametrize(("fraction", "text"), [(0.1234, "12.3 %"), (0, "0.0 %"), (None, "–")])
def test_percent(fraction: float | None, text: str) -> None:
    assert display.percent(fraction) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(4.21, "4.2 s"), (59.6, "1 min"), (185, "3 min 5 s"), (7800, "2 h 10 min"), (273_600, "3 d 4 h")],
)
def test_duration(seconds: float, text: str) -> None:
    assert display.duration(seconds) == text


def test_when() -> None:
    html = display.when(datetime(2026, 11, 4, 5, 6, 7, tzinfo=UTC))
    assert 'datetime="2026-11-04T05:06:07+00:00"' in html
    assert ">4 Nov 2026, 05:06</time>" in html


def test_histogram_says_in_words_what_it_shows() -> None:
    chart = charts.histogram(
        [0.0, 0.1, 0.2, 1.0, None, float("nan")], bins=10, label="Margin", thresholds=[0.5]
    )
    assert chart is not None
    assert chart.description.startswith("4 values from 0 to 1, median 0.15.")
    assert "has 3 below it" in chart.description
    assert [bar.below for bar in chart.bars] == [True, True, True, False]
    assert chart.threshold_xs == [charts.WIDTH / 2]
    assert all(0 <= bar.x <= bar.x + bar.width <= charts.WIDTH for bar in chart.bars)


def test_histogram_marks_what_lies_outside_two_thresholds() -> None:
    chart = charts.histogram([0.0, 1.0, 2.0, 3.0], bins=4, label="x", thresholds=[0.75, 2.25])
    assert chart is not None
    assert [bar.below for bar in chart.bars] == [True, False, False, True]
    assert chart.threshold_xs == [charts.WIDTH / 4, charts.WIDTH * 3 / 4]


def test_a_histogram_of_a_sample_counts_all() -> None:
    chart = charts.histogram([0.0, 0.0, 0.0, 1.0], bins=2, label="x", thresholds=[0.5], of=4000)
    assert chart is not None
    assert [bar.title for bar in chart.bars] == ["0 to 0.5: about 3,000", "0.5 to 1: about 1,000"]
    assert chart.description == (
        "4,000 values from 0 to 1, median 0. Counts are scaled from a sample of 4. "
        "The threshold 0.5 has about 3,000 below it."
    )


@pytest.mark.parametrize(
    ("threshold", "below"), [(0.7, [True, False]), (0.7000001, [True, True]), (0.1, [False, False])]
)
def test_the_highest_value_is_not_below_a_threshold_at_it(threshold: float, below: list[bool]) -> None:
    """0.1 + (0.7 − 0.1) is not quite 0.7."""
    chart = charts.histogram([0.1, 0.7], bins=20, label="x", thresholds=[threshold])
    assert chart is not None
    assert [bar.below for bar in chart.bars] == below


def test_histogram_of_equal_or_no_values() -> None:
    chart = charts.histogram([2.0] * 5, bins=4, label="x")
    assert chart is not None
    assert len(chart.bars) == 1
    html = render_to_string("components/histogram.html", {"chart": None, "label": "Margin"})
    assert "no values yet" in html


def test_conversation_shows_parts_and_escapes_roles() -> None:
    messages: list[dict[str, Any]] = [
        {"role": "<b>", "content": "<script>alert(1)</script>"},
        {"role": "user", "content": [{"type": "text", "text": "*hi*"}, {"type": "image", "url": "<i>"}]},
        {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "look"}}]},
    ]
    html = render_to_string("components/conversation.html", {"messages": messages})
    assert "<script" not in html
    assert "<b>" not in html
    assert "<i>" not in html
    assert "<em>hi</em>" in html
    assert "tool call" in html


class ExampleForm(forms.Form):
    name = forms.CharField(help_text="As on the door.")
    agree = forms.BooleanField(required=False)
    side = forms.ChoiceField(choices=[("l", "Left"), ("r", "Right")], widget=forms.RadioSelect)


def test_form_links_help_and_errors_to_inputs() -> None:
    html = render_to_string("components/form.html", {"form": ExampleForm({})})
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'id="id_name_helptext"' in html
    assert 'id="id_name_error"' in html
    assert "<legend>Side" in html
    assert html.count('<label class="choice"') == 3


def test_pager_keeps_the_other_parameters() -> None:
    request = RequestFactory().get("/", {"page": "2", "q": "a b"})
    page = Paginator(range(120), 50).get_page(2)
    html = render_to_string("components/pager.html", {"page": page}, request=request)
    assert 'href="?page=1&amp;q=a+b"' in html
    assert 'href="?page=3&amp;q=a+b"' in html
    assert "Page 2 of 3" in html


def test_decimal() -> None:
    assert [display.decimal(number, 2) for number in (0.256, -0.25, -0.001, None)] == [
        "0.26",
        "−0.25",
        "0.00",
        "–",
    ]
