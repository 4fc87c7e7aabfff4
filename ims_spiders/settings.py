"""Scrapy's settings for this project: each of our own with who uses it, each override with Scrapy's default and why."""

from __future__ import annotations

import os

# Scrapy imports it deep inside the start of a crawl, where it looks up the module of every caller: 0.3 s of processor.
import scrapy.core.downloader.contextfactory  # noqa: F401

from ims_spiders.extensions.logfile_first import watch_log

BOT_NAME = "ims_spiders"
SPIDER_MODULES = ["ims_spiders.spiders"]
NEWSPIDER_MODULE = "ims_spiders.spiders"

# --- What the crawl is made of -----------------------------------------------------------------------------------

# Both schemes go through one gate; only the one that the tracker uses ever starts a browser.
DOWNLOAD_HANDLERS = {
    "http": "ims_spiders.middlewares.download_handler.TrackerDownloadHandler",
    "https": "ims_spiders.middlewares.download_handler.TrackerDownloadHandler",
    # Links of issues must never read local files or other services.
    "file": None,
    "ftp": None,
    "s3": None,
}

DOWNLOADER_MIDDLEWARES = {
    # Scrapy's own retries repeat at once and do not know Retry-After.
    "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
    "ims_spiders.middlewares.politeness.PoliteRetryMiddleware": 550,
    # Behind the retries: what it sees is the answer that is handed on.
    "ims_spiders.middlewares.unmarked.UnmarkedEndMiddleware": 540,
    # Nearer to the tracker than RedirectMiddleware (600): a redirect to the login page is an expired session.
    "ims_spiders.middlewares.session.SessionMiddleware": 650,
    # Default 590, where SessionMiddleware would not know a packed login form for one.
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": 660,
    # Between the one that unpacks answers and the first one that reads them.
    "ims_spiders.middlewares.charset.CharsetMiddleware": 655,
    # Nearer than CookiesMiddleware (700): a browser page gets the cookies as they are then.
    "ims_spiders.middlewares.render.RenderMiddleware": 750,
}

# In the order in which an issue passes them.
ITEM_PIPELINES = {
    "ims_spiders.pipelines.validate.ValidationPipeline": 100,
    "ims_spiders.pipelines.attachments.AttachmentsPipeline": 200,
    "ims_spiders.pipelines.text.TextPipeline": 300,
    "ims_spiders.pipelines.files.FilesPipeline": 400,
    "ims_spiders.pipelines.database.DatabasePipeline": 500,
}

# The session first: the others ask for it.
EXTENSIONS = {
    "ims_spiders.extensions.session.CrawlSession": 10,
    "ims_spiders.extensions.logfile.SessionLog": 20,
    "ims_spiders.extensions.errors.ErrorLog": 30,
    "ims_spiders.extensions.progress.Progress": 40,
    "ims_spiders.extensions.unlisted.UnlistedIssues": 50,
    "ims_spiders.extensions.pages.PageLog": 60,
    "ims_spiders.extensions.metrics.CrawlFigures": 70,
    "ims_spiders.extensions.monitors.Monitors": 80,
    # Defaults that are switched off below; importing it brings an HTTP server.
    "scrapy.extensions.remote_control.RemoteControl": None,
}

# Nearest to the spider: it sees what becomes of each answer there. Neither is made unless IMS_LOG_PAGES asks for it.
SPIDER_MIDDLEWARES = {"ims_spiders.extensions.pages.PageReading": 950}

# Scrapy's exporters write times without their offset; these write issues as their files hold them.
FEED_EXPORTERS = {
    "jsonlines": "ims_spiders.extensions.feed.IssueLinesExporter",
    "jsonl": "ims_spiders.extensions.feed.IssueLinesExporter",
    "jl": "ims_spiders.extensions.feed.IssueLinesExporter",
    "json": "ims_spiders.extensions.feed.IssueArrayExporter",
}
FEED_EXPORT_ENCODING = "utf-8"

SPIDER_CONTRACTS = {
    "ims_spiders.spiders.contracts.FixtureContract": 10,
    "ims_spiders.spiders.contracts.VisitContract": 20,
    "ims_spiders.spiders.contracts.IssueContract": 30,
}

# Default 2083: a search over many products has a longer address, and would be dropped without a word.
URLLENGTH_LIMIT = 0

# --- Manners: the tracker is one company's production system -----------------------------------------------------

# Default 16. Also the size of the gate that browser requests pass (middlewares/download_handler.py).
CONCURRENT_REQUESTS = 8
# Default 8; said here because it must not be more.
CONCURRENT_REQUESTS_PER_DOMAIN = 8
# Default 180 s. The whole answer within it, not only its first byte; for files see IMS_SLOWEST_FILE.
DOWNLOAD_TIMEOUT = 120
# Default 20: the tracker redirects once, to the login page or from it.
REDIRECT_MAX_TIMES = 5
# Default True: a page's <meta refresh> is for people.
METAREFRESH_ENABLED = False
# Default 2; with the waits of PoliteRetryMiddleware this is about half a minute.
RETRY_TIMES = 5
RETRY_HTTP_CODES = [408, 429, 500, 502, 503, 504, 522, 524]
RETRY_EXCEPTIONS = [
    "scrapy.exceptions.CannotResolveHostError",
    "scrapy.exceptions.DownloadConnectionRefusedError",
    "scrapy.exceptions.DownloadFailedError",
    "scrapy.exceptions.DownloadTimeoutError",
    "scrapy.exceptions.ResponseDataLossError",
    "twisted.internet.error.ConnectionDone",
    "twisted.internet.error.ConnectError",
    "twisted.internet.error.ConnectionLost",
    "twisted.web.client.ResponseFailed",
    "builtins.TimeoutError",
    "playwright.async_api.Error",
]
# Seconds before the first repetition, doubled each time, and the longest wait (middlewares/politeness.py).
IMS_RETRY_FIRST_WAIT = 1.0
IMS_RETRY_LONGEST_WAIT = 30.0
# Repetitions that the whole crawl may have in hand: each takes one, each good answer gives one back. With none in hand
# a request that fails is given up at once (middlewares/politeness.py).
IMS_RETRY_BUDGET = 100
# Failures in a row after which the crawl looks whether the tracker is there at all, and the longest that it waits for
# one that is away, in seconds (middlewares/outage.py).
IMS_OUTAGE_AFTER = 8
IMS_OUTAGE_SECONDS = 600.0
# Issues that the last search for the same listed and this one does not: so many are asked for to see whether they are
# gone, the rest by the next crawl; 0 asks for none (extensions/unlisted.py).
IMS_UNLISTED_MOST = 1000
# Bytes; a larger attachment is written down as not had (pipelines/attachments.py).
IMS_ATTACHMENT_MAX_BYTES = 512 * 1024 * 1024
# Bytes a second: a file may take longer than DOWNLOAD_TIMEOUT as long as it comes at least that fast, so that 500 MB
# are had over a slow line and a drip is not waited for (middlewares/pace.py).
IMS_SLOWEST_FILE = 16 * 1024
# Default 32 MiB: large attachments are ordinary here.
DOWNLOAD_WARNSIZE = 0

# --- Browser -----------------------------------------------------------------------------------------------------

PLAYWRIGHT_BROWSER_PROVIDER = "ims_spiders.middlewares.browser_provider.LazyBrowserProvider"
# Default: the Scrapy request's headers on every browser request; the login form's POST then loses its Content-Type.
PLAYWRIGHT_PROCESS_REQUEST_HEADERS = None
# Default CONCURRENT_REQUESTS: each page costs some 40 MB.
PLAYWRIGHT_MAX_PAGES_PER_CONTEXT = 4
# Milliseconds; default 30,000.
PLAYWRIGHT_DEFAULT_NAVIGATION_TIMEOUT = 60_000
# Milliseconds; default 30,000. No page of ours becomes a download, but one that crashes is taken for one.
PLAYWRIGHT_DOWNLOAD_TIMEOUT = 2_000
# Seconds without a page after which the browser is closed (middlewares/browser_watch.py).
IMS_BROWSER_IDLE_SECONDS = 10.0
# Pages, and megabytes that its processes share with nobody, after which it is ended and another one started: what a
# browser holds only grows (middlewares/browser_watch.py).
IMS_BROWSER_MAX_PAGES = 500
IMS_BROWSER_MAX_MEGABYTES = 1500.0
# Seconds without an answer of its own after which a browser is taken for hung, and replaced (browser_watch.py).
IMS_BROWSER_HUNG_SECONDS = 30.0

# --- Storage -----------------------------------------------------------------------------------------------------

# Seconds that the end of a crawl waits for the database; a thirtieth of it when it was asked twice to end
# (pipelines/database.py, extensions/session.py).
IMS_DATABASE_CLOSE_SECONDS = 60.0
# Attachments whose text is read at the same time (pipelines/text.py).
IMS_TEXT_WORKERS = 2

# --- What is said ------------------------------------------------------------------------------------------------

# `lines` (to the log), `bar` or `plain` (to stderr), `off` (extensions/progress.py). `ims crawl` chooses by terminal.
IMS_PROGRESS = "lines"
# Seconds between lines of progress (extensions/progress.py).
IMS_PROGRESS_SECONDS = 10.0
# Seconds between the states of a crawl that `ims status` and `ims metrics` see (extensions/metrics.py).
IMS_STATUS_SECONDS = 3.0
# IMS_LOG_FORMAT decides how lines look, unless LOG_FORMAT is set (extensions/logfile.py).
watch_log()
# Default DEBUG, which would log every request and every item whole.
LOG_LEVEL = "INFO"
# An item is logged by its number: its content is somebody's data.
LOG_FORMATTER = "ims_spiders.extensions.logfile.ShortItems"
# Default 60.0: Progress says more.
LOGSTATS_INTERVAL = 0.0

# --- What looks wrong --------------------------------------------------------------------------------------------

# Spidermon's settings, read by extensions/monitors.py. Default False.
SPIDERMON_ENABLED = True
# Suites that look at a crawl when it ends; their monitors find a `Figures` as `self.data.figures`.
SPIDERMON_SPIDER_CLOSE_MONITORS = ("ims_spiders.extensions.monitors_suite.CrawlSuite",)

# --- Security ----------------------------------------------------------------------------------------------------

# Default False: whoever stands between could read the password.
DOWNLOAD_VERIFY_CERTIFICATES = True
# Defaults open ports that run Python.
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False
# Default True: the password and cookies would go through whatever proxy the environment names, unasked.
HTTPPROXY_ENABLED = False
# Default off-site rules do not hold for requests with dont_filter; the download handler refuses every other host.
# Default: for the first cookie the public-suffix list is asked of the internet, blocking; the copy that tldextract
# ships is used instead. It reads this variable when Scrapy's cookies middleware is imported, after this file.
os.environ.setdefault("TLDEXTRACT_PUBLIC_SUFFIX_LIST_URLS", "")
# Default: the page that links. The tracker's addresses hold numbers only, but nobody needs to know where one was.
REFERRER_POLICY = "same-origin"

# --- Scrapy's machinery ------------------------------------------------------------------------------------------

# Default RFPDupeFilter: a repeated request after an expired session would be dropped. The frontier asks for each
# issue once.
DUPEFILTER_CLASS = "scrapy.dupefilters.BaseDupeFilter"
# Default last-in-first-out: issues would come in reverse order of the search.
SCHEDULER_MEMORY_QUEUE = "scrapy.squeues.FifoMemoryQueue"
# Default 100: Scrapy starts that many tasks for every answer, and a callback here yields one item. Measured: half of
# the crawl's processor time.
CONCURRENT_ITEMS = 8
# Default True: parses the source of every callback, for a mistake that mypy finds.
WARN_ON_GENERATOR_RETURN_VALUE = False
# Default 5,000,000 bytes of answers being read; pages wait for their attachments, so more are open.
SCRAPER_SLOT_MAX_ACTIVE_SIZE = 50_000_000
# Default True: prints the counts that session.json holds.
STATS_DUMP = False
TWISTED_REACTOR = "twisted.internet.asyncioreactor.AsyncioSelectorReactor"
