"""Texts to pieces, as a tokenizer.json has them: by the tokenizers package, or by hand where a few plain words are asked for.

The package takes a quarter of a second to read 90,000 pieces, a third of what a look-up takes from the command line. A few words of plain
letters are cut by the same rule without it: of all ways to put a word together from pieces the likeliest, of equals the first found.
"""

import json
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from crosswalk.errors import ModelError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_REMEMBERED = 1 << 16
_FEW = 64
_LONGEST_WORD = 40
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_UNKNOWN_COSTS = 10.0  # below the least likely piece, as in tokenizers


class Pieces:
    """The pieces of texts, by number. Safe to share between threads: what is opened or remembered twice is the same."""

    def __init__(self, definition: bytes, where: str) -> None:
        self._definition = definition
        self._where = where
        self._by_hand: _PlainPieces | None = None
        self._cut_by_hand = 0
        self._tokenizer: Tokenizer | None = None
        self._word_by_word = False
        self._known: dict[str, list[int]] = {}

    def tokenizer(self) -> "Tokenizer":
        """The package's own, opened when it is needed first. Raises ModelError when it cannot be."""
        if self._tokenizer is None:
            from tokenizers import Tokenizer

            try:
                tokenizer = Tokenizer.from_buffer(self._definition)
            except ValueError as error:
                raise self._damaged(error) from None
            tokenizer.no_padding()
            tokenizer.no_truncation()
            self._word_by_word = type(tokenizer.pre_tokenizer).__name__ == "WhitespaceSplit"
            self._tokenizer, self._by_hand = tokenizer, None
        return self._tokenizer

    def of(self, texts: Sequence[str]) -> list[list[int]]:
        """The texts' pieces. Where words are cut apart from each other, a word that was met before is not cut again."""
        words = [text.split(" ") for text in texts]
        if self._tokenizer is None and self._are_few_and_plain(words):
            by_hand = self._by_hand or self._read()
            if by_hand is not None:
                return by_hand.of(words)
        tokenizer = self.tokenizer()
        if not self._word_by_word:
            return [reading.ids for reading in tokenizer.encode_batch_fast(texts, add_special_tokens=False)]
        known = self._known
        new = [word for word in dict.fromkeys(chain.from_iterable(words)) if word not in known]
        if len(known) + len(new) > _REMEMBERED:
            self._known = known = {}
            new = list(dict.fromkeys(chain.from_iterable(words)))
        if new:
            readings = tokenizer.encode_batch_fast(new, add_special_tokens=False)
            known.update(zip(new, [reading.ids for reading in readings], strict=True))
        return [list(chain.from_iterable(map(known.__getitem__, several))) for several in words]

    def _are_few_and_plain(self, words: Sequence[Sequence[str]]) -> bool:
        self._cut_by_hand += sum(map(len, words))
        return self._cut_by_hand <= _FEW and all(
            len(word) <= _LONGEST_WORD and _PLAIN.issuperset(word) for word in chain.from_iterable(words)
        )

    def _read(self) -> "_PlainPieces | None":
        """What cuts plain words by hand; None where the definition is of another kind."""
        try:
            read = json.loads(self._definition)
            if not _leaves_plain_words(read):
                return None
            self._by_hand = _PlainPieces(read["model"])
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise self._damaged(error) from None
        return self._by_hand

    def _damaged(self, error: Exception) -> ModelError:
        return ModelError(f"the encoder's tokenizer.json cannot be read ({error!r})", where=self._where, hint="install crosswalk again")


class _PlainPieces:
    """Cuts words with a unigram model: each piece has a logarithm of its share, and the sum is to be the largest."""

    def __init__(self, model: Mapping[str, Any]) -> None:
        self._vocabulary: list[tuple[str, float]] = model["vocab"]
        self._unknown: int = model["unk_id"]
        self._least: float = min(score for _, score in self._vocabulary) - _UNKNOWN_COSTS

    def of(self, words: Sequence[Sequence[str]]) -> list[list[int]]:
        """Numbers of the pieces of texts that are given word by word."""
        several = set(chain.from_iterable(words))
        parts = {word[begin:end] for word in several for begin in range(len(word)) for end in range(begin + 1, len(word) + 1)}
        known = {piece: (number, score) for number, (piece, score) in enumerate(self._vocabulary) if piece in parts}
        return [list(chain.from_iterable(self._cut(word, known) for word in text)) for text in words]

    def _cut(self, word: str, known: Mapping[str, tuple[int, float]]) -> list[int]:
        """Letters no piece has, however many in a row, are one unknown piece."""
        best: list[tuple[float, int, int]] = [(0.0, 0, -1)]  # of every beginning of the word: sum, where its last piece begins, its number
        best += [(float("-inf"), 0, -1)] * len(word)
        for begin in range(len(word)):
            before = best[begin][0]
            for end in range(begin + 1, len(word) + 1):
                number, score = known.get(word[begin:end], (self._unknown, self._least if end == begin + 1 else float("-inf")))
                if before + score > best[end][0]:
                    best[end] = (before + score, begin, number)
        return self._followed_back(best)

    def _followed_back(self, best: Sequence[tuple[float, int, int]]) -> list[int]:
        pieces: list[int] = []
        end = len(best) - 1
        while end > 0:
            _, end, number = best[end]
            if not (number == self._unknown and pieces and pieces[-1] == self._unknown):
                pieces.append(number)
        return pieces[::-1]


def _leaves_plain_words(definition: Mapping[str, Any]) -> bool:
    """Whether this is a unigram model that sees words of plain small letters and digits as they are written."""
    model, normalizer = definition["model"], definition.get("normalizer") or {"type": "Sequence", "normalizers": []}
    steps = normalizer.get("normalizers", [normalizer])
    unigram = model.get("type") == "Unigram" and not model.get("byte_fallback") and isinstance(model.get("unk_id"), int)
    word_by_word = (definition.get("pre_tokenizer") or {}).get("type") == "WhitespaceSplit"
    return unigram and word_by_word and not definition.get("added_tokens") and all(map(_spares, steps))


def _spares(step: Mapping[str, Any]) -> bool:
    if step.get("type") != "Replace":
        return step.get("type") in ("NFKD", "NFKC", "NFD", "NFC", "Lowercase", "StripAccents")
    pattern = step["pattern"]
    return pattern.get("Regex") == _NO_LETTERS or not pattern.get("String", "a").isascii()


_NO_LETTERS = r"[^\p{L}\p{N}+#]+"
