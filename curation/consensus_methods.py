"""The registry of consensus methods. Apps above this one add theirs when they are ready."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from curation.algorithms import consensus
from curation.algorithms.consensus import Ballots, Conclusions
from curation.errors import CurationError
from curation.models import Project


@dataclass(frozen=True)
class ConsensusMethod:
    """`conclude` sees every counted ballot of the project but reviewers' decisions, which outweigh whatever
    it says. It raises CurationError, in words, where the data do not allow the method. `basis` names what
    it looks at besides: while that and the judgments stay the same, so do its conclusions. A method that is
    `per_pair` concludes from a pair's own ballots alone, and may be shown some pairs at a time."""

    name: str
    label: str
    help: str
    conclude: Callable[[Project, Ballots], Conclusions]
    basis: Callable[[Project], str] = lambda _project: ""
    per_pair: bool = False


_METHODS: dict[str, ConsensusMethod] = {}


def method_register(method: ConsensusMethod) -> None:
    _METHODS[method.name] = method


def consensus_methods() -> list[ConsensusMethod]:
    return list(_METHODS.values())


def consensus_method(name: str) -> ConsensusMethod:
    """Raises CurationError for a name that is not registered."""
    if name not in _METHODS:
        raise CurationError(f"There is no consensus method “{name}”. Choose one of: {', '.join(_METHODS)}.")
    return _METHODS[name]


def method_label(name: str) -> str:
    """The method's label; its bare name where it is no longer registered."""
    return _METHODS[name].label if name in _METHODS else name


def method_learns(name: str) -> bool:
    """Whether what it concludes of one pair depends on the judgments of others."""
    return name in _METHODS and not _METHODS[name].per_pair


method_register(
    ConsensusMethod(
        "mean_probability",
        "Mean probability",
        "The mean of what raters say how likely A is better: a stated probability, or what a strength "
        "stands for.",
        lambda _project, ballots: consensus.mean_probability(ballots),
        per_pair=True,
    )
)
method_register(
    ConsensusMethod(
        "majority",
        "Majority",
        "Heads are counted: each rater says A, B or tie, however strongly.",
        lambda _project, ballots: consensus.majority(ballots),
        per_pair=True,
    )
)
