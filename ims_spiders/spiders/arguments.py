"""The spider's arguments (`-a name=value`): their types, defaults and what is refused."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from ims_spiders.exceptions import ConfigurationError

Refresh = Literal["all", "changed", "missing"]


def _switch(value: Any) -> Any:
    """Accept the ways people write a switch on a command line."""
    text = str(value).strip().lower()
    return {
        "1": True,
        "yes": True,
        "true": True,
        "on": True,
        "0": False,
        "no": False,
        "false": False,
        "off": False,
    }.get(text, value)


Switch = Annotated[bool, BeforeValidator(_switch)]


class SpiderArguments(BaseModel):
    """What a crawl is asked to do.

    `product`: name, beginning of one, code, or a comma-separated list; empty means all, or those that the query names.
    `query`: IMS syntax or a sentence; empty means everything. `max_results`: hits of the search, 0 means all; related
    issues come on top, whatever the query says of statuses and days. `max_depth`: how far from a hit they are
    followed. `refresh`: `all` fetches everything again, `changed` asks for every page but not again for attachments
    that are stored, `missing` fetches only what no session has stored. `resume`: uuid of the session to go on with, or
    `last`. `database`: instead of USE_DATABASE.
    """

    model_config = ConfigDict(extra="forbid")

    product: str = ""
    query: str = ""
    max_results: int = Field(default=100, ge=0)
    related: Switch = True
    max_depth: int = Field(default=1, ge=0, le=20)
    user: str | None = None
    refresh: Refresh = "all"
    resume: str | None = None
    database: Switch | None = None

    @field_validator("resume")
    @classmethod
    def _resume_is_a_name(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[\w.-]+", value):
            raise ValueError("must be a session's uuid or `last`")
        return value or None

    @property
    def follow_depth(self) -> int:
        """How far related issues are followed; 0 when they are not."""
        return self.max_depth if self.related else 0


def parse_arguments(given: dict[str, Any]) -> SpiderArguments:
    """Check the `-a` arguments; those that begin with `_` (Scrapyd passes `_job`) are not ours and left alone.

    Raises ConfigurationError that names each unknown or wrong argument and what would be right.
    """
    own = {name: value for name, value in given.items() if not name.startswith("_")}
    try:
        return SpiderArguments.model_validate(own)
    except ValidationError as error:
        raise ConfigurationError("\n".join(_explain(problem) for problem in error.errors())) from error


def _explain(problem: Any) -> str:
    name = str(problem["loc"][0]) if problem["loc"] else "arguments"
    if problem["type"] == "extra_forbidden":
        known = ", ".join(SpiderArguments.model_fields)
        return f"unknown argument {name!r}; the spider knows {known}"
    return f"argument {name}={problem['input']!r}: {problem['msg']}"
