"""Invented people: everybody who reports, owns, handles and comments."""

from __future__ import annotations

from random import Random

from ims_spiders.demo.world.model import Person

_NAMES: tuple[tuple[str, str], ...] = (
    ("가온서", "onseo.ga"), ("나라별", "byeol.na"), ("도담이", "dami.do"), ("라온우", "onwoo.ra"),
    ("마루한", "han.maru"), ("보듬채", "chae.bo"), ("사랑별", "star.sarang"), ("아람결", "gyeol.aram"),
    ("조은솔", "sol.jo"), ("차오름", "oreum.cha"), ("하늘빛", "bit.haneul"), ("민들레", "deulle.min"),
    ("Garam Testman", "garam.testman"), ("Nuri Sample", "nuri.sample"), ("Dami Example", "dami.example"),
    ("青井 架空", "kaku.aoi"), ("緑川 試子", "tameshiko.midori"), ("星野 仮名", "kamei.hoshino"),
    ("サンプル 花子", "hanako.sample"), ("Aoi Kakuu", "aoi.kakuu"),
    ("Avery Placeholder", "avery.placeholder"), ("Blake Fixture", "blake.fixture"), ("Casey O'Mock", "casey.omock"),
    ("Devon Mockingham", "devon.mockingham"), ("Emery St. Dummy", "emery.st-dummy"), ("Finley Stub-Lorem", "f.lorem"),
)  # fmt: skip

PEOPLE: tuple[Person, ...] = tuple(
    Person(name, f"{local}@example.com", spaced=number % 3 != 1) for number, (name, local) in enumerate(_NAMES)
)
_BY_LANGUAGE: dict[str, tuple[Person, ...]] = {
    "ko": PEOPLE[:15],
    "ja": PEOPLE[15:20],
    "en": PEOPLE[20:],
    "mixed": PEOPLE,
}


def reporter(rng: Random, language: str) -> Person:
    """Somebody who writes in that language."""
    return rng.choice(_BY_LANGUAGE[language])


def engineer(rng: Random) -> Person:
    """Somebody who works on issues."""
    return rng.choice(PEOPLE)
