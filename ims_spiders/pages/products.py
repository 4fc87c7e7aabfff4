"""Products and statuses as the search page offers them, and choosing products by what a user typed."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from ims_spiders.exceptions import ConfigurationError
from ims_spiders.pages.text import collapse


@dataclass(frozen=True, slots=True)
class Product:
    """A product: its code on the wire and its name."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Status:
    """A status: its value on the wire and its name."""

    value: str
    label: str


def select_products(products: Sequence[Product], wanted: str) -> list[Product]:
    """The products meant by `wanted`: codes, names or beginnings of names, parted by commas. Empty means all: [].

    A beginning of a name means every product whose name starts so, without regard to case. Raises
    ConfigurationError that names what is unknown and lists what is close to it.
    """
    chosen: list[Product] = []
    for part in filter(None, map(collapse, wanted.split(","))):
        found = [product for product in products if product.code == part] or _by_name(products, part)
        if not found:
            raise ConfigurationError(_unknown(products, part))
        chosen.extend(product for product in found if product not in chosen)
    return chosen


def _by_name(products: Sequence[Product], part: str) -> list[Product]:
    return [product for product in products if _folded(product.name).startswith(_folded(part))]


def _unknown(products: Sequence[Product], part: str) -> str:
    by_folded = {_folded(product.name): product.name for product in products}
    close = [by_folded[name] for name in get_close_matches(_folded(part), by_folded, n=5, cutoff=0.5)]
    if close:
        hint = "did you mean " + ", ".join(close) + "?"
    else:
        hint = "the tracker has " + (", ".join(f"{product.name} ({product.code})" for product in products) or "none")
    return f"unknown product {part!r}; {hint}"


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", collapse(name)).casefold()
