"""`python -m tests.faults.disks KILOBYTES DATA OUT -- …`: `ims crawl` whose data folder lies on a disk of that size.

The disk is a tmpfs in a mount namespace of the process's own, over the folder DATA with what was in it; when the crawl
has ended, what the disk holds is copied to OUT. Where no such namespace can be had it ends with NO_NAMESPACE.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from pathlib import Path

NEW_MOUNTS, NEW_USER = 0x00020000, 0x10000000
PRIVATE = 1 << 18 | 1 << 14
NO_NAMESPACE = 97

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def own_mounts() -> None:
    """Enter namespaces in which this process, of one thread still, may mount. Raises OSError where it is forbidden."""
    user, group = os.getuid(), os.getgid()
    _checked(_libc.unshare(NEW_USER | NEW_MOUNTS))
    Path("/proc/self/setgroups").write_text("deny", "ascii")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1", "ascii")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1", "ascii")
    _checked(_libc.mount(b"none", b"/", None, PRIVATE, None))


def small_disk(folder: Path, kilobytes: int) -> None:
    """Put a disk of that size over a folder; it holds what the folder held. Raises OSError."""
    aside = folder.with_name(f"{folder.name}.aside")
    shutil.copytree(folder, aside)
    _checked(_libc.mount(b"tmpfs", str(folder).encode(), b"tmpfs", 0, f"size={kilobytes}k,mode=0755".encode()))
    shutil.copytree(aside, folder, dirs_exist_ok=True)
    shutil.rmtree(aside)


def main(words: list[str]) -> None:
    """Crawl on the small disk, and bring home what it holds."""
    from tests.faults import start

    kilobytes, data, out = int(words[0]), Path(words[1]), Path(words[2])
    try:
        own_mounts()
        small_disk(data, kilobytes)
    except OSError as error:
        sys.stderr.write(f"no disk of its own: {error}\n")
        sys.exit(NO_NAMESPACE)
    try:
        start.crawl(words[3:])
    finally:
        shutil.copytree(data, out)


if __name__ == "__main__":
    main(sys.argv[1:])
