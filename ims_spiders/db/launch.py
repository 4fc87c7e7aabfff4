"""Starts a PostgreSQL program, detached and never as root. Not imported: a script that the interpreter runs isolated.

PostgreSQL refuses to run as root. When root starts it, it is put into a user namespace in which root's own id bears
another name: files stay root's, no account is created, and no folder has to be opened to others. Where the kernel or
a container forbids that, it runs as an account of its own, with the one capability that lets it reach a data folder
below a closed one where it lies below one. Only the standard library is used.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import subprocess
import sys
from pathlib import Path

CLONE_NEWUSER = 0x10000000
PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 47, 2
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522


def main(arguments: list[str]) -> None:
    """Run `[--detach LOG] PROGRAM ARGUMENT…`; detached, the child's pid is printed and this process ends."""
    if arguments[0] == "--detach":
        log, command = arguments[1], arguments[2:]
        _detach(Path(log))
    else:
        command = arguments
    if os.geteuid() == 0:
        become_unprivileged(Path.cwd(), Path(command[0]))
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted here


def _detach(log: Path) -> None:
    """Go on in a grandchild that is the leader of its own session, so that no one waits for or signals it."""
    child = os.fork()
    if child:
        print(child, flush=True)  # noqa: T201 - the caller reads it
        os._exit(0)
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for target, source in ((0, null), (1, output), (2, output)):
        os.dup2(source, target)


def become_unprivileged(folder: Path, program: Path) -> None:
    """Stop being root for the program that comes next; `folder` and what is in it will belong to it."""
    account = service_account()
    libc = ctypes.CDLL(None, use_errno=True)
    if namespaces_allowed():
        group = os.getegid()
        own(folder, 0, group)
        libc.unshare(CLONE_NEWUSER)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{account.pw_uid} 0 1")
        Path("/proc/self/gid_map").write_text(f"{account.pw_gid} {group} 1")
        return
    own(folder, account.pw_uid, account.pw_gid)
    libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
    if not (os.access(program, os.X_OK) and os.access(folder, os.R_OK | os.W_OK | os.X_OK)):
        _keep_access(libc)


def service_account() -> pwd.struct_passwd:
    """The account whose name the server bears: `postgres` where there is one, else `nobody`, else any but root."""
    accounts = {entry.pw_name: entry for entry in pwd.getpwall() if entry.pw_uid != 0}
    for name in ("postgres", "nobody"):
        if name in accounts:
            return accounts[name]
    if not accounts:
        raise SystemExit("there is no account but root; create one with `useradd --system postgres`")
    return next(iter(accounts.values()))


def namespaces_allowed() -> bool:
    """Whether this kernel and container let us enter a user namespace; tried in a child, as there is no way back."""
    code = (
        "import ctypes, sys; from pathlib import Path\n"
        f"if ctypes.CDLL(None).unshare({CLONE_NEWUSER}): sys.exit(1)\n"
        "Path('/proc/self/setgroups').write_text('deny')\n"
        "Path('/proc/self/uid_map').write_text('65534 0 1')\n"
    )
    probe = subprocess.run([sys.executable, "-I", "-c", code], check=False, capture_output=True)
    return probe.returncode == 0


def own(folder: Path, uid: int, gid: int) -> None:
    """Give the folder and everything in it to the account; links are not followed."""
    for path in (folder, *folder.rglob("*")):
        status = path.lstat()
        if (status.st_uid, status.st_gid) != (uid, gid):
            os.lchown(path, uid, gid)


def _keep_access(libc: ctypes.CDLL) -> None:
    """Keep the right to pass closed folders, if this process had it: the data may lie below root's home."""
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    bit = 1 << CAP_DAC_OVERRIDE
    sets = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
    if libc.capset(header, sets) == 0:
        libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)


if __name__ == "__main__":
    main(sys.argv[1:])
