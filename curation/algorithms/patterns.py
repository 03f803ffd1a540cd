"""Personal data and secrets that can be told by their form alone. Names and addresses cannot, and are not.

Each kind trades what it misses for what it reports falsely; what is checked beyond the form is said at each
function. Overlapping matches count as the first kind in the order of `KINDS`.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

LUHN_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
GLOBAL_IPV6 = ipaddress.IPv6Network("2000::/3")
# Never anybody's (RFC 2606 and 6761).
RESERVED = ("example.com", "example.net", "example.org", ".example", ".invalid", ".localhost", ".test")
# Characters of an IBAN by country: the registry of ISO 13616.
IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29,
    "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29,
    "ES": 24, "FI": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28,
    "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20,
    "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MD": 24, "ME": 22, "MK": 19,
    "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29,
    "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "ST": 25, "SV": 28,
    "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip

_SECRET = re.compile(
    r"-----BEGIN (?:[A-Z]{2,12} ){0,3}PRIVATE KEY-----"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"  # Amazon
    r"|\bgh[pousr]_[A-Za-z0-9]{36,255}\b|\bgithub_pat_[A-Za-z0-9_]{60,255}\b"
    r"|\bhf_[A-Za-z0-9]{34}\b"
    r"|\bsk-[A-Za-z0-9_-]{20,255}\b"  # OpenAI, Anthropic and others
    r"|\b[sr]k_live_[A-Za-z0-9]{24,255}\b"  # Stripe
    r"|\bAIza[A-Za-z0-9_-]{35}(?![\w-])"  # Google
    r"|\bxox[abprs]-[A-Za-z0-9-]{10,255}\b"  # Slack
    r"|\beyJ[\w-]{10,4000}\.eyJ[\w-]{10,4000}\.[\w-]{10,4000}"  # a signed token (RFC 7519)
)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{1,4}){3,8}")
_CARD = re.compile(r"(?<![\w.+-])[2-6]\d{3}(?:[ -]?\d){9,15}(?![\w-])")
_EMAIL = re.compile(
    r"(?<![\w.+%-])[A-Za-z0-9_][\w.+%-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![\w-])"
)
_IPV6 = re.compile(r"(?<![\w:.])[23][0-9A-Fa-f]{3}:[0-9A-Fa-f:]{2,34}(?![\w:])")
_IPV4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)")
_PHONE = re.compile(
    r"(?<![\w.+-])(?<!\d )(?:"
    r"\+[1-9](?:[ ().-]{0,2}\d){7,14}"  # international (E.164)
    r"|(?:\+?1[ .-])?(?:\(\d{3}\) ?|\d{3}[.-])\d{3}[ .-]\d{4}"  # North America
    r"|0\d{2,4}[ /-]\d{3,4}[ -]?\d{3,5}"  # national, with its area code
    r")(?![\w-]|\.\d)"
)
SCRIPT = "script"


@dataclass(frozen=True)
class Match:
    """The text from `start` to `end` looks like a `kind`."""

    kind: str
    start: int
    end: int


def luhn_holds(digits: str) -> bool:
    """Whether the last digit checks the others (ISO/IEC 7812-1, annex B)."""
    values = [int(digit) for digit in reversed(digits)]
    return sum(values[::2] + [LUHN_DOUBLED[value] for value in values[1::2]]) % 10 == 0


def iban_holds(iban: str) -> bool:
    """Whether an IBAN without spaces has its country's length and check digits (ISO 13616, mod 97)."""
    if IBAN_LENGTHS.get(iban[:2]) != len(iban):
        return False
    return int("".join(str(int(character, 36)) for character in iban[4:] + iban[:4])) % 97 == 1


def _whole(match: re.Match[str]) -> int:
    """Every match counts."""
    return match.end()


def _iban_end(match: re.Match[str]) -> int:
    """Where the IBAN that the match begins with ends; 0 where there is none."""
    length, seen = IBAN_LENGTHS.get(match[0][:2], 0), ""
    for at, character in enumerate(match[0], start=1):
        seen += character.strip()
        if len(seen) == length:
            return match.start() + at if iban_holds(seen) else 0
    return 0


def _card_end(match: re.Match[str]) -> int:
    return match.end() if luhn_holds(re.sub(r"\D", "", match[0])) else 0


def _email_end(match: re.Match[str]) -> int:
    """Addresses of reserved names are nobody's."""
    host = match[0].rpartition("@")[2].lower()
    reserved = any(f".{host}".endswith(f".{name.lstrip('.')}") for name in RESERVED)
    return 0 if reserved else match.end()


def _ip_end(match: re.Match[str]) -> int:
    """Only addresses that lead to a machine on the internet."""
    try:
        address = ipaddress.ip_address(match[0])
    except ValueError:
        return 0
    is_public = address.is_global and (address.version == 4 or address in GLOBAL_IPV6)
    return match.end() if is_public and not address.is_multicast else 0


Check = Callable[[re.Match[str]], int]
KINDS: dict[str, tuple[str, re.Pattern[str], Check]] = {
    "secret": ("Key or token", _SECRET, _whole),
    "iban": ("IBAN", _IBAN, _iban_end),
    "card": ("Card number", _CARD, _card_end),
    "email": ("E-mail address", _EMAIL, _email_end),
    "ipv6": ("IPv6 address", _IPV6, _ip_end),
    "ipv4": ("IPv4 address", _IPV4, _ip_end),
    "phone": ("Phone number", _PHONE, _whole),
}
NAMES = {kind: name for kind, (name, _, _) in KINDS.items()} | {SCRIPT: "Another script than most"}


def find_patterns(text: str) -> list[Match]:
    """Everything in a text that looks like one of `KINDS`, without overlaps, in order of kind and place."""
    found: list[Match] = []
    taken = bytearray(len(text))
    for kind, (_, pattern, check) in KINDS.items():
        for match in pattern.finditer(text):
            end = check(match)
            if end and not any(taken[match.start() : end]):
                taken[match.start() : end] = b"x" * (end - match.start())
                found.append(Match(kind, match.start(), end))
    return found


def masked(kind: str, match: str) -> str:
    """What may be shown of a match: enough to tell what it is, too little to use it."""
    if kind == "email":
        return f"{match[0]}•••@•••.{match.rpartition('.')[2]}"
    if kind == "card":
        return f"•••{match[-4:]}"
    if kind == "phone":
        return f"{match[:2]}•••{match[-2:]}"
    return f"{match[: 11 if match.startswith('-') else 4]}•••"


def main_script(text: str) -> tuple[str, float]:
    """The script of most letters (Latin, Cyrillic, Han, …) and its share of them; ("", 0) without letters.

    A script is not a language: English and Turkish are both Latin. It is the first word of a character's
    Unicode name.
    """
    letters = Counter(_script(character) for character in text if character.isalpha())
    if not letters:
        return "", 0.0
    script, n = letters.most_common(1)[0]
    return script, n / letters.total()


def _script(character: str) -> str:
    if character.isascii():
        return "Latin"
    word = unicodedata.name(character, "unknown").split()[0]
    return "Han" if word == "CJK" else word.capitalize()
