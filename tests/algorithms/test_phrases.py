"""Refusals and assistants that speak of themselves."""

from __future__ import annotations

import pytest

from curation.algorithms.phrases import OPENING_CHARS, names_itself, refuses


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I’m sorry, I can’t assist with this request.",
        "Sorry, I cannot provide instructions for that.",
        "As an AI language model, I cannot create harmful content.",
        "I am unable to answer this question.",
        "I'm not able to do that.",
        "I must respectfully decline.",
        "I won't write malware.",
        "I cannot in good conscience help you.",
        "That would be against my guidelines.",
        "It is not appropriate for me to say.",
    ],
)
def test_refusals(text: str) -> None:
    assert refuses(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Sure, here is how to do it.",
        "I can't recommend this book enough!",
        "I cannot stress enough how useful that is.",
        "You can't help but smile.",
        "He said “I am sorry” and left.",
        "Paris. " * 100 + "I cannot provide a source for the last figure.",
    ],
)
def test_what_is_no_refusal(text: str) -> None:
    assert not refuses(text)


def test_only_the_opening_counts() -> None:
    refusal = "I cannot help with that."
    assert refuses(" " * (OPENING_CHARS - len(refusal)) + refusal)
    assert not refuses(" " * OPENING_CHARS + refusal)


@pytest.mark.parametrize(
    "text",
    [
        "As an AI language model, I have no feelings.",
        "as an artificial intelligence assistant",
        "As an AI, I do not eat.",
        "As a large language model I cannot see.",
        "I'm an AI, so no.",
        "I am just a language model.",
        "I am ChatGPT.",
        "My name is Claude, nice to meet you.",
        "As ChatGPT, I would say yes.",
        "I was created by OpenAI.",
        "I am a helpful assistant developed by Alibaba Cloud.",
        "I’m Code Llama",
    ],
)
def test_what_gives_an_assistant_away(text: str) -> None:
    assert names_itself(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ChatGPT was created by OpenAI.",
        "Large models such as GPT-4, which are closed, cost more.",
        "She works as an AI researcher.",
        "I am a llama farmer.",
        "My name is Claudette.",
        "As an airline, we refuse.",
    ],
)
def test_what_does_not(text: str) -> None:
    assert not names_itself(text)
