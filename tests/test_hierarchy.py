import pytest

from crosswalk.jobs.hierarchy import groups
from tests.conftest import ROOT, SHARED, needs_shared


@pytest.mark.parametrize(
    "codes",
    [
        [str(number) for number in range(1, 12)],
        [str(number) for number in range(1, 240)],
        sorted(str(number) for number in range(1, 240)),
        ["1", "2", "10"],
        [f"A{number}" for number in range(1, 31)],
        ["110", "1101", "1102", *[str(number) for number in range(2000, 2100)]],
        ["11", "1"],
        ["1", "11", "123"],
        ["1", "1.5", "110", "2"],
    ],
)
def test_codes_that_merely_count_have_no_groups(codes: list[str]) -> None:
    assert groups(codes) == set()


@pytest.mark.parametrize(
    ("codes", "found"),
    [
        (["1", "11", "111", "1111"], {"1", "11", "111"}),
        (["1", "11", "12", "}}}"], {"1"}),
        (["1", "2", "11", "12", "21", "22"], {"1", "2"}),
        (["A", "A1", "A2", "B", "B1"], {"A", "B"}),
        (["1111", "1111.01", "1111.02", "1112", "1112.01"], {"1111", "1112"}),
    ],
)
def test_a_classification_with_its_levels_has_groups(codes: list[str], found: set[str]) -> None:
    assert groups(codes) == found


def test_isco_08_has_its_groups_in_either_order() -> None:
    lines = (ROOT / "data" / "isco-08" / "groups.tsv").read_text(encoding="utf-8").splitlines()[1:]
    codes = [line.split("\t")[0] for line in lines]
    upper = {code for code in codes if len(code) < 4}
    assert groups(codes) == upper
    assert groups(sorted(codes, key=lambda code: (len(code), code))) == upper
    assert groups(code for code in codes if len(code) == 4) == set()


@needs_shared
@pytest.mark.parametrize(
    ("name", "count"), [("canada_noc2021/titles_en.csv.gz", 0), ("esco_tables/svn_sl.csv.gz", 0), ("esco_tables/cze_cs.csv.gz", 158)]
)
def test_national_tables_have_the_groups_they_list(name: str, count: int) -> None:
    from crosswalk.files.columns import guess_code
    from crosswalk.files.readers import read_table

    table = read_table(SHARED / "national" / name)
    place = table.columns.index(str(guess_code(table.columns)))
    assert len(groups(row[place] for row in table.rows)) == count
