"""Patterns of personal data: what is found, what only looks like it, and what a mask shows."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.algorithms.patterns import find_patterns, iban_holds, luhn_holds, main_script, masked


def kinds(text: str) -> list[str]:
    return [match.kind for match in find_patterns(text)]


def test_it_works() -> None:
    text = "Write to jane.doe@mail.corp.com or call +49 30 901820; the card is 4111 1111 1111 1111."
    found = {match.kind: text[match.start : match.end] for match in find_patterns(text)}
    assert found == {
        "email": "jane.doe@mail.corp.com",
        "phone": "+49 30 901820",
        "card": "4111 1111 1111 1111",
    }
    assert {kind: masked(kind, match) for kind, match in found.items()} == {
        "email": "j•••@•••.com",
        "phone": "+4•••20",
        "card": "•••1111",
    }


# Card numbers that networks publish for tests, IBANs of the registry's examples, public resolvers.
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("4111111111111111", "card"),
        ("5555-5555-5555-4444", "card"),
        ("378282246310005", "card"),
        ("6011111111111117", "card"),
        ("DE89 3704 0044 0532 0130 00", "iban"),
        ("GB82WEST12345698765432", "iban"),
        ("FR14 2004 1010 0505 0001 3M02 606", "iban"),
        ("NO93 8601 1117 947", "iban"),
        ("BE68 5390 0754 7034 THANK YOU", "iban"),
        ("MT84MALT011000012345MTLCAST001S", "iban"),
        ("8.8.8.8", "ipv4"),
        ("Ping 1.1.1.1.", "ipv4"),
        ("2001:4860:4860::8888", "ipv6"),
        ("2606:4700:4700:0:0:0:0:1111", "ipv6"),
        ("(212) 736-5000", "phone"),
        ("212-736-5000", "phone"),
        ("+1 212 736 5000", "phone"),
        ("+442079460958", "phone"),
        ("020 7946 0958", "phone"),
        ("030/901820", "phone"),
        ("a@b.co", "email"),
        ("first+tag@sub.host.io", "email"),
        ("AKIA" + "IOSFODNN7ABCDEFG", "secret"),
        ("ghp_" + "a1B2" * 9, "secret"),
        ("hf_" + "a" * 34, "secret"),
        ("sk-" + "proj-" + "x1" * 20, "secret"),
        ("-----BEGIN RSA " + "PRIVATE KEY-----", "secret"),
        ("eyJ" + "a" * 20 + ".eyJ" + "b" * 20 + "." + "c" * 20, "secret"),
    ],
)
def test_found(text: str, kind: str) -> None:
    assert kinds(text) == [kind]
    assert kinds(f"before ({text}), after") == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112",  # a wrong check digit
        "DE88 3704 0044 0532 0130 00",
        "XX82 WEST 1234 5698 7654 32",
        "127.0.0.1, 192.168.1.10, 10.0.0.1 and 256.1.1.1",
        "192.0.2.1 and 2001:db8::1 stand in documents",
        "version 1.2.3.4.5",
        "at 12:30:45 std::vector<int> a::b",
        "user@example.org and admin@localhost",
        "@someone, a@b, x@y.z",
        "2024-11-25, 1998-2004, 3.14159265358979",
        "1234567890",
        "π ≈ 3.1415926535 8979323846",
        "ISBN 978-3-16-148410-0",
        "sk-learn, hf_token, AKIA",
        "",
    ],
)
def test_not_found(text: str) -> None:
    assert kinds(text) == []


def test_what_overlaps_counts_once() -> None:
    assert kinds("IBAN DE89370400440532013000") == ["iban"]
    assert kinds("Two: a@b.co, c@d.co") == ["email", "email"]


@given(st.integers(0, 10**15))
def test_luhn_finds_each_changed_digit(number: int) -> None:
    body = str(number)
    check = next(digit for digit in "0123456789" if luhn_holds(body + digit))
    assert sum(luhn_holds(body + digit) for digit in "0123456789") == 1
    whole = body + check
    at = random.Random(number).randrange(len(whole))
    changed = whole[:at] + str((int(whole[at]) + 3) % 10) + whole[at + 1 :]
    assert not luhn_holds(changed)


@given(st.text(alphabet="0123456789", min_size=18, max_size=18))
def test_an_iban_is_checked_by_its_two_digits(body: str) -> None:
    holding = [n for n in range(2, 99) if iban_holds(f"DE{n:02}{body}")]
    # Check digits by the standard: 98 − (body with DE as 1314 and 00) mod 97.
    assert holding == [98 - int(f"{body}131400") % 97]


@given(st.text(max_size=300))
def test_matches_never_overlap(text: str) -> None:
    found = sorted(find_patterns(text), key=lambda match: match.start)
    assert all(first.end <= second.start for first, second in pairwise(found))


def test_long_texts_without_a_match_take_no_time_to_speak_of() -> None:
    # Each would take a backtracking pattern hours.
    for text in ("a" * 200_000, "1" * 200_000, "a." * 100_000 + "@", "1 " * 100_000, "::" * 100_000):
        assert "email" not in kinds(text)


def test_masks_hide_the_rest() -> None:
    secret = "ghp_" + "a1B2" * 9
    assert masked("secret", secret) == "ghp_•••"
    assert masked("ipv4", "81.2.69.142") == "81.2•••"
    assert masked("iban", "DE89370400440532013000") == "DE89•••"


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Hello, Grüße", "Latin"),
        ("Привет, как дела? OK", "Cyrillic"),
        ("请介绍一下长城", "Han"),
        ("مرحبا", "Arabic"),
        ("ひらがなです", "Hiragana"),
        ("123 ?!", ""),
    ],
)
def test_main_script(text: str, script: str) -> None:
    assert main_script(text)[0] == script


def test_the_share_of_the_main_script() -> None:
    assert main_script("abcж") == ("Latin", 0.75)
