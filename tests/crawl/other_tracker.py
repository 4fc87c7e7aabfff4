"""A second tracker, written from the protocol file alone and unlike the demo in all that the protocol leaves open.

Upper-case tags, unquoted attributes, columns in another order, status codes instead of names, downloads by a POST form
in a new window that also carries the issue's number, JSON sent as text/html with numbers as strings, session numbers in
redirects, cp949-free UTF-8 without a declared charset in the header.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from html import escape
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import token_hex
from typing import Any
from urllib.parse import parse_qs, urlsplit

PRODUCTS = {"137": "OpenFrame Common", "123": "OpenFrame Batch", "070": "Tibero"}
STATUSES = {"S1": "New", "S2": "Assigned", "S9": "Closed"}
COLUMNS = ("Subject", "Customer", "No", "Product", "Issue Number", "Category")


def issues() -> dict[str, dict[str, Any]]:
    """25 issues; every fifth belongs to Tibero, every third is closed, every second names TPETIME."""
    world = {}
    for index in range(25):
        number = str(90_001 + index * 700)
        code = list(PRODUCTS)[2 if index % 5 == 4 else index % 2]
        word = "TPETIME" if index % 2 == 0 else "마이그레이션"
        files = {str(5000 + index * 10 + n): f"파일 {n}.log" for n in range(index % 3)}
        world[number] = {
            "subject": f"{word} 오류 <{index}> & エラー",
            "product": code,
            "status": "S9" if index % 3 == 0 else ("S1" if index % 3 == 1 else "S2"),
            "related": [str(90_001 + ((index + 3) % 25) * 700)] if index % 4 == 0 else [],
            "patch": [str(90_001 + ((index + 5) % 25) * 700)] if index % 6 == 0 else [],
            "files": files,
            "comments": {str(700_000 + index * 10 + n): f"{n}번째 답변 ありがとう" for n in range(index % 4)},
        }
    return world


def file_content(file_id: str, kind: str, issue_id: str) -> bytes:
    """The bytes of a file; they tell with what they were asked for."""
    return f"log of {file_id} {kind} {issue_id}\n".encode() * 40


class OtherTracker:
    """Serves on a port of its own in a thread; `logins`, `most_at_once` and `requests` tell what it was asked."""

    def __init__(self, expire_after: int | None = None, latency: float = 0.0, scripted: bool = False) -> None:
        self.world = issues()
        self.sessions: set[str] = set()
        self.logins = self.refusals = self.most_at_once = self._now = 0
        self.requests: list[str] = []
        self.expire_after = expire_after
        self.latency = latency
        self.scripted = scripted
        self.missing_files: set[str] = set()
        self._lock = threading.Lock()
        tracker = self

        class Handler(_Handler):
            owner = tracker

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.base_url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> OtherTracker:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def enter(self, path: str) -> None:
        """A request begins."""
        with self._lock:
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
            self.requests.append(path)
            if self.expire_after is not None and len(self.requests) == self.expire_after:
                self.sessions.clear()

    def leave(self) -> None:
        """A request ends."""
        with self._lock:
            self._now -= 1

    def search(self, keyword: str, products: list[str], statuses: list[str]) -> list[str]:
        """Numbers of the hits, newest first; closed ones only when they are asked for."""
        wanted = statuses or ["S1", "S2"]
        words = [word.lstrip("+") for word in keyword.split()]
        return [
            number
            for number, issue in sorted(self.world.items(), key=lambda pair: -int(pair[0]))
            if issue["status"] in wanted
            and (not products or issue["product"] in products)
            and (not words or any(word in issue["subject"] for word in words))
        ]


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is no error here."""


class _Handler(BaseHTTPRequestHandler):
    owner: OtherTracker
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self._answer(parse_qs(body, keep_blank_values=True))

    def _answer(self, form: dict[str, list[str]]) -> None:
        self.owner.enter(self.path)
        try:
            time.sleep(self.owner.latency)
            parts = urlsplit(self.path)
            path = parts.path.partition(";")[0]
            query = {**parse_qs(parts.query, keep_blank_values=True), **form}
            if path == "/tody/auth/login.do":
                self._login(form)
            elif self._session() not in self.owner.sessions:
                self._redirect(f"/tody/auth/login.do;jsessionid={token_hex(8)}")
            else:
                self._page(path, query)
        finally:
            self.owner.leave()

    def _session(self) -> str:
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get("JSESSIONID")
        return cookie.value if cookie else ""

    def _login(self, form: dict[str, list[str]]) -> None:
        if form.get("id") == ["hong"] and form.get("password") == ["gil dong&1"]:
            session = token_hex(16)
            self.owner.sessions.add(session)
            self.owner.logins += 1
            self._redirect("/tody/main.do", {"Set-Cookie": f"JSESSIONID={session}; Path=/tody; HttpOnly"})
            return
        said = ""
        if form:
            self.owner.refusals += 1
            said = "<SCRIPT>alert('비밀번호가 틀립니다')</SCRIPT>"
        self._html(
            f"<BODY>{said}<FORM method=post name=f action=/tody/auth/login.do><INPUT id=id name=id>"
            "<INPUT type=password name=password><INPUT type=hidden name=lang value=ko>"
            "<INPUT type=image src=/tody/img/login.gif onclick='this.form.submit();return false'></FORM></BODY>"
        )

    def _page(self, path: str, query: dict[str, list[str]]) -> None:
        if path == "/tody/ims/issue/issueSearchList.do":
            self._search(query)
        elif path == "/tody/ims/issue/issueView.do":
            self._issue(query["issueId"][0])
        elif path == "/tody/ims/issue/findRelationIssues.do":
            self._relations(query["issueId"][0])
        elif path == "/tody/ims/patch/patchList.do":
            number = query["siteCode"][0]
            rows = "".join(
                f"<TR><TD><A HREF='/tody/ims/issue/issueView.do?menuCode=x&amp;issueId={one}'>{one}</A></TR>"
                for one in self.owner.world[number]["patch"]
            )
            self._html(f"<BODY><TABLE>{rows}</TABLE></BODY>")
        elif path == "/tody/common/fileDown.do":
            if query["seq"][0] in self.owner.missing_files:
                self._html("<BODY><SCRIPT>alert('파일이 없습니다');</SCRIPT></BODY>")
                return
            content = file_content(query["seq"][0], query["gubun"][0], query["key"][0])
            self._send(content, "application/octet-stream", {"Content-Disposition": "attachment; filename=x.log"})
        else:
            self._html("<BODY>Welcome</BODY>")

    def _search(self, query: dict[str, list[str]]) -> None:
        hits: list[str] = []
        if query.get("reSearchYN") == ["Y"] and query.get("queryId") == ["ims.issueSearch.findIssueSearch"]:
            keyword = query.get("keyword", [""])[0]
            hits = self.owner.search(keyword, query.get("productCodes", []), query.get("activities", []))
        index = int(query.get("pageIndex", ["1"])[0]) - 1
        products = "".join(f"<OPTION value={code}>{name}" for code, name in PRODUCTS.items())
        statuses = "".join(f"<OPTION value={code}>{name}" for code, name in STATUSES.items())
        self._html(
            "<BODY><DIV ID=SearchDiv><FORM NAME=issueSearchForm><INPUT ID=keyword NAME=keyword>"
            "<INPUT TYPE=hidden NAME=userId VALUE=hong><INPUT TYPE=hidden NAME=userName VALUE='홍길동'>"
            f"<SELECT ID=productCodes NAME=productCodes MULTIPLE>{products}</SELECT>"
            f"<SELECT ID=activities NAME=activities MULTIPLE>{statuses}</SELECT>"
            "<SELECT ID=pageSize NAME=pageSize><OPTION>10<OPTION>1000</SELECT></FORM></DIV>"
            f"<P>[ Total {len(hits)} ]</P><TABLE><TR>{''.join(f'<TH>{name}' for name in COLUMNS)}</TR>"
            f"{''.join(self._row(one) for one in hits[index * 10 : index * 10 + 10])}</TABLE></BODY>"
        )

    def _row(self, number: str) -> str:
        issue = self.owner.world[number]
        cells = {
            "Subject": escape(issue["subject"]),
            "Issue Number": number,
            "Product": PRODUCTS[issue["product"]],
            "No": "1",
        }
        click = f"javascript:popBlankIssueView(&#39;{number}&#39;,&#39;issue_search&#39;)"
        shown = "".join("<TD>" + cells.get(column, "") for column in COLUMNS)
        return f"<TR ONCLICK=\"{click}\" CLASS='odd rowClickData'>{shown}</TR>"

    def _issue(self, number: str) -> None:
        issue = self.owner.world.get(number)
        if issue is None:
            self._html("<BODY><SCRIPT>alert('존재하지 않는 이슈입니다.');history.back();</SCRIPT></BODY>")
            return
        comments = "".join(
            f"<DIV CLASS=fieldset><INPUT TYPE=hidden NAME=actionId VALUE={one}><DIV CLASS=legend>"
            f"<SPAN CLASS=link2 ID=action_{one}>Action No. {one} | Registrant : 김민수 | Registered date : "
            f"2025-11-02 10:11:12</SPAN></DIV><DIV ID=comment_{one}><DIV CLASS='commDescTR data' ID=commDescTR_{one}>"
            f"<P>{text}</P></DIV></DIV></DIV>"
            for one, text in sorted(issue["comments"].items(), reverse=True)
        )
        files = "".join(
            f"<A HREF=# ONCLICK=\"downloadFileNew('{one}','ISSUE');return false\"><SPAN>{name}</SPAN></A> (2 KB)<BR>"
            for one, name in issue["files"].items()
        )
        patch = f"<A HREF=\"javascript:popupPatchList('P1','{number}','123','프로젝트','현장')\">Patch list</A>"
        table = "<TABLE CLASS='fullWidth dataTable table-bordered table'>"
        label = "<TD CLASS='tableHeaderTitle title'>"
        body = (
            f"<BODY><INPUT TYPE=hidden NAME=userId VALUE=hong><SPAN CLASS='big issueNumber'>{number}</SPAN>{table}"
            f"<TR>{label}Status<TD CLASS=data><SPAN STYLE='color:red'>{STATUSES[issue['status']]}</SPAN>"
            f"{label}Product<TD CLASS=data>{PRODUCTS[issue['product']]}</TR><TR>{label}Subject"
            f"<TD CLASS=data COLSPAN=3>{escape(issue['subject'])}</TR><TR>{label}Registered date"
            f"<TD CLASS=data>2025.11.01 08:09{label}Reporter<TD CLASS=data>홍길동 ( hong@example.com )</TR></TABLE>"
            f"<DIV ID=IssueDescriptionDiv STYLE=display:none><TABLE><TR><TD CLASS=data>"
            f"<P>설명 {number}</P></TABLE></DIV>"
            f"<DIV ID=CommentsDiv>{comments}</DIV><DIV ID=AttachesDiv>{files}</DIV>"
            f"{patch if issue['patch'] else ''}"
            f"<DIV ID=HistoriesDiv><TABLE><TR CLASS=data><TD>2025/11/01 08:09:10<TD>홍길동"
            f"<TD>Status : New =&gt; Open</TR></TABLE></DIV>"
            f"<TABLE ID=RelatedIssueTable></TABLE><SCRIPT>{_SCRIPT.replace('NUMBER', number)}</SCRIPT>"
            "</BODY>"
        )
        self._html(_filled_by_script(body) if self.owner.scripted else body)

    def _relations(self, number: str) -> None:
        own = {"issueId": number, "relationIssueId": "0", "relationIssueHier": "1"}
        others = [
            {"issueId": number, "relationIssueId": one, "relationIssueHier": "1.1", "subject": "x"}
            for one in self.owner.world[number]["related"]
        ]
        self._send(json.dumps([own, *others]).encode(), "text/html")

    def _redirect(self, target: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(302)
        for name, value in {"Location": target, "Content-Length": "0", **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()

    def _html(self, body: str) -> None:
        head = "<META HTTP-EQUIV=Content-Type CONTENT='text/html; charset=utf-8'><TITLE>IMS</TITLE>"
        self._send(f"<HTML><HEAD>{head}</HEAD>{body}</HTML>".encode(), "text/html")

    def _send(self, content: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(200)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


def _filled_by_script(body: str) -> str:
    """The same page, but empty until its script has run."""
    content = body.removeprefix("<BODY>").removesuffix("</BODY>").partition("<SCRIPT>")[0]
    return f"<BODY><SCRIPT>setTimeout(function(){{document.body.innerHTML={json.dumps(content)};}},50)</SCRIPT></BODY>"


_SCRIPT = """
function downloadFileNew(seq, gubun) {
  var form = document.createElement('form');
  form.method = 'post'; form.action = '/tody/common/fileDown.do'; form.target = '_blank';
  var values = {gubun: gubun, seq: seq, key: 'NUMBER', fixed: 'a b'};
  for (var name in values) {
    var input = document.createElement('input');
    input.type = 'hidden'; input.name = name; input.value = values[name];
    form.appendChild(input);
  }
  document.body.appendChild(form);
  form.submit();
}
"""


def sha256(content: bytes) -> str:
    """In hex."""
    return hashlib.sha256(content).hexdigest()
