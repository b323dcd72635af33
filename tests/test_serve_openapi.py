"""What /openapi.json promises holds for whatever is sent: schemathesis writes the requests."""

import pytest

pytest.importorskip("fastapi", reason="the extra 'serve' is not installed")
schemathesis = pytest.importorskip("schemathesis")

from hypothesis import HealthCheck, given, settings  # noqa: E402

from crosswalk.coding.autocoder import Autocoder  # noqa: E402
from crosswalk.serve.app import application  # noqa: E402
from crosswalk.serve.settings import Access, Limits  # noqa: E402

_ALL_VALID_IS_ACCEPTED = schemathesis.checks.positive_data_acceptance
"""Not promised: a file may lack the column that is named, a form may hold what is no JSON."""


@pytest.fixture(scope="module")
def api() -> object:
    app = application(Autocoder.open(), "isco-08", Access(), Limits(rate=10_000))

    async def asked_here(scope, receive, send):  # type: ignore[no-untyped-def]
        """The test client's own host name is not one that the service answers to."""
        if scope["type"] == "http":
            scope["headers"] = [(name, b"localhost" if name == b"host" else value) for name, value in scope["headers"]]
        await app(scope, receive, send)

    return schemathesis.openapi.from_asgi("/openapi.json", asked_here)


def test_the_service_keeps_its_promises(api: object) -> None:
    operations = [result.ok() for result in api.get_all_operations()]  # type: ignore[attr-defined]
    assert {operation.path for operation in operations} >= {"/lookup", "/code", "/code/file", "/reconcile", "/groups/{code}"}
    for operation in operations:

        @given(case=operation.as_strategy())
        @settings(max_examples=8, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        def keeps(case: object) -> None:
            case.call_and_validate(excluded_checks=[_ALL_VALID_IS_ACCEPTED])  # type: ignore[attr-defined]

        keeps()
