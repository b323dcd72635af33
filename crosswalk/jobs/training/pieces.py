"""The encoder's tokenizer, the n-grams its pieces are made of, and noisy readings of titles for training."""

import json
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

START = "▁"  # marks a word's beginning
LETTERS = {"ß": "ss", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "ŋ": "n", "ς": "σ"}
_CYRILLIC = (
    "а a б b в v г g д d е e ж z з z и i й i к k л l м m н n о o п p р r с s т t у u ф f х h ц c ч c ш s щ st ъ a ь j ю ju я ja ы i э e"
)
_GREEK = "α a β v γ g δ d ε e ζ z η i θ th ι i κ k λ l μ m ν n ξ x ο o π p ρ r σ s τ t υ i φ f χ h ψ ps ω o"
_PAIRS = f"{_CYRILLIC} {_GREEK}".split()
LATIN = str.maketrans(dict(zip(_PAIRS[::2], _PAIRS[1::2], strict=True)))


def normalizer() -> normalizers.Normalizer:
    """NFKD, lower case, no accents; what is neither letter, digit, + nor # becomes a space."""
    letters = [normalizers.Replace(letter, plain) for letter, plain in LETTERS.items()]
    return normalizers.Sequence([
        normalizers.NFKD(), normalizers.Lowercase(), normalizers.StripAccents(), *letters,
        normalizers.Replace(Regex(r"[^\p{L}\p{N}+#]+"), " "),
    ])  # fmt: skip


def _empty(model: models.Model, marked: bool) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizer()
    tokenizer.pre_tokenizer = (
        pre_tokenizers.Metaspace(replacement=START, prepend_scheme="always") if marked else pre_tokenizers.WhitespaceSplit()
    )
    return tokenizer


def train_tokenizer(texts: Sequence[str], words: int, parts: int, longest: int, marked: bool) -> Tokenizer:
    """A unigram tokenizer: the `words` commonest whole words and `parts` parts of words; id 0 is the unknown piece.

    Parts are learned from the distinct words, so that rare compounds count as much as common words.
    """
    rules = _empty(models.Unigram(), marked)
    counts = Counter(word for text in texts for word, _ in rules.pre_tokenizer.pre_tokenize_str(rules.normalizer.normalize_str(text)))
    counts.pop(START, None)
    trainer = trainers.UnigramTrainer(
        vocab_size=parts, unk_token="<unk>", special_tokens=["<unk>"], max_piece_length=longest, show_progress=False
    )
    learner = Tokenizer(models.Unigram())
    learner.train_from_iterator(sorted(counts), trainer)
    scores = {str(piece): float(score) for piece, score in _vocabulary(learner)}
    total = sum(counts.values())
    for word, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:words]:
        if count >= 2:
            scores[word] = max(float(np.log(count / total)), scores.get(word, -99.0))
    lowest = min(scores.values())
    for letter in sorted({letter for word in counts for letter in word}):
        scores.setdefault(letter, lowest)
    scores.pop("<unk>", None)
    return _empty(models.Unigram([("<unk>", 0.0), *scores.items()], unk_id=0), marked)


def _vocabulary(tokenizer: Tokenizer) -> list[list[Any]]:
    pieces: list[list[Any]] = json.loads(tokenizer.to_str())["model"]["vocab"]
    return pieces


def thinned(tokenizer: Tokenizer, share: float, rng: np.random.Generator) -> Tokenizer:
    """The same tokenizer with a random share of its longer pieces made useless: another segmentation of the same ids."""
    content = json.loads(tokenizer.to_str())
    for piece in content["model"]["vocab"]:
        if len(piece[0]) > 2 and rng.random() < share:
            piece[1] = -200.0
    return Tokenizer.from_str(json.dumps(content, ensure_ascii=False))


@dataclass(frozen=True)
class Bags:
    """Lists of ids laid end to end: list i is ids[starts[i]:starts[i + 1]]."""

    ids: np.ndarray
    starts: np.ndarray

    @classmethod
    def of(cls, lists: Sequence[Sequence[int]]) -> "Bags":
        """Lay lists end to end."""
        starts = np.zeros(len(lists) + 1, dtype=np.int64)
        np.cumsum(np.fromiter(map(len, lists), dtype=np.int64, count=len(lists)), out=starts[1:])
        ids = np.fromiter((i for one in lists for i in one), dtype=np.int32, count=int(starts[-1]))
        return cls(ids, starts)

    def take(self, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """ids of the chosen lists laid end to end, and their lengths."""
        lengths = self.starts[which + 1] - self.starts[which]
        ends = np.cumsum(lengths)
        positions = np.arange(ends[-1] if len(ends) else 0) + np.repeat(self.starts[which] - (ends - lengths), lengths)
        return self.ids[positions].astype(np.int64), lengths


def piece_ngrams(tokenizer: Tokenizer, shortest: int, longest: int, seldom: int) -> tuple[Bags, int]:
    """Every piece's character n-grams, in Latin letters whatever its script, that at least `seldom` pieces share."""
    words = [str(piece[0]).translate(LATIN) for piece in _vocabulary(tokenizer)]
    found = [{word[i : i + n] for n in range(shortest, longest + 1) for i in range(len(word) - n + 1)} for word in words]
    found[0] = set()
    counts = Counter(gram for grams in found for gram in grams)
    number = {gram: i for i, gram in enumerate(sorted(gram for gram, count in counts.items() if count >= seldom))}
    return Bags.of([sorted(number[gram] for gram in grams if gram in number) for grams in found]), len(number)


def with_typo(text: str, rng: np.random.Generator) -> str:
    """One random edit: a letter dropped, doubled, replaced by a neighbour in the text, or swapped."""
    if len(text) < 4:
        return text
    at, kind, other = int(rng.integers(1, len(text) - 1)), int(rng.integers(4)), text[int(rng.integers(len(text)))]
    if kind == 0:
        return text[:at] + text[at + 1 :]
    if kind == 1:
        return text[:at] + other + text[at:]
    if kind == 2:
        return text[:at] + other + text[at + 1 :]
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def plain(text: str) -> str:
    """The text without accents."""
    return "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))


def noisy_readings(tokenizer: Tokenizer, texts: Sequence[str], readings: int, thin: tuple[float, float], typos: float, seed: int) -> Bags:
    """`readings` segmentations of each text (text-major), the first as it is, the others from thinned tokenizers and with typos."""
    rng = np.random.default_rng(seed)
    rounds = []
    for reading in range(readings):
        reader = tokenizer if reading == 0 else thinned(tokenizer, float(rng.uniform(*thin)), rng)
        chosen = rng.random(len(texts)) < (typos if reading else 0.0)
        noisy = [with_typo(text, rng) if flip else text for text, flip in zip(texts, chosen, strict=True)]
        rounds.append(
            [[i for i in encoding.ids if i] or encoding.ids for encoding in reader.encode_batch_fast(noisy, add_special_tokens=False)]
        )
    return Bags.of([one[i] for i in range(len(texts)) for one in rounds])
