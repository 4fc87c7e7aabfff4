"""No secret reaches the log, whoever wrote the message and however."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ims_spiders.extensions.logfile import Redaction


def record(message: str, *arguments: object) -> logging.LogRecord:
    return logging.LogRecord("test", logging.INFO, __file__, 1, message, arguments, None)


@pytest.mark.parametrize(
    ("message", "clean"),
    [
        ("login with s3cret!", "login with ***"),
        ("Cookie: JSESSIONID=ABC123; path=/tody", "Cookie: ***"),
        ("GET /tody/a.do;jsessionid=ABC?x=1", "GET /tody/a.do;jsessionid=***"),
        ("id=kim&password=hunter2&x=1", "id=kim&password=***&x=1"),
        ("postgresql://me:pw@db.example.com/ims", "postgresql://me:***@db.example.com/ims"),
        ("http://127.0.0.1:8000/tody/main.do", "http://127.0.0.1:8000/tody/main.do"),
    ],
)
def test_examples(message: str, clean: str) -> None:
    assert Redaction(["s3cret!"]).clean(message) == clean


@given(st.text(), st.text(min_size=4).filter(lambda secret: "*" not in secret), st.text())
def test_a_known_secret_never_passes(before: str, secret: str, behind: str) -> None:
    entry = record("%s%s%s", before, secret, behind)
    assert Redaction([secret]).filter(entry)
    assert secret not in entry.getMessage()


def test_tracebacks_are_cleaned_too() -> None:
    try:
        raise ValueError("refused: s3cret!")
    except ValueError as error:
        entry = record("failed")
        entry.exc_info = (type(error), error, error.__traceback__)
    Redaction(["s3cret!"]).filter(entry)
    assert entry.exc_text is not None
    assert "s3cret!" not in logging.Formatter().format(entry)
