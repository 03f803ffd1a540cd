"""Does all of it at once."""

import sys

from sampling import Sampling

work = Sampling()
todo = work.todo()
for done, draw in enumerate(todo, start=1):
    work.answer(draw)
    work.progress(done, len(todo))
sys.stderr.write(f"answered {len(todo)}\n")
