"""Score values on their way from a worker to the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from curation.models import ScoreProducer
from curation.scorers import SCORERS
from curation.services.score_record import PairScoreValue, scores_record
from trainer_bridge.contracts import ScoreValue, ScoreValuesRow


def values_record(rows: Iterable[ScoreValuesRow], producer: Callable[[str, int], ScoreProducer]) -> int:
    """Store what the rows hold; `producer` knows who makes scores by a scorer in a version. Returns how many
    scores that are, each counted once for its pair."""
    n_scores = 0
    values: dict[tuple[str, int], list[PairScoreValue]] = defaultdict(list)
    for row in rows:
        for score in row.scores:
            values[score.scorer, score.version] += _values(row.pair_id, score)
            n_scores += 1
    for (scorer, version), scores in values.items():
        scores_record(producer=producer(scorer, version), rows=scores)
    return n_scores


def _values(pair_id: str, score: ScoreValue) -> list[PairScoreValue]:
    """Both directions of a directed score: b over a is the negative, never −0."""
    directions = {"both": score.value}
    if SCORERS[score.scorer].directed:
        directions = {"a_over_b": score.value, "b_over_a": 0.0 - score.value}
    return [
        PairScoreValue(pair_id=int(pair_id), direction=direction, value=value, details=score.details)
        for direction, value in directions.items()
    ]
