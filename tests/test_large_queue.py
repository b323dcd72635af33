"""What a coder waits for does not grow with the queue: counted in steps of the database, since seconds depend on the machine.

benchmarks/trust.py queue measures a million cases.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.trust_queue import ORDERS, RUN, fill
from crosswalk.jobs.review import ReviewQueue
from crosswalk.store import schema, sqlite
from crosswalk.store.store import Store
from tests.promises import promise


@pytest.fixture(scope="module")
def queues(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A small queue and one of twenty times its size."""
    folder = tmp_path_factory.mktemp("queues")
    sizes = {folder / "small.db": 400, folder / "large.db": 8_000}
    for path, count in sizes.items():
        fill(path, count)
    return list(sizes)


def steps(store: Store, act: Callable[[], object]) -> int:
    """Steps that the database takes for it, in hundreds."""
    counted = []
    store.connection.set_progress_handler(lambda: counted.append(1), 100)
    act()
    store.connection.set_progress_handler(None, 0)
    return len(counted)


def of_keys(path: Path) -> dict[str, int]:
    found = {}
    with Store(path) as store:
        found["open"] = steps(store, lambda: ReviewQueue(store, RUN, "bert"))
        with ReviewQueue(store, RUN, "anna") as queue:
            for order in ORDERS:
                queue.order = order
                found[order] = steps(store, lambda: [queue.next(queue.next()) for _ in range(20)])
            found["back"] = steps(store, lambda: [queue.next(queue.next(), back=True) for _ in range(20)])
            found["decide"] = steps(
                store, lambda: [queue.decide(case, queue.accept(case), seconds=1) for _ in "ab" if (case := queue.next())]
            )
            found["history"] = steps(store, lambda: queue.history(queue.page(1)[0]))
            found["undo"] = steps(store, queue.undo)
    return found


@promise("U8", "a queue of a million cases opens within a second, and its next case comes at once, however long the queue is")
def test_what_a_key_does_costs_the_same_in_a_long_queue(queues: list[Path]) -> None:
    small, large = map(of_keys, queues)
    assert all(large[what] <= 2 * small[what] + 5 for what in small), (small, large)


@promise("U8")
def test_cases_are_counted_in_an_index_and_their_rows_read_for_pairs_alone(queues: list[Path]) -> None:
    said: list[str] = []
    with Store(queues[0]) as store, ReviewQueue(store, RUN, "anna") as queue:
        store.connection.set_trace_callback(said.append)
        queue.count()
        store.connection.set_trace_callback(None)
        plan = store.connection.execute(f"EXPLAIN QUERY PLAN {said[0]}").fetchall()
        work = [step[1] for step in store.connection.execute(f"EXPLAIN {said[0]}")]
    assert "USING INDEX cases_by_impact" in plan[0][3]
    assert "DeferredSeek" in work, "rows would be read, each at another place of the file"


@promise("U8")
def test_a_store_that_is_up_to_date_is_opened_without_the_migrations(queues: list[Path]) -> None:
    assert schema.migrations._migrations[-1].name == sqlite.NEWEST
    opened = "import sys; from pathlib import Path; from crosswalk.store.store import Store; Store(Path(sys.argv[1])); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", opened, str(queues[0])], capture_output=True, text=True, check=True)
    assert not {"sqlite_utils", "pandas"} & set(done.stdout.split())
