"""What a task form asks, in words."""

from __future__ import annotations

from annotators.task_form import TaskForm


def task_form_words(form: TaskForm) -> list[str]:
    """One phrase for each part of the form, in the order the page shows them."""
    words = [order_words(form) if form.kind == "ranking" else preference_words(form)]
    if form.comparisons:
        words.append(f"which is better in {joined(form.comparisons)}")
    words += [f"a rating of each from {low} to {high}: {names}" for low, high, names in rated(form)]
    if form.segments:
        unit = form.segments.unit
        first = f"the first wrong {unit} of each"
        words.append(first if form.segments.ask == "first_wrong" else f"a verdict on each {unit}")
    if form.spans:
        severity = f", severity 1 to {form.spans.severities}" if form.spans.severities > 1 else ""
        words.append(f"marked passages ({', '.join(form.spans.types)}{severity})")
    if form.safety:
        words.append(f"safety tags ({', '.join(form.safety)})")
    if form.rationale:
        words.append(rationale_words(form))
    if form.rewrite != "off":
        words.append(f"a rewrite of the better response, {form.rewrite}")
    if form.flags:
        words.append(f"flags ({', '.join(form.flags)})")
    return words


def order_words(form: TaskForm) -> str:
    return f"up to {form.ranking_size} responses in order, ties allowed"


def preference_words(form: TaskForm) -> str:
    extra = [name for name, offered in (("tie", form.tie), ("both bad", form.both_bad)) if offered]
    return f"which of two responses is better, in {form.steps} steps" + (
        f", or {joined(extra, 'or')}" if extra else ", without a tie"
    )


def rated(form: TaskForm) -> list[tuple[int, int, str]]:
    """(lowest, highest, names) of the scales, those of one range together."""
    by_range: dict[tuple[int, int], list[str]] = {}
    for scale in form.ratings:
        by_range.setdefault((scale.low, scale.high), []).append(scale.name)
    return [(low, high, joined(names)) for (low, high), names in by_range.items()]


def rationale_words(form: TaskForm) -> str:
    asked = form.rationale
    if asked is None:
        return ""
    words = f"a rationale, {'required' if asked.required else 'optional'}"
    if asked.min_chars:
        words += f", at least {asked.min_chars} characters"
    return words + (f", with reasons to tick ({', '.join(asked.reasons)})" if asked.reasons else "")


def joined(names: tuple[str, ...] | list[str], last: str = "and") -> str:
    return f" {last} ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
