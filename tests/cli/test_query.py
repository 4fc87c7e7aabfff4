"""`ims query`: for people, as JSON, line by line, and what it says of wrong settings."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Ims
from tests.forked import IMS
from tests.query.endpoint import running_endpoint

KEYS = [
    *("original_query", "ims_query", "language", "method", "confidence"),
    *("product", "status", "since", "until", "explanation"),
]
DOUBTFUL = "timeout errors without license"
SECRET = "sk-very-secret-0123456789"


def stream(ims: Ims, data: bytes, **settings: str) -> list[dict[str, object]]:
    process = ims.start("query", "-", **settings)
    assert process.stdin is not None
    out, _ = process.communicate(data.decode("utf-8", errors="surrogateescape"), timeout=60)
    assert process.returncode == 0
    return [json.loads(line) for line in out.splitlines()]


def test_for_people(ims: Ims) -> None:
    done = ims.run("query", "JEUS에서 타임아웃이나 데드락이 발생한 미해결 이슈 찾아줘")
    assert done.returncode == 0, done.stderr
    rows = dict(line.split("  ", 1) for line in done.stdout.splitlines())
    said = {name: value.strip() for name, value in rows.items()}
    assert said["IMS query"] == "타임아웃 데드락"
    assert said["product"] == "JEUS"
    assert said["status"] == "New, Open, Assigned, Postponed"
    assert (said["language"], said["method"], said["confidence"]) == ("ko", "rules", "0.95")
    assert said["explanation"].startswith("Read by rules")
    assert "since" not in said


def test_as_json(ims: Ims) -> None:
    done = ims.run("query", "--json", "エラーとクラッシュ")
    answer = json.loads(done.stdout)
    assert list(answer) == KEYS
    assert (answer["ims_query"], answer["language"], answer["product"]) == ("+エラー +クラッシュ", "ja", None)
    assert "エラー" in done.stdout


def test_words_without_quotes_and_what_begins_with_a_minus(ims: Ims) -> None:
    assert (
        json.loads(ims.run("query", "find", "error", "and", "crash", "--json").stdout)["ims_query"] == "+error +crash"
    )
    assert json.loads(ims.run("query", "--json", "-5212").stdout)["ims_query"] == "-5212"


def test_line_by_line(ims: Ims) -> None:
    answers = stream(ims, "find error and crash\n\n+a 'b c'\r\n에러를\nlast".encode())
    assert [answer.get("ims_query") for answer in answers] == ["+error +crash", None, "+a 'b c'", "에러", "last"]
    assert "empty" in str(answers[1]["error"])
    assert answers[1]["original_query"] == ""
    assert all(list(answer) == KEYS for answer in answers if "error" not in answer)


def test_every_line_is_answered_at_once(ims: Ims) -> None:
    process = ims.start("query", "-")
    assert process.stdin is not None
    assert process.stdout is not None
    for text in ("에러를", "タイムアウトを検索"):
        process.stdin.write(text + "\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["original_query"] == text
    process.stdin.close()
    assert process.wait(30) == 0
    process.stdout.close()
    assert process.stderr is not None
    process.stderr.close()


def test_bytes_that_are_no_text_are_borne(ims: Ims, tmp_path: Path) -> None:
    (tmp_path / "queries").write_bytes(b"\xff\xfe timeout\n\x00\nfind \x00 error\n")
    with (tmp_path / "queries").open("rb") as file:
        done = subprocess.run([IMS, "query", "-"], stdin=file, capture_output=True, timeout=60, check=False)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert len(answers) == 3
    assert "error" in answers[1]
    assert answers[2]["ims_query"] == "error"


def test_an_empty_query_is_refused(ims: Ims) -> None:
    done = ims.run("query", "  ")
    assert done.returncode == 2
    assert "empty" in done.stderr
    assert done.stdout == ""


def test_an_option_that_is_none_is_refused(ims: Ims) -> None:
    done = ims.run("query", "--jsn", "error")
    assert done.returncode == 2
    assert "--jsn" in done.stderr


def test_help_shows_examples(ims: Ims) -> None:
    shown = ims.run("query", "--help").stdout
    assert 'ims query "find crashes or deadlocks in OpenFrame since last month"' in shown
    assert "ims query - < queries.txt" in shown


def test_words_of_the_users_own(ims: Ims, tmp_path: Path) -> None:
    folder = tmp_path / "archive" / "lexicon"
    folder.mkdir(parents=True)
    (folder / "products.txt").write_text("AcmeDB = 에크미\n", encoding="utf-8")
    done = ims.run("query", "--json", "에크미에서 데드락", IMS_DATA_DIR=str(tmp_path / "archive"))
    assert json.loads(done.stdout)["product"] == "AcmeDB"


def test_the_day_is_that_of_the_tracker(ims: Ims) -> None:
    days = {
        json.loads(ims.run("query", "--json", "crashes today", IMS_TIMEZONE=zone).stdout)["since"]
        for zone in ("Pacific/Kiritimati", "Etc/GMT+12")
    }
    assert len(days) == 2


def test_a_language_model_is_asked_and_its_key_stays_secret(ims: Ims) -> None:
    with running_endpoint() as endpoint:
        endpoint.key = SECRET
        endpoint.says("+timeout +errors")
        settings = {"IMS_LLM_URL": endpoint.url, "IMS_LLM_MODEL": "small", "IMS_LLM_API_KEY": SECRET}
        answer = json.loads(ims.run("query", "--json", DOUBTFUL, **settings).stdout)
        assert (answer["method"], answer["ims_query"]) == ("llm", "+timeout +errors")
        wrong = ims.run("query", DOUBTFUL, **{**settings, "IMS_LLM_API_KEY": SECRET + "x"})
        assert "IMS_LLM_API_KEY" in wrong.stdout
        assert SECRET not in wrong.stdout + wrong.stderr
        endpoint.hangs = True
        late = json.loads(ims.run("query", "--json", DOUBTFUL, **settings, IMS_LLM_TIMEOUT="0.5").stdout)
        assert late["method"] == "rules"
        assert "0.5 s" in late["explanation"]


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"IMS_LLM_URL": "localhost:11434"}, "IMS_LLM_URL"),
        ({"IMS_LLM_URL": "http://me:pw-secret@localhost/v1", "IMS_LLM_MODEL": "m"}, "IMS_LLM_URL"),
        ({"IMS_LLM_URL": "http://localhost:99999/v1", "IMS_LLM_MODEL": "m"}, "IMS_LLM_URL"),
        ({"IMS_LLM_URL": "http://localhost/v1"}, "IMS_LLM_MODEL"),
        ({"IMS_LLM_URL": "http://localhost/v1", "IMS_LLM_MODEL": "m", "IMS_LLM_TIMEOUT": "0"}, "IMS_LLM_TIMEOUT"),
        (
            {"IMS_LLM_URL": "http://localhost/v1", "IMS_LLM_MODEL": "m", "IMS_LLM_API_KEY": "pw-secret\n"},
            "IMS_LLM_API_KEY",
        ),
    ],
)
def test_a_wrong_setting_is_named_and_not_shown(ims: Ims, settings: dict[str, str], named: str) -> None:
    done = ims.run("query", "error", **settings)
    assert done.returncode == 2
    assert named in done.stderr
    assert "pw-secret" not in done.stdout + done.stderr
