"""Score pairs by what a language model's own passes give.

All computations under the model share one forward pass for each distinct response, without the language-model
head unless log-probabilities are asked for. The gradients of a sample and the pass under a second model
follow, each only where it is asked for. A computation that cannot be done is refused with its reason, and
the others go on; only where none is left does the worker end with that reason.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

from trainer_bridge.contracts import FailureRow, PairRow, Refusals, ScoreSpec, ScoringRow
from trainer_bridge.workers._head import Head
from trainer_bridge.workers._hidden import Tap
from trainer_bridge.workers._io import JsonLines, Tally, UserError, Workspace, read_rows, work
from trainer_bridge.workers._lora import LoraPass
from trainer_bridge.workers._models import LocalModel, load, released
from trainer_bridge.workers._pairs import Wanted, scoring_rows
from trainer_bridge.workers._pass import PairPass
from trainer_bridge.workers._products import arithmetic
from trainer_bridge.workers._reference import Ratios, Reference
from trainer_bridge.workers._scorers import READS_HEAD, OwnScores

Part = TypeVar("Part")


def run(spec: ScoreSpec, workspace: Workspace) -> None:
    pairs = list(scoring_rows(workspace.input(spec.pairs), spec.scorers))
    sample = list(scoring_rows(workspace.input(spec.sample), spec.scorers)) if spec.sample else []
    loaded = load(spec.model, spec.dtype)
    asked = Asked(spec.scorers, workspace)
    reference = asked.attempt(["log_ratio"], lambda: Reference(spec, loaded))
    head = asked.attempt(READS_HEAD, lambda: Head(loaded))
    tap = asked.attempt(["angle"], lambda: Tap(loaded))
    loaded.note(workspace, reference.fingerprint if reference else "", arithmetic(loaded))
    job = Passes(spec, asked, pairs, sample, workspace)
    with released(loaded):
        job.own(loaded, head, tap)
        job.gradients(loaded)
    if reference is not None:
        job.against(reference)


class Asked:
    """The computations that were asked for and can be done, and why the others cannot."""

    def __init__(self, computations: Sequence[str], workspace: Workspace) -> None:
        self.names = list(dict.fromkeys(computations))
        self._reasons: dict[str, str] = {}
        self._workspace = workspace
        self._tell()

    def attempt(self, computations: Collection[str], do: Callable[[], Part]) -> Part | None:
        """What `do` gives, if one of the computations is asked for; where it cannot be done they are refused.

        Raises UserError when nothing is left to do.
        """
        wanted = [name for name in self.names if name in computations]
        if not wanted:
            return None
        try:
            return do()
        except UserError as error:
            self.names = [name for name in self.names if name not in wanted]
            self._reasons |= dict.fromkeys(wanted, str(error))
            if not self.names:
                raise UserError("\n".join(dict.fromkeys(self._reasons.values()))) from error
            self._tell()
            return None

    @property
    def own(self) -> list[str]:
        """Those that read something in the pass under the model itself."""
        return [name for name in self.names if name != "lora_entanglement"]

    def _tell(self) -> None:
        self._workspace.write("refused.json", Refusals(reasons=self._reasons))


class Passes:
    """The passes of one job, one after another; what an earlier attempt finished is left out of each."""

    def __init__(
        self,
        spec: ScoreSpec,
        asked: Asked,
        pairs: Sequence[ScoringRow],
        sample: Sequence[PairRow],
        workspace: Workspace,
    ) -> None:
        self._spec = spec
        self._asked = asked
        self._wanted = Wanted(asked.own, pairs)
        self._pairs = [pair for pair in pairs if self._wanted.of_pair(pair.pair_id)]
        self._workspace = workspace
        self._failures: JsonLines = workspace.rows("failures.jsonl")
        self._failures.rewrite([])
        self._sample = sample if "lora_entanglement" in asked.names else []
        self._ratios = sum("log_ratio" in self._wanted.of_pair(pair.pair_id) for pair in pairs)

    def own(self, loaded: LocalModel, head: Head | None, tap: Tap | None) -> None:
        """Everything that one forward pass of the model gives."""
        if not self._wanted.names:
            return
        scores = OwnScores(head, self._wanted, self._workspace)
        todo = scores.lacking(self._pairs)
        total, after = len(self._pairs), len(self._sample) + self._ratios
        tally = Tally(self._workspace, "pairs", total=total, done=total - len(todo), after=after)
        PairPass(loaded, self._spec.max_length, todo, scores, tally=tally, tap=tap).run(self._failures)

    def gradients(self, loaded: LocalModel) -> None:
        if self._sample:
            self._asked.attempt(["lora_entanglement"], lambda: self._gradients(loaded))

    def against(self, reference: Reference) -> None:
        if self._ratios:
            self._asked.attempt(["log_ratio"], lambda: self._against(reference))

    def _gradients(self, loaded: LocalModel) -> None:
        scores = LoraPass(loaded, self._spec.max_length, self._workspace)
        todo = [pair for pair in self._sample if pair.pair_id not in scores.finished]
        total = len(self._sample)
        tally = Tally(
            self._workspace,
            "pairs by gradients",
            total=total,
            done=total - len(todo),
            before=len(self._pairs),
            after=self._ratios,
        )
        if not todo:
            return
        known = {row.key for row in read_rows(self._failures.path, FailureRow)}
        scores.run(todo, known, self._failures, tally)

    def _against(self, reference: Reference) -> None:
        ratios = Ratios(self._workspace)
        todo = [pair for pair in self._pairs if pair.pair_id in ratios.possible]
        # What the first pass could not read is not tried again.
        total, before = self._ratios, len(self._pairs) + len(self._sample)
        tally = Tally(
            self._workspace,
            "pairs under the reference",
            total=total,
            done=total - len(todo),
            before=before,
        )
        if not todo:
            return
        with released(reference.load()) as second:
            passing = PairPass(second, self._spec.max_length, todo, ratios.under(second), tally=tally)
            passing.run(self._failures)


if __name__ == "__main__":
    work("score_pairs", run)
