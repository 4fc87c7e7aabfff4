"""Draws one issue: its fields, description, attachments, and what happened to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from ims_spiders.demo.world import activity, bodies, catalog, filenames
from ims_spiders.demo.world.model import File, Issue, PatchKey, Rich, Stamp, Value
from ims_spiders.demo.world.people import engineer, reporter
from ims_spiders.demo.world.texts import phrases
from ims_spiders.demo.world.texts.scenario import LANGUAGES, Scenario, slots


@dataclass(frozen=True, slots=True)
class Numbers:
    """Where comments and files get their numbers from: unique in the whole world."""

    comment: Callable[[], int]
    file: Callable[[], str]
    file_place: Callable[[], int]


def draw_issue(seed: str, issue_id: int, moment: datetime, scenario: Scenario, numbers: Numbers) -> Issue:
    """An issue that is the same for the same arguments (as long as `numbers` counts the same)."""
    rng = Random(f"{seed}:{issue_id}")
    product = catalog.PRODUCT_BY_CODE[rng.choice(scenario.products)]
    language = rng.choice((*LANGUAGES, "ko"))
    words = slots(
        rng, scenario.code, rng.choice(product.modules), f"v{rng.choice('67')}.{rng.randrange(4)}.0.{rng.randrange(9)}"
    )
    subject = rng.choice(scenario.tellings[language].subjects).format_map(words)
    subject += rng.choice(("", "", "", "", " 문의", "【至急】", ' <urgent> & "open"', " - can't wait", " (2nd)"))
    issue = Issue(
        issue_id,
        subject,
        product,
        rng.choice(catalog.STATUSES),
        Stamp(moment, rng.choice("///-."), with_time=rng.random() > 0.1),
        language,
        scenario.name,
    )
    project = rng.choice(catalog.PROJECTS)
    issue.fields = _fields(rng, issue, words, project)
    issue.patch_key = PatchKey(project[2], project[4], product.code, project[1], project[3])
    issue.opens_with_heading = rng.random() < 0.2
    issue.description = _description(rng, issue, scenario, words)
    issue.files = _files(rng, issue, scenario, words, numbers)
    activity.comments(rng, issue, scenario, words, numbers.comment)
    activity.history(rng, issue)
    return issue


def _description(rng: Random, issue: Issue, scenario: Scenario, words: dict[str, str]) -> Rich:
    rich = Rich()
    telling = scenario.tellings[issue.language]
    bodies.paragraph(rich, rng, rng.choice(phrases.GREETINGS[issue.language]))
    symptoms = [line.format_map(words) for line in telling.symptoms]
    if rng.random() < 0.3:
        bodies.bullet_list(rich, rng, symptoms)
    else:
        for line in symptoms:
            bodies.paragraph(rich, rng, line)
    if rng.random() < 0.45:
        bodies.trace(rich, [line.format_map(words) for line in scenario.trace])
    if rng.random() < 0.35:
        bodies.table(rich, rng, issue.language, words)
    for number in range(rng.choice((0, 0, 0, 1, 1, 2))):
        bodies.image(rich, rng, issue.issue_id, number)
    if rng.random() < 0.06:
        bodies.data_image(rich, rng)
    if rng.random() < 0.3:
        bodies.contact(rich, issue.language, reporter(rng, issue.language))
    bodies.paragraph(rich, rng, rng.choice(phrases.CLOSINGS[issue.language]))
    return rich


def _fields(
    rng: Random, issue: Issue, words: dict[str, str], project: tuple[str, str, str, str, str]
) -> dict[str, Value]:
    """What the page prints. Everything but the subject can be missing, and the order varies."""
    people: dict[str, Value] = {"Reporter": reporter(rng, issue.language)}
    people |= {label: engineer(rng) for label in ("Owner", "Handler", "Manager")}
    later = Stamp(
        issue.registered.moment + timedelta(days=rng.randrange(3, 60)), rng.choice("///-."), rng.random() > 0.4
    )
    every: dict[str, Value] = {
        "Subject": issue.subject,
        "Category": rng.choice(catalog.CATEGORIES),
        "Product": issue.product.name,
        "Version": words["version"],
        "Module": words["module"],
        "Build No": f"B{rng.randrange(100, 999)}",
        "Patch No": str(rng.randrange(1, 4000)),
        "Status": issue.status,
        "Priority": rng.choice(catalog.PRIORITIES),
        "Severity": rng.choice(catalog.SEVERITIES),
        "Error Code": words["code"],
        "Bug Number": str(rng.randrange(10000, 99999)),
        **people,
        "Registered date": issue.registered,
        "Date of final order": later,
        "Project": project[1],
        "Project Code": project[2],
        "Site": project[3],
        "Customer": project[0],
        "Patch Version": f"{words['version']}_p{rng.randrange(1, 20)}",
        "Found Version": words["version"],
        "Fixed Version": words["version"] + ".1",
        "Target Version": rng.choice(("v7.2", "v8.0", "TBD")),
    }
    if issue.status in catalog.CLOSED:
        every["Closed Date"] = later
    if rng.random() < 0.06:
        return {"Subject": issue.subject}
    kept = {label: value for label, value in every.items() if label == "Subject" or rng.random() > 0.15}
    for label in kept:
        if label != "Subject" and rng.random() < 0.04:
            kept[label] = ""
    if rng.random() < 0.4:
        labels = list(kept)
        rng.shuffle(labels)
        kept = {label: kept[label] for label in labels}
    return kept


def _files(rng: Random, issue: Issue, scenario: Scenario, words: dict[str, str], numbers: Numbers) -> list[File]:
    day = issue.registered.moment.strftime("%Y%m%d")
    topic = tuple(line.format_map(words) for line in (*scenario.tellings[issue.language].symptoms, *scenario.trace))
    files: list[File] = []

    def add(recipe: str, kind: str = "ISSUE", name: str = "") -> None:
        file_id = numbers.file()
        name = name or filenames.filename(rng, recipe, day, numbers.file_place())
        files.append(
            File(file_id, "PATCH" if kind == "PATCH" else "ISSUE", name, recipe, f"{issue.issue_id}:{file_id}", topic)
        )

    for _ in range(rng.choice((0, 0, 0, 0, 1, 1, 1, 2, 3))):
        add(rng.choice(filenames.RECIPES))
    if files and rng.random() < 0.12:
        add(files[0].recipe, name=files[0].filename)
    if rng.random() < 0.01:
        add("biglog")
    if rng.random() < 0.1:
        add("patch", "PATCH")
    return files


def with_issue_heading(issue: Issue) -> str:
    """The HTML of the description as the page shows it."""
    if not issue.opens_with_heading:
        return issue.description.html
    heading = "<p><b>Issue Description</b></p>\n" if issue.issue_id % 2 else "Issue Description<br/>\n"
    return heading + issue.description.html
