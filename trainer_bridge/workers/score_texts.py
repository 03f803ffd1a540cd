"""Score pairs by what stands in their texts: no model, no torch, one core."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from curation.scorers import TEXTS, TOXICITY, PromptPart, TextScorer, toxicity_by
from curation.scorers.offensive import words_of
from trainer_bridge.contracts import Message, PairRow, ScoreValue, ScoreValuesRow, TextScoreSpec
from trainer_bridge.workers._io import Tally, Workspace, read_rows, work

# Written together: few enough that little is lost, enough that writing costs nothing.
PAIRS_PER_WRITE = 256


def run(spec: TextScoreSpec, workspace: Workspace) -> None:
    pairs = workspace.input(spec.pairs)
    scores = workspace.rows("scores.jsonl")
    workspace.environment(device="cpu", device_name="CPU", dtype="", model_fingerprint="", template_hash="")
    finished = _finished(scores.path, spec.scorers)
    # Read twice rather than kept: texts of all pairs may fill the memory.
    known = [pair.pair_id in finished for pair in read_rows(pairs, PairRow)]
    scorers = _scorers(spec, workspace)
    tally = Tally(workspace, "pairs", total=len(known), done=sum(known))
    todo = (pair for pair in read_rows(pairs, PairRow) if pair.pair_id not in finished)
    while rows := [_score(pair, scorers) for pair in islice(todo, PAIRS_PER_WRITE)]:
        scores.append(*rows)
        tally.add(len(rows))


def _finished(path: Path, scorers: Iterable[str]) -> set[str]:
    """The pairs that an earlier run scored by all of these, each in the version that it has now."""
    wanted = {(name, TEXTS[name].version) for name in scorers}
    return {
        row.pair_id
        for row in read_rows(path, ScoreValuesRow)
        if wanted <= {(score.scorer, score.version) for score in row.scores}
    }


def _scorers(spec: TextScoreSpec, workspace: Workspace) -> list[TextScorer]:
    """Those asked for; the one that goes by a list of words with the job's list."""
    asked = {name: TEXTS[name] for name in spec.scorers}
    if TOXICITY.name in asked and spec.toxic_words:
        asked[TOXICITY.name] = toxicity_by(words_of(workspace.input(spec.toxic_words)))
    return list(asked.values())


def _score(pair: PairRow, scorers: Iterable[TextScorer]) -> ScoreValuesRow:
    prompt = {
        PromptPart.ALL: _joined(pair.prompt),
        PromptPart.LAST_USER: _joined([turn for turn in pair.prompt if turn.role == "user"][-1:]),
    }
    found = (
        (scorer, scorer.score(prompt[scorer.reads], pair.response_a, pair.response_b, pair.is_cut))
        for scorer in scorers
    )
    return ScoreValuesRow(
        pair_id=pair.pair_id,
        scores=[
            ScoreValue(scorer=scorer.name, version=scorer.version, value=score.value, details=score.details)
            for scorer, score in found
        ],
    )


def _joined(messages: Iterable[Message]) -> str:
    return "\n".join(text for message in messages for text in _texts(message))


def _texts(message: Message) -> Iterator[str]:
    """What a turn says in words; pictures and other parts say nothing."""
    if isinstance(message.content, str):
        yield message.content
        return
    for part in message.content:
        if part.get("type") == "text":
            yield str(part.get("text", ""))


if __name__ == "__main__":
    work("score_texts", run)
