"""What /metrics tells: counts and times, never a text."""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 1.0, 5.0)
_TEXTS = (1, 2, 4, 8, 16, 32, 64)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Measures:
    """The measures of one service."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter("crosswalk_requests_total", "Requests answered.", ["route", "status"], registry=self._registry)
        self.seconds = Histogram(
            "crosswalk_request_seconds", "From request to answer.", ["route"], buckets=_SECONDS, registry=self._registry
        )
        self.batch = Histogram("crosswalk_model_batch_texts", "Texts in one call of the model.", buckets=_TEXTS, registry=self._registry)
        self.remembered = Counter("crosswalk_lookups_remembered_total", "Look-ups answered from memory.", registry=self._registry)

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        self.requests.labels(route, str(status)).inc()
        self.seconds.labels(route).observe(seconds)

    def page(self) -> bytes:
        """The text that Prometheus reads."""
        return generate_latest(self._registry)
