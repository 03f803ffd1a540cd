"""MT-Bench's votes by people, imported and measured: the page shows what the raw file says."""

from __future__ import annotations

import json
from collections import defaultdict
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from annotators.services.quality_build import quality_build, quality_request
from config.settings.env import BASE_DIR
from curation.models import Judgment, Pair, Rater, Sampler
from tests.conftest import People

pytestmark = pytest.mark.django_db

FILE = BASE_DIR.parent / "shared" / "data" / "mt_bench" / "human.jsonl"
Votes = dict[tuple[Any, ...], list[str]]


@pytest.fixture(scope="module")
def votes() -> list[dict[str, Any]]:
    if not FILE.exists():
        pytest.skip(f"MT-Bench's votes are not at {FILE}")
    return [json.loads(line) for line in FILE.read_text().splitlines()]


def converted(vote: dict[str, Any]) -> dict[str, Any]:
    """A vote as `import_judgments` takes it; the file has no texts, so they are made of ids."""
    question, turn = vote["question_id"], vote["turn"]
    answer = f"to question {question}, turn {turn}"
    return {
        "prompt": f"Question {question}, turn {turn}",
        "response_a": f"{vote['model_a']} {answer}",
        "response_b": f"{vote['model_b']} {answer}",
        "model_a": vote["model_a"],
        "model_b": vote["model_b"],
        "rater": vote["judge"],
        "winner": {"model_a": "a", "model_b": "b", "tie": "tie"}[vote["winner"]],
    }


def by_item(votes: list[dict[str, Any]]) -> Votes:
    """The winners' names that people gave each (question, turn, two models)."""
    found: Votes = defaultdict(list)
    for vote in votes:
        item = (vote["question_id"], vote["turn"], *sorted((vote["model_a"], vote["model_b"])))
        winner = vote["winner"] if vote["winner"] == "tie" else vote[vote["winner"]]
        first, second = item[2:]
        found[item].append({first: "first", second: "second", "tie": "tie"}[winner])
    return {item: said for item, said in found.items() if len(said) > 1}


def percent(items: Votes) -> float:
    pairs = [one == other for said in items.values() for one, other in combinations(said, 2)]
    return sum(pairs) / len(pairs)


def nominal_alpha(items: Votes, order: dict[Any, dict[str, str]]) -> float:
    """By the coincidence matrix, as in Krippendorff (2011); `order` names winners as the site does."""
    coincidences: dict[tuple[str, str], float] = defaultdict(float)
    for item, said in items.items():
        names = [order[item].get(one, one) for one in said]
        for i, one in enumerate(names):
            for j, other in enumerate(names):
                if i != j:
                    coincidences[one, other] += 1 / (len(names) - 1)
    marginal: dict[str, float] = defaultdict(float)
    for (one, _), weight in coincidences.items():
        marginal[one] += weight
    n = sum(marginal.values())
    observed = sum(weight for (one, other), weight in coincidences.items() if one != other)
    expected = sum(marginal[one] * marginal[other] for one in marginal for other in marginal if one != other)
    return 1 - (n - 1) * observed / expected


def site_order(items: Votes) -> dict[Any, dict[str, str]]:
    """Which of the two sorted models' responses is response a of the site's pair."""
    found = {}
    pairs = Pair.objects.select_related("prompt", "response_a__sampler", "response_b__sampler")
    for pair in pairs:
        _, question, _, turn = pair.prompt.messages[0]["content"].replace(",", "").split()
        models = [pair.response_a.sampler.model_name, pair.response_b.sampler.model_name]
        first_is_a = sorted(models)[0] == models[0]
        names = ("a", "b") if first_is_a else ("b", "a")
        found[int(question), int(turn), *sorted(models)] = dict(zip(("first", "second"), names, strict=True))
    return found


def test_the_page_shows_what_the_raw_file_says(
    people: People, votes: list[dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mt_bench.jsonl"
    file.write_text("".join(json.dumps(converted(vote)) + "\n" for vote in votes))
    call_command("import_judgments", "helpfulness", str(file))
    assert "1,688 judgments created, 0 duplicate, 0 failed" in capsys.readouterr().out
    call_command("import_judgments", "helpfulness", str(file))
    assert "0 judgments created, 1,688 duplicate, 0 failed; 0 new prompts" in capsys.readouterr().out
    assert Judgment.objects.count() == len(votes)
    assert Rater.objects.filter(kind="person", user=None).count() == len({vote["judge"] for vote in votes})
    assert set(Sampler.objects.values_list("backend", flat=True)) == {"import"}

    report = quality_request(project=people.project, campaign=None, user=people.rita)
    quality_build(report_id=report.pk)
    report.refresh_from_db()
    assert (report.state, report.error, report.n_judgments) == ("done", "", len(votes))
    items = by_item(votes)
    agreement, alpha = percent(items), nominal_alpha(items, site_order(items))
    overall = report.report["overall"]
    assert overall["n_pairs"] == len(items)
    assert overall["percent"]["value"] == pytest.approx(agreement, abs=1e-12)
    assert overall["alpha_nominal"]["value"] == pytest.approx(alpha, abs=1e-12)
    assert overall["percent"]["low"] < agreement < overall["percent"]["high"]
    page = people.client("rita").get("/p/helpfulness/agreement/").content.decode()
    assert f'<td class="num">{agreement * 100:.1f} %</td>' in page
    assert f'<td class="num">{alpha:.3f}</td>' in page
    assert f"{len(items):,}</dd>" in page
