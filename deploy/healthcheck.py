"""Whether the Scrapyd of this machine answers: exit code 0, or 1 with a line that says why not.

Asked without the password: to be refused is an answer, too.
"""

from __future__ import annotations

import os
import sys
from http.client import HTTPConnection, HTTPException

SECONDS = 5


def main() -> int:
    """Ask once. SCRAPYD_HTTP_PORT says on which port, as it does for Scrapyd."""
    connection = HTTPConnection("127.0.0.1", int(os.environ.get("SCRAPYD_HTTP_PORT") or 6800), timeout=SECONDS)
    try:
        connection.request("GET", "/daemonstatus.json")
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        sys.stderr.write(f"Scrapyd does not answer: {error}\n")
        return 1
    finally:
        connection.close()
    if status in {200, 401}:
        return 0
    sys.stderr.write(f"Scrapyd answers with status {status}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
