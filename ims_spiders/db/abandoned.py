"""Sessions that say `running` and that nobody writes any more: their process was killed."""

from __future__ import annotations

from pathlib import Path

from ims_spiders.db.files import SessionFolder, session_folders
from ims_spiders.exceptions import ConfigurationError, SessionBusy


def interrupt_abandoned(data_dir: Path) -> list[SessionFolder]:
    """Mark sessions that say `running` and that nobody writes as `interrupted`: their process was killed.

    Returns their folders. `ims crawl --resume` goes on with any of them. Raises StorageError.
    """
    return [folder for folder in session_folders(data_dir) if _says_running(folder) and _interrupt(folder)]


def _says_running(folder: SessionFolder) -> bool:
    try:
        return folder.read_session().get("status") == "running"
    except (ConfigurationError, OSError):
        # Whoever asks for it is told; a new crawl has nothing to do with it.
        return False


def _interrupt(folder: SessionFolder) -> bool:
    """Under its lock, so that nobody goes on with it meanwhile; what it says is read again for the same reason."""
    try:
        folder.lock()
    except SessionBusy:
        return False
    try:
        if not _says_running(folder):
            return False
        folder.write_session({**folder.read_session(), "status": "interrupted", "close_reason": "killed"})
        return True
    finally:
        folder.unlock()
