"""What the demo asks its judge, its annotators and its recipe.

The judge is SmolLM2-135M, which mostly prefers whatever is shown first. Of a dozen wordings tried on the
demo's own pairs this one leans least to a side (mean P(left) 0.50) and flips least; a recipe step then
drops the pairs on which it flipped.
"""

from __future__ import annotations

from typing import Any

RUBRIC: dict[str, Any] = {
    "name": "Short comparison",
    "system": "",
    "template": (
        "Compare the two answers.\n\nQuestion: {prompt}\n\nAnswer A: {left}\n\nAnswer B: {right}\n\n"
        "Which one answers the question?"
    ),
    "prefill": "It is answer",
    "verdicts": ["A", "B"],
}

RECIPE_NAME = "Agreed, clear, low CHES"
STEPS: list[dict[str, Any]] = [
    {"step": "consensus_exists", "method": "mean_probability"},
    {"step": "judges_agree"},
    {"step": "min_margin", "margin": 0.03},
    {"step": "drop_top_ln_ches", "percent": 10.0},
    {"step": "length_ratio", "min": 0.2, "max": 5.0},
]

GUIDELINES = """\
# Which answer is better?

Prefer the answer that a careful reader would rather have been given.

1. **Correct** before fluent: a wrong fact loses to an honest "I don't know".
2. **To the point** before long: padding is not a virtue.
3. **Does what was asked**: a limit on words, a tone, a format.

Say *tie* when you would not mind which one you got, and *both bad* when neither helps.

## An example

> **User:** What is the capital of Australia? One word, please.
>
> **Left:** Canberra.
>
> **Right:** Sydney is the largest city of Australia and its economic centre.

**Left much better.** It is right and it is one word. The right answer is true, but it answers another
question.
"""
