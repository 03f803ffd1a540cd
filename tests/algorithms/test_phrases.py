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
        "I can't tell you how to make a bomb.",
        "I can’t tell you how you could do that.",
        "I can't tell you the exact date.",
        "Sorry, I can't talk about that.",
        "Unfortunately I cannot explain how to do this.",
        "I cannot in good conscience tell you",
        "I won't teach you that.",
        "I won't show you how to pick a lock.",
        "I really can't help with this.",
        "I can't and won't assist you.",
        "I'm afraid I can't get into that.",
        "I’ll have to decline.",
        "I'm going to have to decline.",
        "I'd rather not answer.",
        "I don't feel comfortable writing this.",
        "I'm sorry, but that's not something I can help with.",
        "I am not going to do that.",
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
        "I can't help but smile.",
        "I couldn't help laughing.",
        "I can't tell you how happy I am",
        "I cannot tell you how much this meant to me.",
        "I can't tell them apart.",
        "I can't explain why, but I love it.",
        "I can't describe how beautiful it was.",
        "I won't give up.",
        "I'm not going to lie, it was hard.",
        "I'm sorry to hear that. Here is what you can do.",
        "I apologize for the confusion: it is Paris.",
        "I can't wait to show you how it works!",
        "We won't talk about that today.",
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
        "As an AI developed by OpenAI",
        "Sorry! As an AI trained by Anthropic I cannot.",
        "Well, as an AI made by Mistral AI, no.",
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
        "ChatGPT is known as an AI developed by OpenAI.",
        "As an AI developed by the army, HAL obeyed.",
    ],
)
def test_what_does_not(text: str) -> None:
    assert not names_itself(text)
