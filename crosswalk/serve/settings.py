"""What a service may do: who may ask, and how much."""

import os
from dataclasses import dataclass
from ipaddress import ip_address

from crosswalk.errors import UsageError

SHORTEST_TOKEN = 16


@dataclass(frozen=True)
class Limits:
    """Bounds of one request and of one address. Sizes are bytes, times seconds."""

    body: int = 1_000_000
    upload: int = 20_000_000
    body_seconds: float = 15.0
    texts: int = 1_000
    waiting: int = 5_000
    rate: int = 400
    """Requests a second from one address; twice as many at once."""


@dataclass(frozen=True)
class Access:
    """Where the service listens, and the word that those must say who ask from elsewhere."""

    host: str = "127.0.0.1"
    port: int = 8000
    token: str = ""

    @property
    def is_loopback(self) -> bool:
        """Whether this machine alone can ask."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    def checked(self) -> "Access":
        """These settings. Raises UsageError where others could ask without a token."""
        if not self.is_loopback and not self.token:
            raise UsageError(
                f"listening on {self.host} lets other machines ask, and there is no token",
                hint="set CROSSWALK_TOKEN to a long random word, or leave --host away",
            )
        if self.token and len(self.token) < SHORTEST_TOKEN:
            raise UsageError(
                f"the token is shorter than {SHORTEST_TOKEN} characters", where="CROSSWALK_TOKEN", hint="take a long random word"
            )
        return self


def keep_to_one_thread() -> None:
    """Before numpy and faiss are loaded: pools of threads make single look-ups wait for each other's cores."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
