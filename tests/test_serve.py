import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from crosswalk import output
from crosswalk.coding.autocoder import Autocoder
from crosswalk.model import Query
from tests.conftest import Run, heed_signals
from tests.promises import promise

pytest.importorskip("fastapi", reason="the extra 'serve' is not installed")
from starlette.testclient import TestClient

from crosswalk.errors import UsageError
from crosswalk.serve.app import application
from crosswalk.serve.batching import Batcher, OverloadedError
from crosswalk.serve.measures import Measures
from crosswalk.serve.settings import Access, Limits

HERE = "http://127.0.0.1"
CANARY = "canary-7f3a"


@pytest.fixture(scope="module")
def coder() -> Autocoder:
    return Autocoder.open()


@pytest.fixture(scope="module")
def client(coder: Autocoder) -> Iterator[TestClient]:
    with client_of(coder) as client:
        yield client


def client_of(coder: Autocoder, access: Access | None = None, limits: Limits | None = None) -> TestClient:
    return TestClient(application(coder, "isco-08", access or Access(), limits or Limits(rate=10_000)), base_url=HERE)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A real service in a process of its own; gives its port. It ends quietly when it is told to."""
    environment = {**os.environ, "CROSSWALK_HOME": str(tmp_path_factory.mktemp("home"))}
    command = [sys.executable, "-c", "from crosswalk.cli import main; main()", "serve", "--port", "0", "--rate", "5000"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment, preexec_fn=heed_signals) as process:
        assert process.stderr
        yield int(re.search(r":(\d+) ", process.stderr.readline())[1])  # type: ignore[index]
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        assert process.stderr.read() == "stopped\n"


def test_a_look_up_is_what_the_command_prints(client: TestClient, coder: Autocoder) -> None:
    found = client.get("/lookup", params={"q": "bin man", "k": 3}).json()
    expected = output.coding_as_json(coder.code(["bin man"])[0], coder.classification, 3)
    assert [entry["code"] for entry in found["codes"]] == [entry["code"] for entry in expected["codes"]]  # type: ignore[attr-defined]
    assert found["none"] == pytest.approx(expected["none"], abs=1e-5)
    assert set(found) == set(expected)


def test_titles_come_in_the_language_asked_for(client: TestClient) -> None:
    assert client.get("/lookup", params={"q": "soudeur", "lang": "fr"}).json()["codes"][0]["title"].startswith("Soudeurs")
    assert "fr" in client.get("/languages").json()
    facts = client.get("/groups/2221", params={"lang": "da"}).json()
    assert facts["title"] == "Sygeplejerskearbejde"
    assert [group["code"] for group in facts["above"]] == ["222", "22", "2"]
    assert [group["code"] for group in facts["neighbours"]] == ["2222"]
    assert "Sygeplejerskearbejde" in facts["examples"]


def test_a_batch_is_answered_in_its_order_with_context(client: TestClient, coder: Autocoder) -> None:
    texts = ["nurse", "-97", {"text": "teacher", "context": {"subject": "mathematics in secondary school"}}]
    found = client.post("/code", json={"texts": texts, "k": 2}).json()
    assert [answer["text"] for answer in found] == ["nurse", "-97", "teacher"]
    assert found[1]["codes"] == []
    asked = Query("teacher", context={"subject": "mathematics in secondary school"})
    assert found[2]["codes"][0]["code"] == coder.code([asked])[0].best.code


@promise("W4", "titles in a call and letters in a title are limited")
@promise("W3", "a refusal does not repeat what was sent")
@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"texts": ["a"] * 1000}, 200), ({"texts": ["a"] * 1001}, 422), ({"texts": []}, 422), ({"texts": ["a" * 2000]}, 200),
        ({"texts": ["a" * 2001]}, 422), ({"texts": [CANARY], "more": 1}, 422), ({"texts": [{"text": 5}]}, 422), ([], 422),
        ({"texts": ["x" * 1900] * 999}, 413),
    ],
)  # fmt: skip
def test_batches_have_bounds_and_refusals_do_not_repeat_what_was_sent(client: TestClient, sent: object, status: int) -> None:
    answer = client.post("/code", json=sent)
    assert answer.status_code == status
    if status != 200:
        assert set(answer.json()) == {"error", "hint"}
        assert CANARY not in answer.text


def test_deep_or_broken_json_is_refused(client: TestClient) -> None:
    for body in (b"[" * 50_000, b"{", b"\xff", b'{"texts": ["a", NaN]}'):
        assert client.post("/code", content=body, headers={"content-type": "application/json"}).status_code in (400, 422)
        assert client.post("/reconcile", data={"queries": body.decode("latin-1")}).status_code == 422


def test_a_file_comes_back_as_the_command_writes_it(client: TestClient, crosswalk: Run, tmp_path: Path) -> None:
    source, out = tmp_path / "survey.csv", tmp_path / "coded.csv"
    source.write_text("id;job;tasks\n1;bin man;\n2;nurse;at night\n3;student;\n4;=1+1;\n", encoding="utf-8")
    crosswalk("code", source, "--text-column", "job", "--text-column", "tasks", "-o", out, "--store", tmp_path / "s.db")
    answer = client.post(
        "/code/file", params={"text_column": ["job", "tasks"]}, content=source.read_bytes(), headers={"content-type": "text/csv"}
    )
    assert answer.content == out.read_bytes()
    assert json.loads(answer.headers["crosswalk-summary"])["rows"] == 4


@promise("W6", "the name of an uploaded file is never a path here")
def test_a_file_that_cannot_be_coded_says_why_and_not_where_it_lay(client: TestClient) -> None:
    for body, column in ((b"id;job\n1;nurse\n", "occupation"), (b"", "job"), (b"PK\x03\x04broken", "job")):
        answer = client.post("/code/file", params={"text_column": column}, content=body)
        assert answer.status_code in (400, 422)
        assert "/tmp" not in answer.text
        assert "crosswalk-" not in answer.text


def test_the_token_is_asked_for_and_never_guessed(coder: Autocoder) -> None:
    with client_of(coder, Access("0.0.0.0", 1, "long-random-token-1")) as client:
        assert client.get("/").status_code == 200
        assert client.get("/reconcile").json()["authentication"]["in"] == "header"
        for wrong in ({}, {"authorization": "Bearer long-random-token-2"}, {"authorization": "long-random-token-1"}):
            for path in ("/lookup?q=nurse", "/metrics", "/reconcile?queries={}", "/openapi.json"):
                assert client.get(path, headers=wrong).status_code == 401
        assert client.get("/lookup?q=nurse", headers={"authorization": "Bearer long-random-token-1"}).status_code == 200


@promise("W5", "the service listens on this machine alone unless a token is given")
@pytest.mark.parametrize("access", [Access("0.0.0.0"), Access("::"), Access("example.org"), Access(token="short")])
def test_listening_wider_needs_a_token(access: Access) -> None:
    with pytest.raises(UsageError):
        access.checked()
    assert Access("127.0.0.9").checked().is_loopback
    assert Access("::1").checked().is_loopback


def test_the_command_refuses_to_listen_wide_without_a_token(crosswalk: Run) -> None:
    assert "CROSSWALK_TOKEN" in crosswalk("serve", "--host", "0.0.0.0", code=2).stderr


def test_pages_elsewhere_cannot_ask(client: TestClient) -> None:
    assert client.get("/health", headers={"host": "evil.example:8000"}).status_code == 421
    assert "access-control-allow-origin" not in client.get("/health", headers={"origin": "https://evil.example"}).headers
    refine = client.get("/health", headers={"origin": "http://127.0.0.1:3333"})
    assert refine.headers["access-control-allow-origin"] == "http://127.0.0.1:3333"


@promise("W12", "who asks too often waits")
def test_who_asks_too_often_waits(coder: Autocoder) -> None:
    with client_of(coder, limits=Limits(rate=5)) as client:
        statuses = [client.get("/languages").status_code for _ in range(30)]
        assert statuses[:10] == [200] * 10
        assert 429 in statuses
        assert client.get("/languages").headers.get("retry-after") == "1"


def test_every_answer_is_marked_as_safe(client: TestClient) -> None:
    for path in ("/", "/page.js", "/lookup?q=nurse", "/nothing", "/lookup"):
        headers = client.get(path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_look_ups_that_come_together_are_answered_together(coder: Autocoder) -> None:
    measures = Measures()
    texts = [f"nurse {number}" for number in range(60)]

    async def ask() -> list[str]:
        batcher = Batcher(coder, 100, measures)
        found = await asyncio.gather(*(batcher.look_up(text, 6) for text in texts))
        again = await batcher.look_up(texts[0], 6)
        with pytest.raises(OverloadedError):
            await batcher.code([Query("x")] * 101, 6)
        batcher.close()
        return [coding.query.text for coding in [*found, again]]

    assert asyncio.run(ask()) == [*texts, texts[0]]
    page = measures.page().decode()
    assert float(re.search(r"batch_texts_count (\S+)", page)[1]) <= 2  # type: ignore[index]
    assert "remembered_total 1.0" in page


def test_one_failure_of_the_model_does_not_stop_the_next_answer(coder: Autocoder, monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask() -> str:
        batcher = Batcher(coder, 100, Measures())
        with monkeypatch.context() as patch:
            patch.setattr(coder.retriever, "evidence", None)
            with pytest.raises(TypeError):
                await batcher.look_up("welder", 6)
        return (await batcher.look_up("welder", 6)).best.code

    assert asyncio.run(ask()) == "7212"


def test_measures_count_and_hold_no_text(client: TestClient) -> None:
    client.get("/lookup", params={"q": CANARY})
    page = client.get("/metrics").text
    assert 'crosswalk_requests_total{route="/lookup",status="200"}' in page
    assert CANARY not in page


def test_the_manifest_is_what_the_specification_asks_for(client: TestClient) -> None:
    manifest = client.get("/reconcile").json()
    assert "0.2" in manifest["versions"]
    assert {"name", "identifierSpace", "schemaSpace"} <= set(manifest)
    assert "{{id}}" in manifest["view"]["url"]
    assert "{{id}}" in manifest["preview"]["url"]
    assert isinstance(manifest["preview"]["width"], int)
    for name, suggest in manifest["suggest"].items():
        found = client.get(suggest["service_url"] + suggest["service_path"], params={"prefix": ""}).json()["result"]
        assert found, name
        assert all(entry["id"] and entry["name"] for entry in found)


def test_queries_are_reconciled_by_get_and_by_post(client: TestClient) -> None:
    queries = {"a": {"query": "soudeur", "limit": 3}, "b": {"query": "2221"}, "c": {"query": "welder", "type": "level-3", "limit": 1}}
    posted = client.post("/reconcile", data={"queries": json.dumps(queries)}).json()
    assert set(posted) == {"a", "b", "c"}
    welders = posted["a"]["result"]
    assert len(welders) == 3
    assert (welders[0]["id"], welders[0]["match"]) == ("7212", True)
    assert [entry["score"] for entry in welders] == sorted((entry["score"] for entry in welders), reverse=True)
    assert not any(entry["match"] for entry in welders[1:])
    assert posted["b"]["result"][0]["id"] == "2221"
    assert posted["c"]["result"][0]["id"] == "721"
    got = client.get(f"/reconcile?queries={quote(json.dumps(queries))}").json()
    assert [entry["id"] for entry in got["a"]["result"]] == [entry["id"] for entry in welders]


def test_properties_are_weighed_with_the_text(client: TestClient, coder: Autocoder) -> None:
    context = {"tasks": "teaches mathematics in secondary school"}
    query = {"query": "teacher", "properties": [{"pid": "tasks", "v": [context["tasks"]]}]}
    found = client.post("/reconcile", data={"queries": json.dumps({"q": query})}).json()["q"]["result"]
    assert found[0]["id"] == coder.code([Query("teacher", context=context)])[0].best.code


def test_data_extension_gives_values_and_no_more(client: TestClient) -> None:
    extend = {"ids": ["2221", "nothing"], "properties": [{"id": "title-fr"}, {"id": "level-3"}, {"id": "level"}, {"id": "unknown"}]}
    answer = client.post("/reconcile", data={"extend": json.dumps(extend)}).json()
    assert [entry["id"] for entry in answer["meta"]] == ["title-fr", "level-3", "level", "unknown"]
    assert answer["rows"]["2221"]["level-3"] == [{"id": "222", "name": "Nursing and Midwifery Professionals"}]
    assert answer["rows"]["2221"]["level"] == [{"int": 4}]
    assert answer["rows"]["2221"]["title-fr"][0]["str"]
    assert answer["rows"]["nothing"] == {"title-fr": [], "level-3": [], "level": [], "unknown": []}
    assert client.get("/reconcile/properties", params={"type": "level-4", "limit": 2}).json()["properties"][0]["id"] == "title"


def test_suggestions_begin_as_was_typed(client: TestClient) -> None:
    assert client.get("/reconcile/suggest/entity?prefix=2221").json()["result"][0]["id"] == "2221"
    nurses = client.get("/reconcile/suggest/entity?prefix=nurs").json()["result"]
    assert nurses[0]["name"].startswith("Nurs")
    assert client.get("/reconcile/suggest/entity?prefix=nurs&cursor=1").json()["result"] == nurses[1:]


def test_the_preview_may_be_framed_by_openrefine_alone(client: TestClient) -> None:
    page = client.get("/reconcile/preview?id=7212")
    assert "Welders" in page.text
    assert "frame-ancestors http://127.0.0.1:*" in page.headers["content-security-policy"]
    assert client.get("/reconcile/preview?id=<script>").status_code == 404


@promise("W1", "a request without end is cut off")
def test_a_body_without_end_is_cut_off_and_a_slow_one_given_up(service: int) -> None:
    with socket.create_connection(("127.0.0.1", service), timeout=30) as line:
        line.sendall(b"POST /code HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        answer = b""
        for _ in range(40):  # 2.6 MB, no length said
            try:
                line.sendall(chunk)
            except (BrokenPipeError, ConnectionResetError):
                break
        while b"\r\n" not in answer:
            answer += line.recv(4096)
        assert b" 413 " in answer.splitlines()[0]


@promise("W2", "slow clients do not hold up the others")
def test_slow_bodies_do_not_hold_the_service(coder: Autocoder) -> None:
    sent: list[int] = []

    async def ask() -> None:
        app = application(coder, "isco-08", Access(), Limits(body_seconds=0.2))

        async def receive() -> dict[str, object]:
            await asyncio.sleep(0.1)
            return {"type": "http.request", "body": b" ", "more_body": True}

        async def send(message: dict[str, object]) -> None:
            sent.append(int(str(message.get("status", 0))))

        scope = {"type": "http", "method": "POST", "path": "/code", "query_string": b"", "headers": [(b"host", b"localhost")]}
        await app(scope, receive, send)  # type: ignore[arg-type]

    asyncio.run(ask())
    assert sent[0] == 408


def test_many_ask_a_real_service_at_once(service: int) -> None:
    async def ask(number: int) -> dict[str, object]:
        reader, writer = await asyncio.open_connection("127.0.0.1", service)
        writer.write(f"GET /lookup?q=cook{number}&k=1 HTTP/1.1\r\nHost: 127.0.0.1:{service}\r\nConnection: close\r\n\r\n".encode())
        answer = (await reader.read()).split(b"\r\n\r\n", 1)[1]
        writer.close()
        return dict(json.loads(answer))

    async def all_at_once() -> list[dict[str, object]]:
        return await asyncio.gather(*(ask(number) for number in range(100)))

    assert [found["text"] for found in asyncio.run(all_at_once())] == [f"cook{number}" for number in range(100)]


def test_a_port_in_use_is_said(service: int, crosswalk: Run) -> None:
    assert f"cannot listen on 127.0.0.1:{service}" in crosswalk("serve", "--port", service, code=2).stderr


@pytest.mark.skipif(not Path("/usr/bin/chromium").exists(), reason="Chromium is not installed")
def test_the_page_shows_codes_and_a_group_in_the_browsers_language(service: int, tmp_path: Path) -> None:
    command = [
        "/usr/bin/chromium", "--headless", "--no-sandbox", "--disable-gpu", "--lang=fr", "--accept-lang=fr", f"--user-data-dir={tmp_path}",
        "--virtual-time-budget=20000", "--dump-dom", f"http://127.0.0.1:{service}/?q=soudeur#7212",
    ]  # fmt: skip
    dom = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False).stdout
    assert re.search(r'<span class="code">7212</span><span lang="fr">Soudeurs', dom)
    assert "<h2>7212 Soudeurs" in dom
    assert "6 codes for" in dom
