"""Fixed lists of the demo tracker: products with their codes, statuses, categories, columns, labels."""

from __future__ import annotations

from ims_spiders.demo.world.model import Product


def _openframe(code: str, name: str, *modules: str) -> Product:
    return Product(code, f"OpenFrame {name}", modules)


PRODUCTS: tuple[Product, ...] = (
    Product("010", "JEUS", ("Servlet Engine", "JDBC", "Security", "WebAdmin")),
    Product("012", "Tmax", ("TMM", "CLH", "CAS")),
    Product("011", "WebtoB", ("HTL", "HTH", "HTTPS")),
    Product("070", "Tibero", ("SQL", "TAC", "Backup", "JDBC", "tbImport")),
    Product("640", "ProSort", ("SORT", "MERGE", "JOINKEYS")),
    Product("425", "ProTrieve", ("REPORT", "FILE", "MACRO")),
    _openframe("128", "AIM", "AIMMAIN", "AIMCMD", "PSAM"),
    _openframe("520", "ASM", "Assembler", "Runtime"),
    _openframe("129", "Base", "TSAM", "VOLADM", "Lock Manager", "Dataset", "Spool"),
    _openframe("123", "Batch", "TJES", "tjclrun", "Utility", "OBMJSCHD"),
    _openframe("500", "COBOL", "Compiler", "Preprocessor", "Runtime"),
    _openframe("137", "Common", "License", "Config", "Codepage"),
    _openframe("141", "GW", "TN3270", "LU2", "Printer"),
    _openframe("126", "HiDB", "DBD", "PSB", "Unload"),
    _openframe("147", "ISPF", "PDF", "Edit", "Browse"),
    _openframe("145", "Manager", "Dashboard", "Scheduler"),
    _openframe("135", "Map GUI Editor", "BMS", "Preview"),
    _openframe("143", "Miner", "Analyzer", "Export"),
    _openframe("138", "OSC", "Region", "OSCTDLUTIL", "TRANCLASS", "CICS API"),
    _openframe("134", "OSI", "IMS DC", "MFS", "IMSGEN"),
    _openframe("142", "OpenStudio Web", "Editor", "Deploy"),
    _openframe("510", "PLI", "Compiler", "Runtime"),
    _openframe("127", "Studio", "Debugger", "Project"),
    _openframe("124", "TACF", "tacfmgr", "RACF API", "Password"),
)
PRODUCT_BY_CODE: dict[str, Product] = {product.code: product for product in PRODUCTS}

STATUSES: tuple[str, ...] = (
    "New", "Open", "Assigned", "Resolved", "Approved", "Rejected", "Postponed", "Closed", "Closed_P",
)  # fmt: skip
CLOSED: frozenset[str] = frozenset({"Closed", "Closed_P"})
STATUS_CODES: dict[str, str] = {status: f"ACT{number:02d}" for number, status in enumerate(STATUSES, start=1)}
STATUS_COLOURS: dict[str, str] = {
    "New": "#d9534f", "Open": "#f0ad4e", "Assigned": "#5bc0de", "Resolved": "#5cb85c", "Approved": "#337ab7",
    "Rejected": "red", "Postponed": "rgb(119, 119, 119)", "Closed": "gray", "Closed_P": "gray",
}  # fmt: skip
CATEGORIES: tuple[str, ...] = (
    "Change Request", "Enhancement Request", "Technical Support", "Defect", "Binary Request", "Patch Fail", "Manual",
)  # fmt: skip
PRIORITIES: tuple[str, ...] = ("Very high", "High", "Normal", "Low")
SEVERITIES: tuple[str, ...] = ("Critical", "Major", "Minor", "Trivial")
PAGE_SIZES: tuple[int, ...] = (10, 20, 30, 50, 100, 500, 1000)

COLUMNS: tuple[str, ...] = (
    "No", "Issue Number", "Category", "Product", "Version", "Module", "Subject", "Customer", "Project", "Reporter",
    "Issued Date", "Status", "Priority", "Severity", "Owner", "Handler", "Manager", "Site", "Project Code",
    "Error Code", "Bug Number", "Build No", "Patch No", "Patch Version", "Found Version", "Fixed Version",
    "Target Version", "Closed Date", "Date of final order", "Actions", "Attachments",
)  # fmt: skip
EDITABLE: tuple[str, ...] = (
    "Subject", "Category", "Version", "Module", "Status", "Priority", "Severity", "Error Code", "Bug Number",
    "Build No", "Patch No", "Patch Version", "Found Version", "Fixed Version", "Target Version", "Customer", "Site",
)  # fmt: skip
DEFAULT_COLUMNS: tuple[str, ...] = (
    "No", "Issue Number", "Category", "Product", "Version", "Module", "Subject", "Customer", "Project", "Reporter",
    "Issued Date", "Status",
)  # fmt: skip

# Customer, project, project code, site, site code: companies that do not exist.
PROJECTS: tuple[tuple[str, str, str, str, str], ...] = (
    ("한빛은행", "한빛은행 차세대 리호스팅", "P2019-0041", "한빛은행 전산센터", "S0101"),
    ("다온생명", "다온생명 코어 전환", "P2020-0007", "다온생명 본사", "S0102"),
    ("미르카드", "미르카드 승인계 이관", "P2021-0113", "미르카드 DR센터", "S0115"),
    ("새솔화재", "새솔화재 배치 고도화", "P2018-0220", "새솔화재", "S0120"),
    ("青空銀行システム", "青空銀行 勘定系移行", "P2022-0301", "青空銀行 第一センター", "S0301"),
    ("みなも生命保険", "みなも生命 リホスト計画", "P2023-0302", "みなも生命 大阪", "S0302"),
    ("星野物流", "星野物流 夜間バッチ刷新", "P2017-0303", "星野物流 本社", "S0303"),
    ("Northwind Mutual", "Northwind Rehost Phase 2", "P2020-0501", "Northwind Data Center", "S0501"),
    ("Larkspur Freight", "Larkspur Core & Ledger", "P2021-0502", "Larkspur (Denver)", "S0502"),
    ("Quillby County", "Quillby Tax System", "P2016-0503", "Quillby Hall", "S0503"),
    ("Tamarind Telecom", "Tamarind Billing", "P2024-0504", "Tamarind NOC", "S0504"),
)
