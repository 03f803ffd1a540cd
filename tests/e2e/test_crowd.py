"""Sixty-four people label one campaign through a real server at the same time."""

from __future__ import annotations

import http.client
import re
from collections import Counter
from contextlib import closing
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.site import RealSite
from tests.together import together

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]

PEOPLE = 64
OVERLAP = 5
TURN = re.compile(r'data-assignment="(\d+)" data-turn="(\d+)"')
TOKEN = re.compile(r"csrftoken=([^;]+)")


def person_at_work(port: int, campaign: int, session: str) -> list[int]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=120)) as connection:
        return label_until_nothing_is_left(connection, campaign, session)


def label_until_nothing_is_left(
    connection: http.client.HTTPConnection, campaign: int, session: str
) -> list[int]:
    """The ids of the turns one person answered, each sent twice, as after a lost connection."""
    headers = {"Cookie": f"sessionid={session}", "HX-Request": "true"}
    connection.request("GET", f"/p/crowd/label/{campaign}/", headers={"Cookie": headers["Cookie"]})
    response = connection.getresponse()
    page = response.read().decode()
    assert response.status == 200
    token = TOKEN.search(response.headers["Set-Cookie"])
    assert token is not None
    headers["Cookie"] += f"; csrftoken={token[1]}"
    headers |= {"X-CSRFToken": token[1], "Content-Type": "application/x-www-form-urlencoded"}
    answered = []
    while (turn := TURN.search(page)) is not None:
        body = urlencode({"answer": "left", "turn": turn[2], "visible_ms": "900"})
        for _ in range(2):
            connection.request("POST", f"/p/crowd/label/assignments/{turn[1]}/answer/", body, headers)
            response = connection.getresponse()
            page = response.read().decode()
            assert response.status == 200
        answered.append(int(turn[1]))
    return answered


def test_overlap_is_exact_and_nobody_answers_a_pair_twice(site: RealSite, tmp_path: Path) -> None:
    made = site.seed("world", slug="crowd", prompts=16, model=str(tmp_path))
    site.seed("responses", project=made["project"], per_prompt=3, length=80)
    site.seed("pairs", project=made["project"])
    campaign = site.seed("campaign", project=made["project"], overlap=OVERLAP)
    sessions = site.seed("crowd", module="tests.e2e.crowd_seed", project=made["project"], size=PEOPLE)

    label = partial(person_at_work, site.port, campaign)
    answered = together([partial(label, session) for session in sessions])

    found = site.seed("outcome", module="tests.e2e.crowd_seed", campaign=campaign)
    turns = [tuple(turn) for turn in found["turns"]]
    assert {state for *_, state in turns} == {"done"}
    assert sum(map(len, answered)) == len(turns) == found["judgments"] == 48 * OVERLAP
    assert set(Counter(pair for pair, *_ in turns).values()) == {OVERLAP}
    assert len({(pair, person) for pair, person, *_ in turns}) == len(turns)
    assert len({(pair, slot) for pair, _, slot, _ in turns}) == len(turns)
    assert set(found["slots_left"]) == {0}
    assert sum(bool(each) for each in answered) > PEOPLE / 2
