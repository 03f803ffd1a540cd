"""Answers one draw every 50 ms until the file `go` appears; on SIGTERM it flushes and exits 3."""

import signal
import sys
import time

from sampling import Sampling

signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
work = Sampling()
todo = work.todo()
for done, draw in enumerate(todo, start=1):
    work.answer(draw)
    work.progress(done, len(todo))
    if not (work.out / "go").exists():
        time.sleep(0.05)
