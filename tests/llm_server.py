"""A small OpenAI-compatible server for tests and benchmarks: python tests/llm_server.py [--delay S]. It prints its port.

How it behaves is in the path: http://127.0.0.1:PORT/MODE/v1. GET /calls says how many chat calls each mode had; GET /seen what was sent
last; POST /reset forgets. Mode "gullible" does whatever a text tells it to, as an attacked model would.
"""

import asyncio
import json
import re
import sys
from collections import Counter
from typing import Any

FAULTS: dict[str, Any] = {
    "truncated": ("length", '{"choice": "22'),
    "whitespace": ("length", " " * 500),
    "wrong-json": ("stop", "The right code is surely 2221."),
    "fenced": ("stop", '```json\n{"choice": "NONE", "direct": "no", "better": "no"}\n```'),
    "wrong-code": ("stop", '{"choice": "9999", "direct": "yes", "better": "clearly"}'),
    "number": ("stop", '{"choice": 110, "direct": "yes", "better": "clearly"}'),
    "extra": ("stop", '{"choice": "NONE", "direct": "no", "better": "no", "why": "<b>"}'),
    "twice": ("stop", '{"choice": "9999", "choice": "NONE", "direct": "no", "better": "no"}'),
    "nan": ("stop", '{"choice": NaN, "direct": "no", "better": "no"}'),
    "null": ("stop", "null"),
    "empty": ("stop", ""),
    "filter": ("content_filter", ""),
}


class Server:
    """State of the server: calls by mode, the last request, uploaded files and batches."""

    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.calls: Counter[str] = Counter()
        self.seen: list[Any] = []
        self.texts: set[str] = set()
        self.files: dict[str, str] = {}
        self.batches: dict[str, Any] = {}
        self.polls: Counter[str] = Counter()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, kept alive."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                method, path, _ = head.split(" ", 2)
                length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
                body = await reader.readexactly(int(length.group(1))) if length else b""
                status, answer, headers = await self.answer(method, path, head, body, writer)
                if status == 0:
                    writer.close()
                    return
                content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                kind = "text/plain" if isinstance(answer, bytes) else "application/json"
                writer.write(
                    f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n{headers}\r\n".encode() + content
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def answer(self, method: str, path: str, head: str, body: bytes, writer: asyncio.StreamWriter) -> tuple[int, Any, str]:
        """Status (0: just close), body, further headers."""
        if path == "/calls":
            return 200, dict(self.calls), ""
        if path == "/seen":
            return 200, {"requests": self.seen[-5:], "different": len(self.texts)}, ""
        if path == "/reset":
            self.__init__(self.delay)  # type: ignore[misc]
            return 200, {}, ""
        mode = path.split("/")[1]
        if "/files" in path or "/batches" in path:
            return self.batch_api(method, path, body)
        request = json.loads(body)
        self.calls[mode] += 1
        self.seen.append({"request": request, "key": re.findall(r"authorization: (.*?)\r", head, re.IGNORECASE)})
        self.seen = self.seen[-5:]
        self.texts.add(request["messages"][-1]["content"])
        return await self.chat(mode, request, writer)

    async def chat(self, mode: str, request: dict[str, Any], writer: asyncio.StreamWriter) -> tuple[int, Any, str]:
        """A chat completion as the mode has it."""
        await asyncio.sleep(self.delay)
        if mode == "slow":
            await asyncio.sleep(0.5)
        if mode == "hang":
            await asyncio.sleep(3600)
        if mode == "drip":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
            for _ in range(1000):
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.2)
        if mode == "closed":
            return 0, None, ""
        if mode == "html":
            return 200, b"<html>please log in</html>", ""
        return self.reply(mode, request)

    def reply(self, mode: str, request: dict[str, Any]) -> tuple[int, Any, str]:
        """What is answered at once."""
        if mode in ("401", "404", "429", "500", "503", "529"):
            return int(mode), {"error": {"message": f"no: {request['messages'][-1]['content']}", "type": "x", "code": mode}}, ""
        if mode == "busy" and self.calls[mode] % 3:
            return 429, {"error": {"message": "slow down"}}, "Retry-After: 0\r\n"
        if mode == "flaky" and self.calls[mode] % 3:
            return 500, {"error": {"message": "oops"}}, ""
        if mode == "no-choices":
            return 200, {**completion("stop", ""), "choices": []}, ""
        return 200, completion(*FAULTS[mode]) if mode in FAULTS else completion("stop", opinion_on(request, mode)), ""

    def batch_api(self, method: str, path: str, body: bytes) -> tuple[int, Any, str]:
        """Files and batches: a batch is done the second time it is asked for, its answers in reverse order, every fifth missing."""
        if method == "POST" and path.endswith("/files"):
            content = body.decode("utf-8", "replace")
            name = f"file-{len(self.files)}"
            self.files[name] = "\n".join(line for line in content.splitlines() if line.startswith('{"custom_id"'))
            return 200, {"id": name, "object": "file", "bytes": 1, "created_at": 1, "filename": "q", "purpose": "batch"}, ""
        if method == "POST":
            name = f"batch-{len(self.batches)}"
            self.batches[name] = json.loads(body)["input_file_id"]
            return 200, self.batch(name, "validating"), ""
        if path.endswith("/content"):
            return 200, self.files[path.split("/")[-2]].encode(), ""
        name = path.rsplit("/", 1)[1]
        self.polls[name] += 1
        if self.polls[name] < 2:
            return 200, self.batch(name, "in_progress"), ""
        lines = [json.loads(line) for line in self.files[self.batches[name]].splitlines()]
        self.calls["batch"] += len(lines)
        answered = [line for place, line in enumerate(lines) if len(self.batches) > 1 or place % 5 or not place]
        out = [
            {
                "custom_id": line["custom_id"],
                "response": {"status_code": 200, "body": completion("stop", opinion_on(line["body"], "batch"))},
            }
            for line in reversed(answered)
        ]
        self.files[f"out-{name}"] = "\n".join(map(json.dumps, out))
        return 200, {**self.batch(name, "completed"), "output_file_id": f"out-{name}"}, ""

    def batch(self, name: str, status: str) -> dict[str, Any]:
        """A batch as the API shows it."""
        return {
            "id": name, "object": "batch", "endpoint": "/v1/chat/completions", "completion_window": "24h", "created_at": 1,
            "input_file_id": self.batches[name], "status": status,
        }  # fmt: skip


def opinion_on(request: dict[str, Any], mode: str) -> str:
    """The last of the listed codes; a gullible model says what the text tells it to."""
    codes = request["response_format"]["json_schema"]["schema"]["properties"]["choice"]["enum"]
    choice = [code for code in codes if code.isdigit()][-1]
    if mode == "gullible":
        told = re.findall(r"\b\d{4}\b", json.loads(request["messages"][-1]["content"])["title"])
        choice = told[-1] if told else choice
    if mode == "obedient":
        choice = obeyed(json.loads(request["messages"][-1]["content"]), choice)
    return json.dumps({"choice": choice, "direct": "yes", "better": "clearly"})


def obeyed(asked: dict[str, Any], choice: str) -> str:
    """What a model that does as it is told answers: any code named in the text, an option by its place, NONE or SEVERAL."""
    words = f"{asked['title']} {' '.join(asked['context'].values())}"
    codes, places = re.findall(r"(?<!\d)\d{4}(?!\d)", words), re.findall(r"(?<!\d)[1-8](?!\d)", words)
    if codes:
        return str(codes[-1])
    if places:
        return str(asked["options"][min(int(places[-1]), len(asked["options"])) - 1]["code"])
    return next((word for word in ("NONE", "SEVERAL") if word in words), choice)


def completion(finish: str, content: str) -> dict[str, Any]:
    """A chat completion."""
    return {
        "id": "x", "object": "chat.completion", "created": 1, "model": "test-model-2026",
        "choices": [{"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": content}}],
        "usage": {"prompt_tokens": 400, "completion_tokens": 25, "total_tokens": 425},
    }  # fmt: skip


async def main() -> None:
    """Serve until killed."""
    delay = float(sys.argv[sys.argv.index("--delay") + 1]) if "--delay" in sys.argv else 0.0
    server = await asyncio.start_server(Server(delay).handle, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
