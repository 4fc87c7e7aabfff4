"""The words: all of them are in the package, a folder adds to them, and what is wrong in it is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from ims_spiders.exceptions import ConfigurationError
from ims_spiders.query import QueryReader
from ims_spiders.query.lexicon import load_lexicon
from tests.query.readings import TODAY


def add(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_a_folder_adds_words(tmp_path: Path) -> None:
    add(tmp_path, "products.txt", "# ours\nAcmeDB = 에크미, アクメ\n")
    add(tmp_path, "ko/requests.txt", "찾아주라마\n")
    add(tmp_path, "ko/protected.txt", "모모가\n")
    add(tmp_path, "statuses.txt", "Closed = ~끝장난\n")
    reader = QueryReader(lexicon_dir=tmp_path)
    reading = reader.read("에크미에서 끝장난 모모가 찾아주라마", TODAY)
    assert (reading.product, reading.ims_query, reading.status) == ("AcmeDB", "모모가", ("Closed",))
    assert reader.read("티베로에서 에러를 찾아줘", TODAY).product == "Tibero"


def test_a_folder_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    assert QueryReader(lexicon_dir=tmp_path / "none").read("에러를", TODAY).ims_query == "에러"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("products.txt", "no equals sign"),
        ("ko/particles.txt", "에서 any"),
        ("ko/particles.txt", "에서 never break"),
        ("ko/light_verbs.txt", "하는 whatever"),
        ("ja/particles.txt", "の"),
    ],
)
def test_a_line_without_its_files_form_is_named(tmp_path: Path, name: str, text: str) -> None:
    add(tmp_path, name, text)
    with pytest.raises(ConfigurationError, match=text.split(maxsplit=1)[0]):
        QueryReader(lexicon_dir=tmp_path)


def test_a_file_that_is_no_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "products.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match=r"products\.txt"):
        QueryReader(lexicon_dir=tmp_path)


def test_every_file_of_the_package_is_read() -> None:
    folder = Path(__file__).parents[2] / "ims_spiders" / "query" / "lexicon"
    lexicon = load_lexicon()
    known = {*lexicon.en.roles, *lexicon.ko.roles, *lexicon.ja.roles, *lexicon.particles, *lexicon.verb_endings}
    known |= {*lexicon.openers.roles, *lexicon.requests.roles, *lexicon.determiners.roles}
    known |= {word for words in lexicon.plain.values() for word in words}
    known |= {name for name, _ in (*lexicon.products, *lexicon.statuses)}
    for path in folder.rglob("*.txt"):
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
        first = lines[0].split(" = ")[0]
        keys = {first, first.casefold(), "".join(first.split()), first.split()[0]}
        assert keys & known or path.stem in {"verbs", "endings"}, path


def test_no_word_stands_twice_in_a_file() -> None:
    folder = Path(__file__).parents[2] / "ims_spiders" / "query" / "lexicon"
    for path in folder.rglob("*.txt"):
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
        assert sorted(lines) == sorted(set(lines)), path
