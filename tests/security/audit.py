"""`python -m tests.security.audit`: whether a locked package has a known vulnerability. A look that saw nothing fails.

pip-audit by itself ends well where its service is not reached by way of a mirror: it then skips every package.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PIP_AUDIT = Path(sys.executable).with_name("pip-audit")
SECONDS = 600
ELSEWHERE = "run `.venv/bin/python -m tests.security.audit` where https://pypi.org is reached"


def verdict(found: dict[str, Any]) -> tuple[bool, list[str]]:
    """Whether all is well, and what to tell, of pip-audit's answer in JSON (`--format json`)."""
    packages = found["dependencies"]
    unseen = [one["name"] for one in packages if "skip_reason" in one]
    lines = [
        f"{one['name']} {one['version']}: {flaw['id']}, mended in {', '.join(flaw['fix_versions']) or 'no version yet'}"
        for one in packages
        for flaw in one.get("vulns", [])
    ]
    if len(unseen) == len(packages):
        return False, [f"Nothing was audited: the service knows none of {len(packages)} packages; {ELSEWHERE}."]
    if unseen:
        lines.append(f"Not audited, since the service does not know them: {', '.join(sorted(unseen))}; {ELSEWHERE}.")
    return not lines, lines or [f"None of {len(packages)} locked packages has a known vulnerability."]


def audit(lock: Path) -> tuple[bool, list[str]]:
    """Ask for each package of a lock file."""
    command = [str(PIP_AUDIT), "--requirement", str(lock), "--require-hashes", "--disable-pip", "--format", "json"]
    try:
        done = subprocess.run(
            [*command, "--progress-spinner", "off"], capture_output=True, text=True, timeout=SECONDS, check=False
        )
        return verdict(json.loads(done.stdout))
    except subprocess.TimeoutExpired:
        return False, [f"Nothing was audited: no end after {SECONDS} s; {ELSEWHERE}."]
    except (ValueError, KeyError):
        said = done.stderr.strip().splitlines()
        return False, [*said[-1:], f"Nothing was audited: the service could not be reached; {ELSEWHERE}."]


def main() -> int:
    """Returns 0 when every package was looked at and none has a known vulnerability."""
    well, lines = audit(ROOT / "requirements.lock")
    (sys.stdout if well else sys.stderr).write("\n".join(lines) + "\n")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
