"""`python -m ims_spiders.daemon.split`: a large crawl as many jobs, by product or by ranges of issue numbers."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ims_spiders.daemon.configuration import CONF_VARIABLE
from ims_spiders.daemon.node import Node, this_node
from ims_spiders.daemon.services import refused_job
from ims_spiders.exceptions import ConfigurationError, ImsError
from ims_spiders.spiders.arguments import parse_arguments

HIGHEST = 999_999_999_999
"""Issue numbers have up to twelve digits."""
MOST_IN_ONE = 1000
"""Numbers a job at most: each of them is a word of the search."""


@dataclass(frozen=True, slots=True)
class Part:
    """One of the jobs: its name and the spider's arguments."""

    job: str
    arguments: dict[str, str]


def by_product(name: str, products: str, arguments: dict[str, str]) -> list[Part]:
    """A job for each of the products, which are separated by commas. Raises ConfigurationError when two are one."""
    wanted = [product.strip() for product in products.split(",") if product.strip()]
    for product in wanted:
        # `OpenFrame` means every product that begins so: its issues would be fetched twice.
        twice = [other for other in wanted if other.casefold().startswith(product.casefold())]
        if len(twice) > 1:
            raise ConfigurationError(f"{', '.join(twice)}: one of them covers the other; name each product once")
    return [Part(f"{name}-{number}", {**arguments, "product": product}) for number, product in enumerate(wanted, 1)]


def by_numbers(name: str, first: int, last: int, size: int, arguments: dict[str, str]) -> list[Part]:
    """A job for each `size` issue numbers from `first` to `last`. A number in which there is no issue costs nothing.

    Raises ConfigurationError for a range that is none, or when there is a query already.
    """
    if not 1 <= first <= last <= HIGHEST:
        raise ConfigurationError(f"numbers {first}-{last}: must go from a smaller number to a larger one")
    if not 1 <= size <= MOST_IN_ONE:
        raise ConfigurationError(f"size {size}: must be between 1 and {MOST_IN_ONE}")
    if arguments.get("query"):
        raise ConfigurationError("a range of numbers is a query of its own; leave query=… out")
    parts = []
    for start in range(first, last + 1, size):
        end = min(start + size - 1, last)
        query = " ".join(map(str, range(start, end + 1)))
        # Every one of them is a hit: there are no others to stop at.
        parts.append(Part(f"{name}-{start}-{end}", {**arguments, "query": query, "max_results": "0"}))
    return parts


def schedule(node: Node, project: str, parts: list[Part], settings: dict[str, str], priority: float) -> Iterator[str]:
    """Put the jobs into the line of all nodes; their names, one by one.

    Those that wait or run already are left as they are, so that what was broken off can be repeated. Raises
    ConfigurationError for arguments that the spider does not know, QueueUnavailable.
    """
    for part in parts:
        parse_arguments(part.arguments)
        refusal = refused_job(part.job, settings)
        if refusal:
            raise ConfigurationError(refusal)
    active = {row.job for row in node.queue.listed("pending", "running") if row.project == project}
    for part in parts:
        if part.job not in active:
            node.add(project, "ims", part.job, priority, {**part.arguments, "settings": settings})
            yield part.job


def main(given: list[str] | None = None) -> int:
    """Schedule; a JSON object with `project` and `jobs` on stdout. Returns 0, or 1 or 2 with one line on stderr."""
    options = _parser().parse_args(given)
    try:
        parts, settings = _parts(options), _pairs(options.settings)
        os.environ.setdefault(CONF_VARIABLE, str(options.config.absolute()))
        jobs = list(schedule(this_node(), options.project, parts, settings, options.priority))
    except ImsError as error:
        sys.stderr.write(f"Error: {error}\n")
        return 2 if isinstance(error, ConfigurationError) else 1
    sys.stdout.write(json.dumps({"project": options.project, "jobs": jobs}) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ims_spiders.daemon.split", description=__doc__)
    parser.add_argument("--name", required=True, help="what the jobs' names begin with")
    parser.add_argument("--numbers", metavar="FIRST-LAST", help="split this range of issue numbers")
    parser.add_argument("--size", type=int, default=100, help="numbers a job (default: %(default)s)")
    parser.add_argument("-a", dest="arguments", action="append", default=[], metavar="NAME=VALUE", help="of the spider")
    parser.add_argument("-s", dest="settings", action="append", default=[], metavar="NAME=VALUE", help="of Scrapy")
    parser.add_argument("--priority", type=float, default=0.0, help="higher is earlier (default: %(default)s)")
    parser.add_argument("--project", default="default", help="default: what is installed")
    parser.add_argument("--config", type=Path, default=Path("deploy/scrapyd-cluster.conf"), metavar="FILE")
    return parser


def _parts(options: argparse.Namespace) -> list[Part]:
    arguments = _pairs(options.arguments)
    if options.numbers is None:
        if "," not in arguments.get("product", ""):
            raise ConfigurationError("nothing to split: give --numbers FIRST-LAST, or -a product=ONE,OTHER,…")
        return by_product(options.name, arguments.pop("product"), arguments)
    found = re.fullmatch(r"([0-9]+)-([0-9]+)", options.numbers)
    if found is None:
        raise ConfigurationError(f"--numbers {options.numbers}: must be FIRST-LAST, such as 348000-348999")
    return by_numbers(options.name, int(found[1]), int(found[2]), options.size, arguments)


def _pairs(given: list[str]) -> dict[str, str]:
    for pair in given:
        if "=" not in pair:
            raise ConfigurationError(f"{pair!r}: must be NAME=VALUE")
    return dict(pair.split("=", 1) for pair in given)


if __name__ == "__main__":
    sys.exit(main())
