"""A coder's process for tests and benchmarks: python -m tests.postgres_coder ADDRESS NAME SECONDS

It prints "SEQ KEY STALE" for each decision that was acknowledged, waits for a server that goes away, and gives up after so many seconds.
It imports the store alone, so that fifty start quickly.
"""

import sys
import time

from crosswalk.errors import StoreError
from crosswalk.model import Decision
from crosswalk.store.case_rows import CaseFilter
from crosswalk.store.store import Store


def decide_all(address: str, name: str, seconds: float) -> None:
    """Take and accept case after case until there is none."""
    store = coder = None
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            store = store or Store(address)
            coder = coder or store.sessions.begin(name)
            case = store.cases.lease_next("r", CaseFilter(), "impact", coder.session, name)
            if case is None:
                return
            outcome = store.decisions.decide(case.id, Decision("accept", case.proposed), coder, seen=case.version, seconds=0.1)
        except StoreError as error:
            sys.stderr.write(f"{error}\n")
            time.sleep(0.2)
        else:
            sys.stdout.write(f"{outcome.kept.seq} {case.key} {int(outcome.stale)}\n")
            sys.stdout.flush()
    raise TimeoutError


if __name__ == "__main__":
    decide_all(sys.argv[1], sys.argv[2], float(sys.argv[3]))
