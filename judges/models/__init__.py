"""Step 4 by models: rubrics, judges, verdicts."""

from judges.models.judges import Judge, RubricVersion
from judges.models.verdicts import Verdict

__all__ = ["Judge", "RubricVersion", "Verdict"]
