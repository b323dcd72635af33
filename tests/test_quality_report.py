"""The page: the same figures as --json, nothing from outside, texts of a file as text and nothing else."""

import json
import math
import re
import shutil
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from crosswalk.report.svg import Frame, element, picture
from tests.conftest import Run
from tests.promises import promise

HOSTILE = (
    "<script>document.title='pwned'; console.error('pwned')</script>",
    "{{7*7}} {% for x in range(9) %}x{% endfor %}",
    "</td></table><img src=x onerror=\"document.title='pwned'\">",
    "\"><svg onload=alert(1)> '",
    '=HYPERLINK("http://example.org")',
    "\x1b]0;pwned\x07 \u202egnp",
    "a" * 1_000_000,
)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
VOID = {"meta", "link", "br", "img", "hr", "input"}


class Page(HTMLParser):
    """Reads a page strictly: every element is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.values: list[float] = []
        self.words = ""
        self.feed(text)
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag == "data":
            self.values.append(float(dict(attrs)["value"] or "nan"))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def numbers(value: object) -> Iterator[float]:
    """Every number in a JSON value."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from numbers(part)
            yield from ([float(key)] if re.fullmatch(r"0\.\d+", key) else [])
    elif isinstance(value, list):
        for part in value:
            yield from numbers(part)
    elif isinstance(value, int | float):
        yield float(value)


@pytest.fixture(scope="module")
def evaluated(crosswalk_once: Run, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, object], str]:
    """A small file with hostile texts, measured: what --json printed, and the page."""
    lines = [json.dumps({"answer": text, "isco": "9611", "language": "<b>en</b>"}) for text in HOSTILE]
    lines += [json.dumps({"answer": text, "isco": code, "language": "en"}) for text, code in CODED]
    folder = tmp_path_factory.mktemp("hostile")
    path = folder / "a<i>b.jsonl"
    path.write_text("\n".join(lines))
    curve = folder / "curve.csv"
    curve.write_text("share,accuracy\n1,0.8125\n0.5,0.75\n0.25,0.6875\n")
    words = ["evaluate", path, "--text-column", "answer", "--truth-column", "isco", "--by", "language", "--threshold", 0.5]
    words += ["--learning-curve", curve]
    done = crosswalk_once(*words, "--json", "--report", folder / "r.html")
    return json.loads(done.stdout), (folder / "r.html").read_text(encoding="utf-8")


CODED = [("bin man", "9611"), ("bus driver", "8331"), ("nurse", "2221"), ("welder", "7212"), ("carpenter", "7111"), ("doctor", "2212")] * 3


def test_the_page_shows_the_figures_of_json(evaluated: tuple[dict[str, object], str]) -> None:
    found, text = evaluated
    page, known = Page(text), set(numbers(found))
    assert len(page.values) > 150
    assert all(map(math.isfinite, known))
    strange = [value for value in page.values if value not in known]
    assert not strange
    quality: dict = found["quality"]  # type: ignore[assignment,type-arg]
    assert found["accuracy"] == quality["top_k"]["1"]["value"] in page.values
    assert found["ece"] == quality["calibration"]["ece"] in page.values
    assert quality["thresholds"]["chosen"]["threshold"] == 0.5
    assert found["learning_curve"]["points"] == [[0.25, 0.6875], [0.5, 0.75], [1.0, 0.8125]]  # type: ignore[index]


@promise("E7", "texts in a report are shown and do nothing, and it loads nothing from anywhere")
def test_hostile_texts_are_shown_and_do_nothing(evaluated: tuple[dict[str, object], str]) -> None:
    _, text = evaluated
    page = Page(text)
    assert not page.tags & {"script", "img", "iframe", "object", "embed", "form", "i"}
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert "<script>document.title" in page.words
    assert "{{7*7}}" in page.words
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert len(text) < 300_000


def test_nothing_is_loaded_from_anywhere(evaluated: tuple[dict[str, object], str]) -> None:
    _, text = evaluated
    page = Page(text)
    links = [value for name, value in page.attributes if name in {"src", "href", "xlink:href", "action", "data"}]
    assert links
    assert all(link.startswith(("#", "data:,")) for link in links)
    style = text[text.index("<style>") : text.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    assert "default-src 'none'" in text


def test_the_page_can_be_heard(evaluated: tuple[dict[str, object], str]) -> None:
    _, text = evaluated
    pictures = re.findall(r"<svg[^>]*>", text)
    assert len(pictures) == 4
    for opened in pictures:
        names = re.search(r'aria-labelledby="([^"]+)"', opened)
        assert names
        assert all(f'id="{name}"' in text for name in names.group(1).split())
    assert text.count("<th ") == text.count('<th scope="')
    ids = re.findall(r' id="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    for dimension in ("accuracy", "explainability", "reproducibility", "timeliness", "cost"):
        assert f'<section id="{dimension}"' in text


@promise("P4", "with --figures-only a report or JSON that is shared holds no text of the file")
def test_figures_only_has_no_text_of_the_file(crosswalk: Run, tmp_path: Path) -> None:
    path = tmp_path / "secret.csv"
    path.write_text("answer,isco\n" + "".join(f"zebracorp {text},{code}\n" for text, code in [*CODED, ("bus driver", "2212")]))
    words = ["evaluate", path, "--text-column", "answer", "--truth-column", "isco", "--threshold", 0.1]
    done = crosswalk(*words, "--json", "--figures-only", "--report", tmp_path / "r.html")
    assert "zebracorp" not in done.stdout + (tmp_path / "r.html").read_text()
    whole = crosswalk(*words, "--json", "--report", tmp_path / "r.html")
    assert "zebracorp" in whole.stdout
    assert "zebracorp" in (tmp_path / "r.html").read_text()


def chromium(page: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [
        str(CHROMIUM),
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--enable-logging=stderr",
        f"--user-data-dir={page.parent}/profile",
    ]
    return subprocess.run([*command, *words, f"file://{page}"], capture_output=True, text=True, check=True, timeout=240)


@pytest.mark.skipif(not CHROMIUM, reason="no chromium here")
def test_a_browser_opens_it_without_a_word_in_its_console(evaluated: tuple[dict[str, object], str], tmp_path: Path) -> None:
    control, report = tmp_path / "control.html", tmp_path / "report.html"
    control.write_text("<script>console.error('heard')</script>")
    report.write_text(evaluated[1])
    assert "CONSOLE" in chromium(control, "--dump-dom").stderr
    done = chromium(report, "--dump-dom")
    assert "CONSOLE" not in done.stderr
    assert "pwned" not in re.findall(r"<title>(.*?)</title>", done.stdout)[0]
    assert "<svg" in done.stdout


def test_svg_escapes_words_and_attributes() -> None:
    assert element("text", "<&>", x=1.0, class_='"') == '<text x="1" class="&#34;">&lt;&amp;&gt;</text>'
    drawn = picture("a", "<t>", "&", Frame((0, 1)).bar((0, 1), 0.5, "bar", "<w>"))
    assert "&lt;t&gt;" in drawn
    assert "&lt;w&gt;" in drawn


def test_points_lie_where_they_should() -> None:
    frame = Frame((0.0, 10.0))
    left, foot = frame.place(0, 0)
    right, top = frame.place(10, 1)
    assert frame.place(5, 0.5) == ((left + right) / 2, (foot + top) / 2)
    log = Frame((0.0, 99.0), log=True)
    assert log.place(9, 0)[0] == pytest.approx((left + right) / 2)
