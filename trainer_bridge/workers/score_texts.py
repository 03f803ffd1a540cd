"""Score pairs by what stands in their texts: no model, no torch, one core."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from curation.scorers import TEXTS, TOXICITY, PromptPart, TextScorer, toxicity_by
from curation.scorers.offensive import words_of
from trainer_bridge.contracts import Message, ScoreValue, ScoreValuesRow, ScoringRow, TextScoreSpec
from trainer_bridge.workers._io import Tally, Workspace, read_rows, work
from trainer_bridge.workers._pairs import scoring_rows

# Written together: few enough that little is lost, enough that writing costs nothing.
PAIRS_PER_WRITE = 256
# A scorer and its version.
Made = tuple[str, int]


def run(spec: TextScoreSpec, workspace: Workspace) -> None:
    pairs = workspace.input(spec.pairs)
    scores = workspace.rows("scores.jsonl")
    workspace.environment(device="cpu", device_name="CPU", dtype="", model_fingerprint="", template_hash="")
    scorers = _scorers(spec, workspace)
    finished = _finished(scores.path)
    # Read twice rather than kept: texts of all pairs may fill the memory.
    lacks = [bool(_lacking(pair, scorers, finished)) for pair in scoring_rows(pairs, scorers)]
    tally = Tally(workspace, "pairs", total=len(lacks), done=len(lacks) - sum(lacks))
    asked = ((pair, _lacking(pair, scorers, finished)) for pair in scoring_rows(pairs, scorers))
    todo = ((pair, lacking) for pair, lacking in asked if lacking)
    while rows := [_score(pair, lacking) for pair, lacking in islice(todo, PAIRS_PER_WRITE)]:
        scores.append(*rows)
        tally.add(len(rows))


def _finished(path: Path) -> dict[str, frozenset[Made]]:
    """By which scorers, in which version, an earlier attempt scored each pair."""
    found: dict[str, frozenset[Made]] = {}
    same: dict[frozenset[Made], frozenset[Made]] = {}  # a few sets stand for all pairs
    for row in read_rows(path, ScoreValuesRow):
        made = found.get(row.pair_id, frozenset()) | {(score.scorer, score.version) for score in row.scores}
        found[row.pair_id] = same.setdefault(made, made)
    return found


def _lacking(
    pair: ScoringRow, scorers: Mapping[str, TextScorer], finished: Mapping[str, frozenset[Made]]
) -> list[TextScorer]:
    """The scorers that this pair still lacks."""
    made = finished.get(pair.pair_id, frozenset())
    asked = [scorers[name] for name in pair.scorers or scorers]
    return [scorer for scorer in asked if (scorer.name, scorer.version) not in made]


def _scorers(spec: TextScoreSpec, workspace: Workspace) -> dict[str, TextScorer]:
    """Those asked for; the one that goes by a list of words with the job's list."""
    asked = {name: TEXTS[name] for name in spec.scorers}
    if TOXICITY.name in asked and spec.toxic_words:
        asked[TOXICITY.name] = toxicity_by(words_of(workspace.input(spec.toxic_words)))
    return asked


def _score(pair: ScoringRow, scorers: Iterable[TextScorer]) -> ScoreValuesRow:
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
