"""A job of the queue of all nodes: holds its lease while it crawls, goes on with what an earlier attempt has begun."""

from __future__ import annotations

import logging
from collections.abc import Callable

from ims_spiders.config import load_database_config, load_tracker_config
from ims_spiders.daemon.node import Ticket
from ims_spiders.db.files import find_session
from ims_spiders.db.jobs import JobQueue, open_queue
from ims_spiders.db.lease import Lease
from ims_spiders.exceptions import ConfigurationError, LeaseLost
from ims_spiders.extensions.job import hold_lease

logger = logging.getLogger(__name__)

INTERRUPTED = 7


def run_leased(ticket: Ticket, crawl: Callable[[Lease, dict[str, str]], int]) -> int:
    """Crawl under the ticket's lease. `crawl` gets it, and the arguments to have in addition; it returns the exit code.

    Returns the exit code, 7 when another node has the job by now. Raises ConfigurationError for wrong settings.
    """
    queue = open_queue(load_database_config(), load_tracker_config().data_dir)
    lease = Lease(queue, ticket.job_id, ticket.token, ticket.seconds)
    try:
        lease.begin()
    except LeaseLost as error:
        logger.error("%s", error)
        return INTERRUPTED
    hold_lease(lease)
    try:
        code, more = begun(queue, ticket.session_uuid)
        if code is None:
            code = crawl(lease, more)
        lease.end(code, ticket.retry_seconds)
    finally:
        hold_lease(None)
    return code


def begun(queue: JobQueue, session_uuid: str | None) -> tuple[int | None, dict[str, str]]:
    """What an earlier attempt has left: the exit code if it was done, else the argument to go on with it.

    Of a session whose files are on another machine the database knows whether it was done; else the job begins anew.
    """
    if session_uuid is None:
        return None, {}
    try:
        folder = find_session(load_tracker_config().data_dir, session_uuid)
        record = folder.read_session()
    except ConfigurationError:
        return queue.session_exit(session_uuid), {}
    if record.get("status") == "completed":
        logger.info("Session %s is complete: an earlier attempt did not live to say so", session_uuid)
        return int(record["exit_code"]), {}
    if folder.is_locked():
        logger.warning("Session %s is still being written by an earlier attempt; to be tried again", session_uuid)
        return INTERRUPTED, {}
    return None, {"resume": session_uuid}
