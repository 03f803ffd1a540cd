"""What the parts of an answer share: how a field of the page is read, and which side is which response."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.http import QueryDict

from annotators.errors import PartError
from annotators.models import Assignment
from curation.models import Pair
from curation.models.judgments import Side

SIDES = ("left", "right")
QUOTED = 40


def sides_of(assignment: Assignment) -> Iterator[tuple[str, str]]:
    """(left, the response shown there) and (right, the other one); responses are `a` and `b`."""
    shown_left = str(assignment.left)
    yield "left", shown_left
    yield "right", str(Side.B if shown_left == Side.A else Side.A)


def texts_load(assignment: Assignment) -> None:
    """Read both responses in one query; what is about their text would else ask for each."""
    pairs = Pair.objects.select_related("response_a", "response_b")
    assignment.pair = pairs.get(pk=assignment.pair_id)


def text_of(assignment: Assignment, response: str) -> str:
    pair = assignment.pair
    return pair.response_a.text if response == Side.A else pair.response_b.text


def quoted(value: str) -> str:
    """What somebody sent, short enough to be shown back."""
    return f"“{value[:QUOTED]}…”" if len(value) > QUOTED else f"“{value}”"


def listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def written(data: QueryDict, name: str) -> str:
    """A text field. Browsers send line ends as CR LF, and PostgreSQL keeps no NUL."""
    return data.get(name, "").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").strip()


def whole_number(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None


def chosen(data: QueryDict, name: str, *, part: str, known: Iterable[str], what: str) -> list[str]:
    """The values ticked among those offered, each once, in the order of the form."""
    known, sent = list(known), data.getlist(name)
    for value in sent:
        if value not in known:
            raise PartError(
                part, f"{quoted(value)} is not {what} of this form. Choose from: {listed(known)}."
            )
    return [value for value in known if value in sent]
