"""A Slack that knows ``files.info`` and one file."""

from typing import Any, Self

from aiohttp import web

TOKEN = "xoxb-the-token"
LIMIT = 64_000_000
BUILD = b"PK\x03\x04" + bytes(range(256)) * 4000
PAGE = b"\n<!DOCTYPE html><html>Sign in to Slack</html>"


class Slack:
    """``files.info`` and one file, served as a test wants them."""

    def __init__(self) -> None:
        self.url = ""
        self.content = BUILD
        self.info: dict[str, Any] = {}
        self.answer: dict[str, Any] | None = None
        self.answer_status = 200
        self.answer_headers: dict[str, str] = {}
        self.handlers: dict[str, Any] = {}
        self.asked: list[tuple[str, str | None]] = []
        self.methods: list[str] = []

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/api/files.info", self._files_info)
        app.router.add_get("/{path:.*}", self._get)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _files_info(self, _: web.Request) -> web.Response:
        self.methods.append("files.info")
        if "/api/files.info" in self.handlers:
            return self.handlers["/api/files.info"]
        file = {"id": "F1", "size": len(self.content), "url_private_download": self.url + "/files-pri/file"}
        answer = {"ok": True, "file": file | self.info} if self.answer is None else self.answer
        return web.json_response(answer, status=self.answer_status, headers=self.answer_headers)

    async def _get(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.path, request.headers.get("Authorization")))
        handler = self.handlers.get(request.path)
        if handler is not None:
            return await handler(request)
        return web.Response(body=self.content, content_type="application/octet-stream")

    def serve(self, path: str = "/files-pri/file", **what: Any) -> None:
        async def handler(request: web.Request) -> web.StreamResponse:
            return web.Response(**what)

        self.handlers[path] = handler


def ignore(done: int, total: int) -> None:
    pass
