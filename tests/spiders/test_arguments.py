"""Arguments of the spider: what is taken, what is refused and how that is said."""

from __future__ import annotations

import pytest

from ims_spiders.exceptions import ConfigurationError
from ims_spiders.spiders.arguments import parse_arguments


def test_defaults() -> None:
    arguments = parse_arguments({})
    assert (arguments.max_results, arguments.related, arguments.max_depth, arguments.refresh) == (100, True, 1, "all")
    assert arguments.follow_depth == 1


def test_strings_from_the_command_line() -> None:
    arguments = parse_arguments(
        {"product": "OpenFrame", "max_results": "50", "related": "0", "max_depth": "2", "database": "1", "user": "kim"}
    )
    assert arguments.max_results == 50
    assert arguments.follow_depth == 0
    assert arguments.database is True


def test_arguments_of_scrapyd_are_left_alone() -> None:
    assert parse_arguments({"_job": "abc", "_version": "1"}) == parse_arguments({})


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"prodct": "OpenFrame"}, "prodct"),
        ({"max_results": "many"}, "max_results"),
        ({"max_results": "-1"}, "max_results"),
        ({"refresh": "some"}, "refresh"),
        ({"related": "maybe"}, "related"),
        ({"resume": "../../etc"}, "resume"),
    ],
)
def test_wrong_arguments_are_refused_by_name(given: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        parse_arguments(given)


def test_an_unknown_argument_says_which_are_known() -> None:
    with pytest.raises(ConfigurationError, match="max_depth"):
        parse_arguments({"depth": "2"})
