"""HTTP by Python's standard library: JSON requests to the server, and the parts that uploads and downloads need."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import ssl
from collections.abc import Mapping
from typing import IO, Any
from urllib.parse import urlsplit

LONGEST_ANSWER = 16 * 1024 * 1024


class NoAnswer(Exception):
    """The server could not be reached, or the connection broke."""


class Refused(Exception):
    """The server answered with a status other than 2xx."""

    def __init__(self, status: int, code: str, message: str, retry_after: float | None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.retry_after = status, code, retry_after

    @property
    def passing(self) -> bool:
        """Whether the request may succeed later."""
        return self.status == 429 or self.status >= 500


def tls_context(ca: str | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca)


class Web:
    """A connection to one server, opened when it is needed and kept. Each thread needs its own.

    Redirects are not followed, so that a token goes only to the server that it is for.
    """

    def __init__(self, address: str, ca: str | None, timeout: float) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"not an http address: {address}")
        self._base = parts.path.rstrip("/")
        self._origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        self._connection: http.client.HTTPConnection
        if parts.scheme == "https":
            self._connection = http.client.HTTPSConnection(
                parts.hostname, parts.port, timeout=timeout, context=tls_context(ca)
            )
        else:
            self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)

    def address(self, path: str) -> str:
        return self._origin + self._base + path

    def post(self, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        content = None if body is None else json.dumps(body).encode()
        kind = {} if content is None else {"Content-Type": "application/json"}
        return self.json("POST", self._base + path, content, {**kind, **(headers or {})})

    def json(
        self, method: str, target: str, body: bytes | IO[bytes] | None, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        answer = self.open(method, target, body, headers)
        try:
            value = json.loads(answer.read(LONGEST_ANSWER))
        except (OSError, http.client.HTTPException, ValueError) as cause:
            self.close()
            raise NoAnswer(str(cause)) from cause
        if not isinstance(value, dict):
            raise NoAnswer("the answer is not an object")
        return value

    def open(
        self, method: str, target: str, body: bytes | IO[bytes] | None, headers: Mapping[str, str]
    ) -> http.client.HTTPResponse:
        """Returns an answer of status 2xx with its body unread.

        Raises Refused for another status, NoAnswer without an answer.
        """
        try:
            self._connection.request(method, target, body, dict(headers))
            answer = self._connection.getresponse()
            if 200 <= answer.status < 300:
                return answer
            raise _refusal(answer)
        except Refused:
            self.close()
            raise
        except (OSError, http.client.HTTPException) as cause:
            self.close()
            raise NoAnswer(str(cause) or type(cause).__name__) from cause

    def close(self) -> None:
        self._connection.close()

    def abort(self) -> None:
        """Ends a request that another thread waits for."""
        waiting = self._connection.sock
        if waiting:
            with contextlib.suppress(OSError):
                waiting.shutdown(socket.SHUT_RDWR)


def _refusal(answer: http.client.HTTPResponse) -> Refused:
    try:
        error = json.loads(answer.read(65536))["error"]
        code, message = str(error["code"]), f"{error['message']} {error.get('errors') or ''}".strip()
    except (ValueError, KeyError, TypeError):
        code, message = "unknown", answer.reason
    wait = answer.getheader("Retry-After", "")
    return Refused(answer.status, code, message, float(wait) if wait.isdigit() else None)
