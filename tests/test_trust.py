"""docs/trust.md says what the tests keep, and nothing else."""

from docs import make_trust


def test_the_page_is_made_from_the_tests() -> None:
    page = make_trust.ROOT / "docs" / "trust.md"
    assert page.read_text(encoding="utf-8") == make_trust.trust(), "run: python docs/make_trust.py"


def test_no_row_of_the_first_priority_is_open() -> None:
    assert make_trust.open_rows(1) == []
