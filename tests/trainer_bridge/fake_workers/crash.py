"""Answers one draw, then fails, every time."""

from sampling import Sampling

work = Sampling()
for draw in work.todo()[:1]:
    work.answer(draw)
raise RuntimeError("the tokenizer fell over")
