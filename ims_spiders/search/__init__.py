"""Search over the archive: the query as people ask it, the database's best answers, and the places that say why."""

from ims_spiders.search.find import find, similar
from ims_spiders.search.model import Filters, Hit, SearchResult

__all__ = ["Filters", "Hit", "SearchResult", "find", "similar"]
