"""In which order files become durable: no final name before the content, no issue before its attachments."""

from __future__ import annotations

import hashlib
import json
import threading
from pathlib import Path


class Order:
    """Is told what happened, and notes in `wrong` what came too early."""

    def __init__(self, data: str):
        self.wrong: list[str] = []
        self._data = Path(data)
        self._durable: dict[str, str] = {}
        """Hashes of contents that are on the disk, by the path that they had then."""
        self._dirty: set[str] = set()
        """Files and folders whose entries in their folders are not on the disk yet."""
        self._lock = threading.Lock()

    def synced(self, path: str) -> None:
        """A file's content, or a folder's entries, are on the disk."""
        with self._lock:
            if Path(path).is_dir():
                self._dirty = {one for one in self._dirty if str(Path(one).parent) != path}
            else:
                self._durable[path] = _hash(Path(path).read_bytes())

    def made(self, path: str) -> None:
        """A folder is there, not for certain yet."""
        with self._lock:
            self._dirty.add(path)

    def renames(self, source: str, target: str) -> None:
        """A file is about to get its final name."""
        with self._lock:
            content = Path(source).read_bytes()
            if self._durable.get(source) != _hash(content):
                self.wrong.append(f"{target} gets its name before its content is durable")
            self._durable[target] = _hash(content)
            if Path(target).parent.name == "issues":
                self._check_attachments(target, json.loads(content))

    def renamed(self, target: str) -> None:
        """It has it."""
        with self._lock:
            self._dirty.add(target)

    def _check_attachments(self, target: str, issue: dict[str, list[dict[str, str]]]) -> None:
        for one in issue["attachments"]:
            if not one["downloaded"]:
                continue
            path = self._data / one["file_path"]
            known = self._durable.get(str(path), one["sha256"] if path.exists() else None)
            if known != one["sha256"]:
                self.wrong.append(f"{target} comes before {path}")
            for entry in (path, path.parent, path.parent.parent):
                if str(entry) in self._dirty:
                    self.wrong.append(f"{target} comes before the entry of {entry} is durable")


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
