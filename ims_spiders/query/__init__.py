"""What people ask, as IMS takes it: its syntax as it stands, and sentences in English, Korean and Japanese."""

from ims_spiders.query.doubts import SURE_ENOUGH
from ims_spiders.query.reader import QueryReader
from ims_spiders.query.reading import Reading

__all__ = ["SURE_ENOUGH", "QueryReader", "Reading"]
