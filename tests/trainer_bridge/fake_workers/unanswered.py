"""Gives up on every draw, with the reason."""

from sampling import Sampling

work = Sampling()
for prompt, index in work.todo():
    work.append("failures.jsonl", {"key": f"{prompt}/{index}", "error": "connection refused"})
