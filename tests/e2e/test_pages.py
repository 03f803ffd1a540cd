"""Every page, light and dark, on a desk and on a phone: axe finds nothing and nothing scrolls sideways."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, resolve
from playwright.sync_api import Page

from tests.browser import violations
from tests.e2e.conftest import LogIn
from tests.site import RealSite

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]

WIDTHS = [1280, 390]

# URLs that show no page of their own: what buttons send, files, fragments, and account pages that only a
# link in an e-mail or a second factor opens (tests/e2e/test_account.py).
NO_PAGE = {
    "curation:member-add", "curation:member-change", "curation:import-start", "curation:import-restart",
    "curation:import-issues", "curation:import-preferences-start", "curation:recipe-file",
    "curation:recipe-run", "curation:recipe-preview",
    "curation:comparison-build", "curation:dataset-bias-build", "curation:dataset-freeze",
    "curation:export-create", "curation:export-download",
    "annotators:campaign-start", "annotators:campaign-pause", "annotators:campaign-close",
    "annotators:answer", "annotators:undo", "annotators:label-next", "annotators:label-keep",
    "annotators:label-diff", "annotators:label-switch",
    "annotators:agreement-build", "annotators:campaign-quality-build", "annotators:campaign-count",
    "annotators:campaign-answers-csv", "annotators:campaign-times",
    "annotators:gold-restore", "annotators:gold-retire", "annotators:gold-unanimous",
    "annotators:participation-add", "annotators:participation-admit", "annotators:participation-pause",
    "annotators:participation-resume", "annotators:participation-retry",
    "annotators:review-decide", "annotators:review-reopen", "annotators:review-return",
    "curation:invitation-create", "curation:invitation-revoke", "curation:rater-exclude",
    "curation:rater-include", "curation:prompt-exclude", "curation:prompt-include",
    "curation:cleaning-find-duplicates", "curation:cleaning-keep-one", "curation:cleaning-restore",
    "curation:cleaning-find-neighbours", "curation:cleaning-find-languages",
    "curation:cleaning-exclude-languages",
    "curation:cleaning-find-patterns", "curation:cleaning-exclude-patterns",
    "training:score-judgments", "training:score-rankings",
    "training:job-cancel", "training:job-retry", "training:worker-status", "training:run-metrics",
}  # fmt: skip


# Pages of one's own work, which the annotator's walk below opens.
OWN_PAGES = {"annotators:answer-edit", "curation:invitation"}


def researcher_pages(site: RealSite, world: dict[str, Any]) -> list[str]:
    prompt, pair = site.sql(
        "SELECT p.prompt_id, p.id FROM curation_pair p JOIN curation_prompt q ON q.id = p.prompt_id "
        "WHERE q.project_id = %s ORDER BY p.id LIMIT 1",
        world["project"],
    )[0]
    inside = [
        "", "members/", f"members/{world['anna']}/remove/",
        "prompts/", f"prompts/{prompt}/", "cleaning/", "cleaning/neighbours/", "cleaning/patterns/",
        "cleaning/languages/", "prompts/import/",
        "prompts/import/formats/",
        f"imports/{world['import_draft']}/", f"imports/{world['import_preferences']}/",
        f"imports/{world['import_failed']}/discard/", "pairs/", f"pairs/{pair}/",
        "pairs/build/", "campaigns/", "campaigns/new/", f"campaigns/{world['campaign']}/",
        f"campaigns/{world['campaign']}/guidelines/", f"campaigns/{world['campaign']}/answers/", "work/",
        f"campaigns/{world['campaign']}/quality/", f"pairs/{pair}/gold/", "gold/", f"gold/{world['gold']}/",
        "agreement/", "agreement/help/", "agreement/differ/?first=majority&second=mean_probability",
        f"raters/{world['rater']}/",
        "work/history/", "work/me/", f"campaigns/{world['again']}/people/", "reviews/",
        "reviews/summary/", f"reviews/{world['waiting']}/", f"reviews/{world['decided']}/",
        *[f"campaigns/{world['campaign_worked']}/{page}" for page in ("", "edit/", "preview/")],
        f"label/{world['campaign']}/", "label/settings/",
        "judges/", "judges/new/", f"judges/{world['judge']}/", f"judges/{world['judge']}/verdicts/",
        f"judges/{world['judge']}/run/", "rubrics/", "rubrics/new/", f"rubrics/{world['rubric']}/",
        "recipes/", "recipes/new/", "recipes/compare/",
        f"recipes/{world['recipe']}/", f"recipes/{world['recipe']}/edit/",
        f"recipe-runs/{world['recipe_run']}/", "datasets/", f"datasets/{world['number']}/",
        f"datasets/{world['number']}/dropped/", f"datasets/{world['number']}/bias/",
        f"datasets/{world['number']}/train/", f"datasets/{world['number']}/lineage/",
        f"datasets/{world['number']}/hub/", "datasets/compare/", "formats/",
        "sample/", "score/", "scores/", "estimate/", "embed/",
        "jobs/", f"jobs/{world['job']}/", "runs/", f"runs/{world['run']}/", "models/", "models/new/",
        f"models/{world['model']}/", f"models/{world['model']}/evaluate/",
        "evaluations/", f"evaluations/{world['evaluation']}/",
    ]  # fmt: skip
    return ["/", "/projects/new/", *[f"/p/whole/{path}" for path in inside]]


def narrowed_pages(world: dict[str, Any]) -> list[str]:
    """The same pages with a filter, in another state, or with nothing to show."""
    verdicts = f"judges/{world['judge']}/verdicts/"
    inside = [
        f"imports/{world['import_done']}/", f"imports/{world['import_failed']}/",
        f"imports/{world['import_done']}/discard/", f"imports/{world['import_preferences']}/?read_as=prompts",
        f"imports/{world['import_draft']}/?read_as=trl-explicit",
        f"imports/{world['import_preferences']}/?read_as=columns",
        f"imports/{world['import_draft']}/?read_as=columns",
        f"jobs/{world['failed_job']}/", "jobs/?state=failed",
        "jobs/?state=cancelled", "prompts/?split=eval", "prompts/?excluded=yes",
        f"prompts/{world['excluded']}/", "cleaning/patterns/?kind=email", "cleaning/patterns/?kind=iban",
        "cleaning/languages/?language=none", "cleaning/languages/?contradicts=yes",
        "prompts/?text=nowhere", "pairs/?judged=yes&winner=a",
        "pairs/?judged=no", "pairs/build/?strategy=band&low=3&high=1", "pairs/build/?strategy=edits",
        "pairs/build/?strategy=pareto",
        f"campaigns/{world['campaign']}/answers/?outcome=skip",
        f"{verdicts}?show=flipped", f"{verdicts}?show=unparsed", f"datasets/{world['number']}/?split=train",
        f"datasets/{world['number']}/dropped/?step=0", f"rubrics/new/?from={world['rubric']}",
        f"evaluations/{world['evaluation']}/?show=flip", f"evaluations/{world['evaluation']}/?show=loss",
        f"sample/?model={world['model']}", f"formats/?version={world['number']}",
        "recipes/new/?preset=upo-certain", "recipes/new/?preset=tulu-3",
        "score/?scorer=length_gap&scorer=ches", "recipes/new/?preset=upo-estimator",
        "datasets/compare/?kind=removed", "datasets/compare/?old=2&new=1",
        f"recipe-runs/{world['failed_run']}/",
    ]  # fmt: skip
    lists = [
        "", "members/", "prompts/", "prompts/import/", "pairs/", "pairs/build/", "cleaning/",
        "cleaning/neighbours/", "cleaning/patterns/", "cleaning/languages/",
        "campaigns/", "campaigns/new/", "work/",
        "judges/", "judges/new/", "rubrics/", "recipes/", "recipes/compare/", "datasets/", "runs/", "models/",
        "evaluations/",
        "jobs/", "sample/", "score/", "scores/", "estimate/", "embed/", "formats/",
    ]  # fmt: skip
    return [f"/p/whole/{path}" for path in inside] + [f"/p/empty/{path}" for path in lists]


def look(page: Page, url: str, width: int, status: int = 200) -> list[str]:
    """What is wrong with the page, in words."""
    answer = page.goto(url)
    if answer is None or answer.status != status:
        return [f"status {answer and answer.status}"]
    return faults(page, width)


def look_at_both(page: Page, url: str) -> list[str]:
    """What is wrong with the page on a desk and on a phone, loaded once."""
    page.set_viewport_size({"width": WIDTHS[0], "height": 844})
    wide = look(page, url, WIDTHS[0])
    page.set_viewport_size({"width": WIDTHS[1], "height": 844})
    return wide + [f"{fault} (on a phone)" for fault in faults(page, WIDTHS[1])]


def faults(page: Page, width: int) -> list[str]:
    """What is wrong with the page as it stands."""
    found = []
    over: int = page.evaluate("document.scrollingElement.scrollWidth")
    if over > width:
        found.append(f"{over} px wide")
    return found + violations(page)


def test_every_url_is_walked_or_shows_no_page(site: RealSite, world: dict[str, Any]) -> None:
    pages = researcher_pages(site, world)
    walked = {resolve(path.partition("?")[0]).view_name for path in pages}
    names = {
        f"{resolver.namespace}:{entry.name}"
        for resolver in get_resolver().url_patterns
        if isinstance(resolver, URLResolver) and resolver.namespace
        for entry in flat(resolver.url_patterns)
    }
    assert names - walked == NO_PAGE | OWN_PAGES


def flat(patterns: list[URLPattern | URLResolver]) -> Iterator[URLPattern]:
    for entry in patterns:
        if isinstance(entry, URLResolver):
            yield from flat(entry.url_patterns)
        else:
            yield entry


def test_every_page_of_a_researcher(site: RealSite, world: dict[str, Any], log_in: LogIn) -> None:
    wrong, titles = {}, {}
    with log_in("alice") as page:
        for path in researcher_pages(site, world):
            if found := look_at_both(page, site.url + path):
                wrong[path] = found
            titles[path] = page.title()
    assert wrong == {}
    assert len(set(titles.values())) == len(titles), titles


def test_pages_narrowed_and_empty(site: RealSite, world: dict[str, Any], log_in: LogIn) -> None:
    wrong = {}
    with log_in("alice") as page:
        for path in narrowed_pages(world):
            if found := look_at_both(page, site.url + path):
                wrong[path] = found
    assert wrong == {}


@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_of_an_annotator(site: RealSite, world: dict[str, Any], log_in: LogIn, width: int) -> None:
    with log_in("anna", viewport={"width": width, "height": 844}) as page:
        inside = (
            "work/", "work/history/", "work/me/", "label/settings/", f"label/{world['campaign']}/",
            f"label/assignments/{world['turn']}/edit/",
        )  # fmt: skip
        for path in ("/", f"/invite/{world['secret']}/", *[f"/p/whole/{path}" for path in inside]):
            assert look(page, site.url + path, width) == [], path


def test_five_pairs_by_keyboard(site: RealSite, world: dict[str, Any], log_in: LogIn) -> None:
    mine = (
        "SELECT j.left, j.outcome, j.preference, a.left FROM annotators_assignment a "
        "JOIN curation_judgment j ON j.id = a.judgment_id WHERE a.campaign_id = %s ORDER BY j.id"
    )
    with log_in("anna") as page:
        page.goto(f"{site.url}/p/whole/label/{world['campaign']}/")
        page.keyboard.press("Escape")  # the guidelines open once by themselves
        for number, key in enumerate("12345", start=1):
            page.keyboard.press(key)
            page.get_by_text(f"{number} of ").first.wait_for()
            page.locator("#turn[data-assignment]:not([data-sent])").wait_for()
        page.get_by_text("Saved", exact=True).wait_for()
        answers = site.sql(mine, world["campaign"])
        assert [(outcome, preference) for _, outcome, preference, _ in answers] == [
            ("preferred", 3), ("preferred", 2), ("tie", None), ("preferred", -2), ("preferred", -3),
        ]  # fmt: skip
        assert all(said == shown for said, _, _, shown in answers)
        page.keyboard.press("u")
        page.get_by_text("4 of ").first.wait_for()
