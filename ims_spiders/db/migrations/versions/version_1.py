"""The first version, as scripts 02 and 03 alone made it: what the revisions start from."""

from __future__ import annotations

revision = "1"
down_revision = None


def upgrade() -> None:
    """Nothing to do: whoever gets here has it."""
