"""Names that would tell who wrote a response are hidden, and nothing else is."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotators.masking import MASK, MAX_WORDS, Masked, mask_message, mask_pattern, mask_words, sampler_words
from annotators.models import Campaign
from annotators.templatetags.labelling import SPOKEN, plain, prose
from curation.models import Response
from tests.annotators.conftest import MakeCampaign, label_url
from tests.conftest import People
from tests.factories import PairFactory, PromptFactory, SamplerFactory

SHIPPED = mask_words("")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("As ChatGPT, I cannot.", f"As {MASK}, I cannot."),
        ("as chatgpt by OPENAI", f"as {MASK} by {MASK}"),
        ("GPT-4o and gpt 4 and GPT4", f"{MASK} and {MASK} and {MASK}"),
        ("Google DeepMind's Gemini Pro", f"{MASK}'s {MASK}"),
        ("I am Claude.", f"I am {MASK}."),
        ("Llamas and claudette stay", "Llamas and claudette stay"),
        ("myopenai xGPT-4", "myopenai xGPT-4"),
        ("gpt-4oo", f"{MASK}-4oo"),
        ("`import openai`", f"`import {MASK}`"),
        ("```\nmodel = 'claude'\n```", f"```\nmodel = '{MASK}'\n```"),
        ("[OpenAI](https://openai.com 'OpenAI')", f"[{MASK}](https://{MASK}.com '{MASK}')"),
        ("", ""),
    ],
)
def test_the_list_that_ships(text: str, shown: str) -> None:
    assert Masked(text, SHIPPED).text == shown


def test_a_campaigns_own_list_replaces_it() -> None:
    words = mask_words("Acme Bot\n\n  C++ (v2)  \nAcme\n.*\n[x]\n")
    shown = Masked("Acme Bot, acme-bot, C++ (v2), a.b, [x], OpenAI, .*", words).text
    assert shown == f"{MASK}, {MASK}, {MASK}, a.b, {MASK}, OpenAI, {MASK}"
    assert mask_words("\n".join(f"word{i}" for i in range(MAX_WORDS + 5)))[-1] == f"word{MAX_WORDS - 1}"


def test_the_longest_of_overlapping_phrases_is_hidden() -> None:
    words = mask_words("Alpha\nAlpha Beta\nBeta Gamma")
    assert Masked("alpha beta gamma", words).text == f"{MASK} gamma"


def test_samplers_are_hidden_by_name_unless_it_is_a_plain_word() -> None:
    assert sampler_words(["Owner/Some-Model-7B", "tiny", "base", "Orca"]) == [
        "Owner/Some-Model-7B", "Some-Model-7B", "Orca", "Orca",
    ]  # fmt: skip
    words = mask_words("", ["Owner/Some-Model-7B"])
    assert Masked("I am some model 7b from Owner/Some-Model-7B", words).text == f"I am {MASK} from {MASK}"


@given(st.text(alphabet="aB -\n", max_size=40), st.lists(st.integers(0, 40), max_size=6))
def test_pieces_put_together_show_the_whole(text: str, cuts: list[int]) -> None:
    masked = Masked(text, ("ab", "a b", "bb"))
    ends = sorted({0, len(text), *(min(cut, len(text)) for cut in cuts)})
    pieces = [masked.mask(start, end) for start, end in pairwise(ends)]
    assert "".join(pieces) == masked.text


def test_offsets_are_of_the_raw_text() -> None:
    masked = Masked("By Google DeepMind, yes", SHIPPED)
    assert masked.hidden == ((3, 18),)
    assert [masked.mask(*span) for span in ((0, 3), (3, 9), (9, 18), (18, 23))] == ["By ", MASK, "", ", yes"]


def test_nothing_to_hide_hides_nothing() -> None:
    assert mask_pattern(()) is None
    assert mask_pattern(("-",)) is None
    assert Masked("ChatGPT", ()).text == "ChatGPT"


def test_a_text_without_end_is_read_in_one_go() -> None:
    for text in ("gpt-" * 20_000, "open " + " " * 80_000, "c" * 80_000):
        assert len(Masked(text, SHIPPED).text) <= len(text)


def test_only_the_assistants_turns_are_hidden() -> None:
    words = ("OpenAI",)
    asked = {"role": "user", "content": "Who is OpenAI?"}
    assert mask_message(asked, words) is asked
    said = {
        "role": "assistant",
        "content": [{"type": "text", "text": "OpenAI!"}, {"type": "image", "url": "u"}],
    }
    assert mask_message(said, words)["content"] == [
        {"type": "text", "text": f"{MASK}!"},
        {"type": "image", "url": "u"},
    ]
    assert mask_message({"role": "assistant", "content": "OpenAI"}, words)["content"] == MASK
    assert mask_message({"role": "assistant", "content": None}, words)["content"] == []


def test_a_hidden_name_can_be_heard_and_never_breaks_a_tag() -> None:
    assert prose(f"I am {MASK}.") == f"<p>I am {SPOKEN}.</p>\n"
    assert plain(f"<b> {MASK}") == f"&lt;b&gt; {SPOKEN}"
    link = prose(f'[a](https://e.org "> {MASK} <b onclick=x>")')
    assert f'title="> {MASK}' in link.replace("&gt;", ">")
    assert "hidden name" not in link


@pytest.mark.django_db
def test_the_page_hides_and_the_database_keeps(people: People, make_campaign: MakeCampaign) -> None:
    text = "I am ChatGPT, also known as Acme-9."
    prompt = PromptFactory(
        project=people.project,
        messages=[
            {"role": "user", "content": "Are you Claude?"},
            {"role": "assistant", "content": "I am Claude indeed."},
            {"role": "user", "content": "Sure?"},
        ],
    )
    sampler = SamplerFactory(project=people.project, model_name="lab/Acme-9")
    PairFactory(prompt=prompt, response_a__text=text, response_a__sampler=sampler, response_b__text="No.")
    campaign = make_campaign(0)
    page = people.client("anna").get(label_url(campaign)).content.decode()
    assert f"I am {SPOKEN}, also known as {SPOKEN}." in page
    assert f"I am {SPOKEN} indeed." in page
    assert "Are you Claude?" in page
    assert Response.objects.filter(text=text).exists()

    Campaign.objects.update(mask_words="indeed")
    page = people.client("anna").get(label_url(campaign)).content.decode()
    assert "I am ChatGPT, also known as Acme-9." in page
    assert f"I am Claude {SPOKEN}." in page

    Campaign.objects.update(mask_identity=False)
    page = people.client("anna").get(label_url(campaign)).content.decode()
    assert "I am Claude indeed." in page
