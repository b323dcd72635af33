"""kill -9 at random moments of map, code and review, and whether the finished output is that of an unbroken run, byte for byte.

Each run is a process of its own, forked from one that has opened the index already (which takes longer than the run); it opens the store
itself. Chunks are made small, so that the moments fall between and inside many transactions; what a chunk is coded to is remembered from
the first run, since the same texts are coded thousands of times.
"""

import os
import random
import shutil
import signal
import time
import traceback
from collections.abc import Callable, Collection
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import faiss

from crosswalk import Autocoder
from crosswalk.coding.rules import Rules
from crosswalk.files.readers import read_table
from crosswalk.jobs import answers, batch, census, export, mapping
from crosswalk.jobs.answers import AnswerColumns
from crosswalk.jobs.review import ReviewQueue
from crosswalk.model import Coding, Decision
from crosswalk.store.store import Store

Tell = Callable[[str], None]
Work = Callable[[Path, Path, Tell], None]
"""Does the whole job: with the store, into the output file; tells what is acknowledged."""

_LONGEST = 300
"""Seconds after which a run, which takes one, is taken to hang."""

NOUNS = ["driver", "cook", "nurse", "clerk", "teacher", "welder", "guard", "farmer"]
PLACES = ["school", "ship", "hotel", "mine", "bank", "farm", "harbour"]


@dataclass
class Found:
    """What came of the kills. ``phases``: how far the run was when it was killed, in tenths of its usual time."""

    killed: int = 0
    equal: int = 0
    lost: int = 0
    acknowledged: int = 0
    phases: list[int] = field(default_factory=lambda: [0] * 10)

    def add(self, more: "Found") -> None:
        """Count those too."""
        self.killed, self.equal = self.killed + more.killed, self.equal + more.equal
        self.lost, self.acknowledged = self.lost + more.lost, self.acknowledged + more.acknowledged
        self.phases = [one + other for one, other in zip(self.phases, more.phases, strict=True)]


def works(folder: Path) -> dict[str, Work]:
    """The three jobs, over files made in ``folder``; what they import late is imported, so that a fork is cheap."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    census.CHUNK, batch._CHUNK = 16, 16
    faiss.omp_set_num_threads(1)  # a fork of a process that has searched with more waits for threads it does not have
    coder = Autocoder.open("isco-08")
    chance = random.Random(11)
    texts = [f"{chance.choice(NOUNS)} {chance.choice(PLACES)} {n % 40}" for n in range(100)]
    (folder / "survey.csv").write_text("id,job\n" + "".join(f"{n},{text}\n" for n, text in enumerate(texts)))
    (folder / "items.csv").write_text("code,title\n" + "".join(f"{1000 + n // 4},{text}\n" for n, text in enumerate(texts)))
    coder.code = _remembered(coder.code)  # type: ignore[method-assign] - kills fall on store and files, not on arithmetic done a thousand times
    answers.Autocoder.open = lambda *_words, **_more: coder  # type: ignore[method-assign, assignment] - opened once, before the forks
    found: dict[str, Work] = {
        "code": partial(_code, coder, folder / "survey.csv"),
        "map": partial(_map, coder, folder / "items.csv"),
        "review": partial(_review, coder),
    }
    for name, store in (("code", "code.db"), ("map", "map.db"), ("review", "map.db")):
        found[name](folder / store, folder / f"warm-{name}.csv", _quiet)  # imports what is imported late; every store is closed again
    return found


def _remembered(code: Callable[..., list[Coding]]) -> Callable[..., list[Coding]]:
    """The same call, answered from memory the second time; what is asked for is told by its words."""
    known: dict[str, list[Coding]] = {}

    def answered(*asked: object, **more: object) -> list[Coding]:
        words = repr((asked, more))
        if words not in known:
            known[words] = code(*asked, **more)
        return known[words]

    return answered


def _quiet(*_: object) -> None:
    """Nobody looks."""


def _code(coder: Autocoder, source: Path, store: Path, out: Path, _tell: Tell) -> None:
    read = partial(read_table, source)
    job = census.CodingJob(read(), read, out, AnswerColumns(("job",)), "isco-08", Rules(), 0.85, 1, "r")
    with Store(store) as kept:
        census.code_file(job, coder, kept, lambda _what, _unit: nullcontext(_quiet), _quiet)


def _map(coder: Autocoder, source: Path, store: Path, out: Path, _tell: Tell) -> None:
    with Store(store) as kept:
        mapping.map_table(read_table(source), mapping.MappingColumns("code", "title"), coder, kept, "r", _quiet, _quiet)
        export.export_run(kept, "r", coder.classification, out)


def _review(coder: Autocoder, store: Path, out: Path, tell: Tell) -> None:
    """A coder goes through a mapped classification: what is chosen depends on the case alone, so that every way ends the same."""
    with Store(store) as kept:
        with ReviewQueue(kept, "r", "anna") as queue:
            while case := queue.next():
                number = int(case.key) % 5
                decision = Decision("reject") if number == 0 or not case.proposed else queue.accept(case)
                if number == 1 and len(case.codes) > 1:
                    decision = queue.choose(case, case.codes[1].code)
                tell(f"{queue.decide(case, decision, seconds=1).kept.seq} {case.key}")
        export.export_run(kept, "r", coder.classification, out)


def interrupted(work: Work, folder: Path, count: int, *, prepare: Callable[[Path], None] = _quiet, seed: int = 1) -> Found:
    """Kill a job ``count`` times at random moments, complete it each time and compare; ``prepare`` makes the store it begins with."""
    chance, found = random.Random(seed), Found()
    prepare(folder / "whole.db")
    begun = time.perf_counter()
    _complete(work, folder / "whole.db", folder / "whole.csv")
    usual, whole = time.perf_counter() - begun, _outputs(folder, "whole")
    while found.killed < count:
        for left in folder.glob("broken*"):
            left.unlink()
        prepare(folder / "broken.db")
        moment = chance.uniform(0, usual)
        said = _killed_after(moment, work, folder / "broken.db", folder / "broken.csv")
        if said is None:
            usual = max(usual * 0.95, 0.01)
            continue
        found.killed += 1
        found.phases[min(int(10 * moment / usual), 9)] += 1
        found.lost += _missing(folder / "broken.db", said)
        found.acknowledged += len(said)
        begun = time.perf_counter()
        _complete(work, folder / "broken.db", folder / "broken.csv")
        usual = 0.95 * usual + 0.05 * (time.perf_counter() - begun + moment)
        found.equal += _outputs(folder, "broken") == whole
    return found


def killed(folder: Path, count: int, seconds: float, jobs: Collection[str]) -> dict[str, Found]:
    """``count`` kills of each of these jobs in turn, as many as fit in ``seconds``."""
    every, end = works(folder), time.monotonic() + seconds
    every["map"](folder / "begin.db", folder / "begin.csv", _quiet)
    made = {name: every[name] for name in jobs}
    found = {name: Found() for name in made}
    for turn in range(-(-count // 25)):
        for name, work in made.items():
            place = folder / f"{name}-{turn}"
            place.mkdir()
            prepare = partial(shutil.copy, folder / "begin.db") if name == "review" else _quiet
            found[name].add(interrupted(work, place, min(25, count - 25 * turn), prepare=prepare, seed=turn))
            shutil.rmtree(place)
        if time.monotonic() > end:
            break
    return found


def _outputs(folder: Path, name: str) -> dict[str, bytes]:
    """All files written, without their common beginning."""
    return {path.name.removeprefix(name): path.read_bytes() for path in folder.glob(f"{name}*.csv")}


def _missing(store: Path, said: list[str]) -> int:
    """Acknowledged decisions that are not in the log."""
    if not said:
        return 0
    with Store(store) as kept:
        log = {decision.seq: decision.key for decision in kept.decisions.log()}
        kept.decisions.verify()
    return sum(log.get(int(seq)) != key for seq, key in (line.split() for line in said))


def _complete(work: Work, store: Path, out: Path) -> None:
    child, reader = _started(work, store, out)
    os.close(reader)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code != 0:
        raise AssertionError(f"the run could not be completed: exit {code}")


def _killed_after(seconds: float, work: Work, store: Path, out: Path) -> list[str] | None:
    """Start a run and kill it; gives what it had acknowledged, None where it was done before."""
    child, reader = _started(work, store, out)
    time.sleep(seconds)
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    with os.fdopen(reader, encoding="utf-8") as told:
        lines = [line for line in told.read().splitlines(keepends=True) if line.endswith("\n")]
    return lines if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL else None


def _tell(writer: int, line: str) -> None:
    with suppress(BrokenPipeError):  # nobody listens to a run that is only completed
        os.write(writer, f"{line}\n".encode())


def _started(work: Work, store: Path, out: Path) -> tuple[int, int]:
    """A run in a process of its own: its id, and where it tells what is acknowledged."""
    reader, writer = os.pipe()
    child = os.fork()
    if child:
        os.close(writer)
        return child, reader
    code = 1
    try:
        signal.alarm(_LONGEST)  # one that hangs is a failure, not a wait
        os.close(reader)
        work(store, out, partial(_tell, writer))
        code = 0
    except BaseException:  # noqa: BLE001 - a fork must not go on as its parent
        traceback.print_exc()
    finally:
        os._exit(code)
