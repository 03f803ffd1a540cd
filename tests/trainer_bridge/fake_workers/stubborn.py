"""Answers one draw, then ignores SIGTERM."""

import signal
import time

from sampling import Sampling

signal.signal(signal.SIGTERM, signal.SIG_IGN)
work = Sampling()
work.answer(work.todo()[0])
time.sleep(60)
