"""A reader as the environment wants it, and the day it is where the tracker is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from ims_spiders.config import TrackerConfig, load_llm_config
from ims_spiders.query.chat import Chat
from ims_spiders.query.llm import LanguageModel
from ims_spiders.query.reader import QueryReader

LEXICON = "lexicon"


def configured_reader(config: TrackerConfig, products: Iterable[str] = ()) -> QueryReader:
    """A reader with the words in the archive's lexicon folder and the language model of IMS_LLM_URL, if it is set.

    `products` are the tracker's own. Raises ConfigurationError for a wrong variable or a wrong file of words.
    """
    return QueryReader(products, lexicon_dir=config.data_dir / LEXICON, model=_model())


def today_at(config: TrackerConfig) -> date:
    """Today in the tracker's time zone, from which "last week" counts."""
    return datetime.now(ZoneInfo(config.timezone)).date()


def _model() -> LanguageModel | None:
    config = load_llm_config()
    if config.url is None or config.model is None:
        return None
    key = config.api_key.get_secret_value() if config.api_key else None
    return LanguageModel(Chat(config.url, config.model, key, config.timeout))
