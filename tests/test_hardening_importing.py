"""What a tester found by attacking import, index and the index folders: each test is a finding."""

import json
import random
import shutil
from pathlib import Path

import pytest

from crosswalk import manifest
from crosswalk.coding.autocoder import Autocoder, find_index
from crosswalk.errors import CrosswalkError, DataError, IndexFolderError, UsageError
from crosswalk.jobs import books
from crosswalk.jobs.importing import Reading, import_classification, import_titles
from crosswalk.places import shipped
from tests.conftest import Run
from tests.promises import promise

SCHEME = "code,title\nA,People who drive\nA1,Bus driver\nA2,Lorry driver\nB,People who cook\nB1,Pastry cook\n"


def titles(path: Path, content: str = "code,title\n9611,snoggleflux operator\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def test_a_classification_needs_a_name_of_its_own(crosswalk: Run, tmp_path: Path, home: Path) -> None:
    path = titles(tmp_path / "a.csv", SCHEME)
    assert "--scheme" in crosswalk("import", "classification", path, code=2).stderr
    assert "--scheme" in crosswalk("import", "classification", path, "--scheme", "isco-08", code=2).stderr
    assert not (home / "books").exists()


@promise("X10")
def test_an_import_that_cannot_be_built_leaves_everything_as_it_was(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    how = Reading("mine")
    books.keep("mine", [import_classification(titles(tmp_path / "a.csv", SCHEME), how)])
    before = Autocoder.open("mine").fingerprint, books.imported("mine")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(books, "build_index", fail)
    with pytest.raises(OSError, match="No space"):
        books.keep("mine", [import_classification(titles(tmp_path / "b.csv", SCHEME + "C,Others\nC1,Other\n"), how)])
    assert (Autocoder.open("mine").fingerprint, books.imported("mine")) == before


def test_titles_that_no_longer_fit_a_scheme_are_dropped_and_counted(crosswalk: Run, tmp_path: Path) -> None:
    crosswalk("import", "classification", titles(tmp_path / "a.csv", SCHEME), "--scheme", "mine")
    crosswalk("import", "titles", titles(tmp_path / "t.csv", "code,title\nA1,coach driver\nB1,cake maker\n"), "--scheme", "mine")
    done = crosswalk("import", "classification", titles(tmp_path / "a.csv", SCHEME.replace("B1", "B2")), "--scheme", "mine")
    assert "it replaces a.csv" in done.stderr
    assert "1 titles of 't-" in done.stderr
    assert "2 groups" not in crosswalk("lookup", "coach driver", "--scheme", "mine").stdout


@promise("C8", "what was imported or learned is a book of its own and can be taken out again")
def test_books_are_taken_out_again(crosswalk: Run, tmp_path: Path, home: Path) -> None:
    fresh = Autocoder.open().fingerprint
    crosswalk("import", "titles", titles(tmp_path / "a.csv"), titles(tmp_path / "b.csv", "code,title\n5120,blorp\n"))
    assert [record.file for record in books.imported()] == ["a.csv", "b.csv"]
    name = books.imported()[0].name
    assert "its books: " + name in crosswalk("index", "remove", "isco-08", "nothing", code=2).stderr
    crosswalk("index", "remove", "isco-08", name)
    assert [record.file for record in books.imported()] == ["b.csv"]
    crosswalk("index", "remove", "isco-08")
    assert Autocoder.open().fingerprint == fresh
    crosswalk("index", "remove", "isco-08", code=2)
    crosswalk("index", "remove", "../books", code=2)
    assert home.is_dir()


def test_the_groups_of_a_scheme_stay_while_it_has_other_books(home: Path, tmp_path: Path) -> None:
    how = Reading("mine")
    books.keep("mine", [import_classification(titles(tmp_path / "a.csv", SCHEME), how)])
    books.keep("mine", [import_titles(titles(tmp_path / "t.csv", "code,title\nA1,coach driver\n"), "titles", how)])
    with pytest.raises(UsageError, match="other books"):
        books.remove("mine", "structure")
    books.remove("mine", None)
    with pytest.raises(IndexFolderError):
        find_index("mine")


@promise("D8", "what lies in the working folder is never taken for the program's own index or settings")
def test_a_folder_named_like_the_scheme_is_no_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "isco-08").mkdir()
    monkeypatch.chdir(tmp_path)
    assert find_index("isco-08") == shipped("indexes", "isco-08")
    shutil.copytree(shipped("indexes", "isco-08"), tmp_path / "own")
    assert find_index("own") == Path("own")
    assert find_index(tmp_path / "own") == tmp_path / "own"


@pytest.mark.parametrize("scheme", ["/etc/passwd", "x" * 5000, "./no/such", "no-such", "a/" + "x" * 5000])
def test_a_scheme_that_is_none_is_refused_in_one_line(scheme: str) -> None:
    with pytest.raises(IndexFolderError):
        Autocoder.open(scheme)


def test_books_of_the_same_file_name_stay_apart(crosswalk: Run, tmp_path: Path) -> None:
    files = [titles(tmp_path / "a" / "titles.csv"), titles(tmp_path / "b" / "titles.csv", "code,title\n5120,blorp\n")]
    files += [titles(tmp_path / "職業.csv", "code,title\n2221,wibble\n"), titles(tmp_path / "должность.csv", "code,title\n2221,wobble\n")]
    files += [titles(tmp_path / "structure.csv", "code,title\n2221,weeble\n")]
    crosswalk("import", "titles", *files[:1])
    assert "already, with other contents" in crosswalk("import", "titles", *files[1:]).stderr
    assert len(books.imported()) == 5
    assert "structure" not in {record.name for record in books.imported()}


def test_nothing_is_imported_when_one_file_is_wrong(crosswalk: Run, tmp_path: Path, home: Path) -> None:
    crosswalk("import", "titles", titles(tmp_path / "a.csv"), tmp_path / "missing.csv", code=3)
    assert not (home / "books").exists()
    refused = crosswalk("import", "classification", titles(tmp_path / "h.csv", "code,title\n"), "--scheme", "mine", code=3)
    assert "no codes with titles" in refused.stderr


def test_what_was_assumed_of_an_imported_file_is_said(crosswalk: Run, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("code,title\n9611,Müllmann\n".encode("cp1252"))
    assert "read as cp1252" in crosswalk("import", "titles", tmp_path / "a.csv").stderr


def test_long_notes_and_titles_are_read_back(tmp_path: Path) -> None:
    path = titles(tmp_path / "a.csv", f"code,title,description\nA,Drivers,{'n' * 300_000}\nA1,{'bus ' * 50_000},x\n")
    books.keep("mine", [import_classification(path, Reading("mine"))])
    assert len(Autocoder.open("mine").classification.by_code["A"].notes) == 300_000
    books.keep("mine", [import_titles(titles(tmp_path / "t.csv", f"code,title\nA1,{'van ' * 50_000}\n"), "titles", Reading("mine"))])
    assert books.rebuild("mine").titles == 2


@promise("X1")
def test_any_bit_flipped_in_a_manifest_is_refused_or_harmless(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    folder.mkdir()
    (folder / "a.npy").write_bytes(b"12345")
    manifest.seal(folder, {"format": 1, "scheme": "x", "titles": 3, "sources": ["a"]})
    good = (folder / "manifest.json").read_bytes()
    chance = random.Random(7)
    for _ in range(1500):
        bad = bytearray(good)
        bad[chance.randrange(len(bad))] ^= 1 << chance.randrange(8)
        (folder / "manifest.json").write_bytes(bad)
        try:
            manifest.verify(folder, manifest.read(folder))
        except IndexFolderError as error:
            assert error.hint


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, "{}", '{"files": {"a.npy": 1}}', '{"files": {"../a.npy": {"sha256": "", "bytes": 1}}}',
     '{"files": {}, "titles": "x"}', '{"files": {}, "sources": [1]}', "\xff", '{"files": {}}'],
)  # fmt: skip
def test_a_manifest_that_lists_nonsense_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.npy").write_bytes(b"1")
    (tmp_path / "manifest.json").write_text(text, encoding="latin-1")
    with pytest.raises(IndexFolderError):
        manifest.verify(tmp_path, manifest.read(tmp_path))


@pytest.mark.parametrize("file", ["book.json", "titles.tsv"])
@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"{}", b"one\ttwo\n", b"[" * 100_000])
def test_a_damaged_book_says_how_to_take_it_out(tmp_path: Path, file: str, content: bytes) -> None:
    books.keep("isco-08", [import_titles(titles(tmp_path / "a.csv"), "titles", Reading())])
    folder = next(books._root("isco-08").iterdir())
    (folder / file).write_bytes(content)
    with pytest.raises(DataError) as caught:
        books.rebuild()
    assert f"index remove isco-08 {folder.name}" in caught.value.hint
    books.remove("isco-08", folder.name)
    assert Autocoder.open().code(["nurse"])


@promise("X10", "an index is written beside the old one and renamed when it is whole; what a killed build left is swept away")
def test_what_killed_builds_left_behind_is_swept(tmp_path: Path, home: Path) -> None:
    book = import_titles(titles(tmp_path / "a.csv"), "titles", Reading())
    books.keep("isco-08", [book])
    left = [home / "indexes" / ".isco-08.abc_1234", home / "books" / "isco-08" / ".new.abc_1234"]
    other = home / "indexes" / ".isco-08.other.abc_1234"
    for folder in [*left, other]:
        folder.mkdir(parents=True)
        (folder / "x").write_text("x")
    books.rebuild()
    assert not any(folder.exists() for folder in left)
    assert other.exists()


def test_index_info_survives_a_manifest_without_facts(crosswalk: Run) -> None:
    assert json.loads(crosswalk("index", "info", "--json").stdout)[0]["scheme"] == "isco-08"
    with pytest.raises(CrosswalkError):
        books.remove("isco-08", None)
