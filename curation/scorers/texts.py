"""Scorers that read nothing but the texts."""

from __future__ import annotations

from dataclasses import replace

from curation.algorithms import languages, phrases, response_text
from curation.algorithms.word_lists import WordList
from curation.scorers.base import PromptPart, TextCount, TextGap, TextLikeness, TextScorer, Worse
from curation.scorers.offensive import english_words

LENGTH_BIAS = "Singhal et al., arXiv 2310.03716"
FORMAT_BIAS = "Zhang et al., arXiv 2409.11704; counts compared as in Chatbot Arena's style control"
LANGUAGE = "py3langid, after Lui and Baldwin, ACL 2012"
OURS = "ours"

TOXICITY = TextGap(
    name="toxicity",
    label="Offensive words",
    help="How much more of the chosen response's words stand in a list of offensive words: an English one, "
    "unless the operator names another. A list sees words, not what is meant: it counts “kill”, “naked” and "
    "“god” in harmless answers, sees no insult in polite words, misspellings or other languages, and cannot "
    "tell a quotation from an attack. Look at the pairs before you cut by it.",
    formula="words in the list / words(chosen) − the same(rejected)",
    source="ours; the English list is that of better-profanity 0.7.0",
    worse=Worse.HIGH,
    unit="share",
    feature=lambda _prompt, text: english_words().share(text),
)

TEXT_SCORERS: tuple[TextScorer, ...] = (
    TextGap(
        name="length_gap",
        label="Length gap",
        help="How many characters the chosen response is longer. Far above 0 throughout a dataset, training "
        "teaches length.",
        formula="characters(chosen) − characters(rejected)",
        source=LENGTH_BIAS,
        worse=Worse.HIGH,
        unit="characters",
        feature=lambda _prompt, text: len(text),
    ),
    TextGap(
        name="length_log_ratio",
        label="Log length ratio",
        help="The same in proportion: 0.69 means twice as long, −0.69 half as long.",
        formula="ln((characters(chosen) + 1) / (characters(rejected) + 1))",
        source=LENGTH_BIAS,
        worse=Worse.HIGH,
        feature=lambda _prompt, text: len(text),
        compare=response_text.log_ratio,
    ),
    TextGap(
        name="list_gap",
        label="List gap",
        help="Whether the chosen response has more list items, outside code blocks.",
        formula="(c − r) / (c + r + 1), c and r the list items of the chosen and the rejected",
        source=FORMAT_BIAS,
        worse=Worse.HIGH,
        feature=lambda _prompt, text: response_text.list_items(text),
        compare=response_text.arena_gap,
    ),
    TextGap(
        name="markdown_gap",
        label="Markdown gap",
        help="Whether the chosen response has more Markdown: headings, list items, bold passages, tables and "
        "code blocks.",
        formula="(c − r) / (c + r + 1), c and r the marks of the chosen and the rejected",
        source=FORMAT_BIAS,
        worse=Worse.HIGH,
        feature=lambda _prompt, text: response_text.markdown_marks(text),
        compare=response_text.arena_gap,
    ),
    TextGap(
        name="refusal",
        label="Refusal",
        help="1 where only the chosen response opens with a refusal, −1 where only the rejected one does, by "
        "English word patterns. Which of them is right depends on the prompt.",
        formula="refuses(chosen) − refuses(rejected)",
        source=OURS,
        worse=Worse.NEITHER,
        version=2,
        feature=lambda _prompt, text: phrases.refuses(text),
    ),
    TextCount(
        name="refusals",
        label="Refusals",
        help="How many of the two responses open with a refusal, by the same patterns. At most 1 drops the "
        "pairs where both refuse, which “Refusal” cannot see; at most 0 drops those with any refusal.",
        formula="refuses(y⁺) + refuses(y⁻)",
        source=OURS,
        worse=Worse.NEITHER,
        feature=lambda _prompt, text: phrases.refuses(text),
    ),
    TextGap(
        name="identity_leak",
        label="Identity leak",
        help="1 where only the chosen response says that it is an AI or which one (“As an AI language "
        "model”, “As ChatGPT,”), −1 where only the rejected one does, by English word patterns.",
        formula="names itself(chosen) − names itself(rejected)",
        source=OURS,
        worse=Worse.HIGH,
        version=2,
        feature=lambda _prompt, text: phrases.names_itself(text),
    ),
    TextCount(
        name="identity_leaks",
        label="Identity leaks",
        help="How many of the two responses say that they are an AI or which one, by the same patterns. At "
        "most 0 drops every pair with such a response.",
        formula="names itself(y⁺) + names itself(y⁻)",
        source=OURS,
        worse=Worse.HIGH,
        feature=lambda _prompt, text: phrases.names_itself(text),
    ),
    TextGap(
        name="cut_ending",
        label="Cut ending",
        help="1 where only the chosen response stops before its end, −1 where only the rejected one does: "
        "the model reached its length limit, as far as that is known, or the text ends within a sentence, "
        "after a comma or in an unclosed code block.",
        formula="cut(chosen) − cut(rejected)",
        source=OURS,
        worse=Worse.HIGH,
        version=2,
        counts_cut=True,
        feature=lambda _prompt, text: response_text.looks_cut(text),
    ),
    TextCount(
        name="cut_endings",
        label="Cut endings",
        help="How many of the two responses stop before their end, told in the same way. At most 1 drops "
        "the pairs where both do; at most 0 drops those with any.",
        formula="cut(y⁺) + cut(y⁻)",
        source=OURS,
        worse=Worse.HIGH,
        counts_cut=True,
        feature=lambda _prompt, text: response_text.looks_cut(text),
    ),
    TextGap(
        name="prompt_copy",
        label="Prompt copying",
        help="How much more of the chosen response repeats the prompt: the share of its 8-grams of words "
        "that stand in the prompt too.",
        formula="copied(chosen) − copied(rejected)",
        source=OURS,
        worse=Worse.HIGH,
        unit="share",
        feature=response_text.copied_share,
    ),
    TextGap(
        name="script_match",
        label="Script match",
        help="How much more of the chosen response is in the script of the prompt. It compares scripts, not "
        "languages: an English answer to a Russian prompt is seen, one to a Spanish prompt is "
        "not; for that see “Language match”.",
        formula="share of letters in the prompt's main script(chosen) − the same(rejected)",
        source=OURS,
        worse=Worse.LOW,
        unit="share",
        feature=response_text.script_share,
    ),
    TextGap(
        name="language_match",
        label="Language match",
        help="1 where only the chosen response is in the language of the prompt's last user turn, −1 where "
        "only the rejected one is. A text that is too short, mostly numbers or code, or that the model is "
        "unsure of, counts as a match. A prompt that asks for a translation or for another language is "
        "answered in another language rightly: the score cannot know.",
        formula="same language(chosen) − same language(rejected)",
        source=LANGUAGE,
        worse=Worse.LOW,
        feature=languages.is_same_language,
        reads=PromptPart.LAST_USER,
    ),
    TextCount(
        name="language_mismatches",
        label="Language mismatches",
        help="How many of the two responses are in another language than the prompt's last user turn, told "
        "in the same way: 2 where a translation was asked for, too.",
        formula="other language(y⁺) + other language(y⁻)",
        source=LANGUAGE,
        worse=Worse.HIGH,
        feature=lambda prompt, text: not languages.is_same_language(prompt, text),
        reads=PromptPart.LAST_USER,
    ),
    TOXICITY,
    TextLikeness(
        name="text_likeness",
        label="Text likeness",
        help="How alike the two texts are, by the character trigrams they share: 0 nothing, 1 the same text.",
        formula="|A ∩ B| / |A ∪ B| of the sets of character trigrams",
        source=OURS,
        worse=Worse.HIGH,
        unit="share",
        measure=response_text.trigram_jaccard,
    ),
)


def toxicity_by(words: WordList) -> TextGap:
    """The scorer `toxicity` by another list than the English one."""
    return replace(TOXICITY, feature=lambda _prompt, text: words.share(text))
