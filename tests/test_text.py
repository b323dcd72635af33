import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk.text import clean, fold, normalise
from tests.promises import promise


@promise("T6", "zero-width characters and soft hyphens do not count in matching")
@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Lecturer, university: law", "university lecturer law"),
        ("manager, HR", "hr manager"),
        ("Lehrer/in (m/w/d)", "lehrer"),
        ("Lehrer/-in", "lehrer"),
        ("Lehrer*in", "lehrer"),
        ("Krankenpfleger(in)", "krankenpfleger"),
        ("abogado/a", "abogado"),
        ("Abatteur / Abatteuse de carrière", "abatteur de carrière"),
        ("Ingénieur (H/F)", "ingénieur"),
        ("I am a nurse", "nurse"),
        ("infirmière de l'hôpital", "infirmière de l hôpital"),
        ("nurse's aide", "nurses aide"),
        ("C++ developer", "c++ developer"),
        ("C# developer", "c# developer"),
        ("DATA   ANALYST", "data analyst"),
        ("ＤＡＴＡ analyst", "data analyst"),
        ("data\u200b analyst", "data analyst"),
        ("sales/marketing manager", "sales marketing manager"),
        ("...", ""),
    ],
)
def test_titles_are_compared_in_one_form(written: str, expected: str) -> None:
    assert normalise(written) == expected


@promise("T14", "C, C++ and C# stay apart")
def test_c_and_c_plus_plus_stay_apart() -> None:
    assert len({normalise("C developer"), normalise("C++ developer"), normalise("C# developer")}) == 3


@given(st.text(max_size=300))
def test_any_text_gets_a_normal_form_without_control_characters(text: str) -> None:
    form = normalise(clean(text))
    assert "\x1b" not in form
    assert form == form.strip()
    assert "  " not in form


@promise("T5", "an accent written in one sign or two is the same in matching")
@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_composed_and_decomposed_accents_are_the_same(text: str) -> None:
    import unicodedata

    assert normalise(clean(unicodedata.normalize("NFD", text))) == normalise(clean(unicodedata.normalize("NFC", text)))


@given(st.characters(max_codepoint=0x9F))
def test_no_control_character_survives_cleaning(letter: str) -> None:
    shown = clean(f"a{letter}b")
    assert all(ord(c) >= 32 and not 0x7F <= ord(c) < 0xA0 for c in shown if c not in "\n\t")


def test_folding_takes_accents_off() -> None:
    assert fold("sjuksköterska") == "sjukskoterska"
    assert fold("łódź ærø straße") == "lodz aero strasse"
