"""HTTP as it is wanted here: a job is posted once, no request waits for ever, and what is behind an error is found.

The client repeats submissions by itself when a response is lost, which would pay twice; it is stopped from doing so
here, and `backends.remote` decides instead.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from requests.adapters import HTTPAdapter
from requests.exceptions import RequestException

_TIMEOUT = (10.0, 120.0)
"""Seconds to connect, and to wait for an answer."""
_ONCE = ("/jobs", "/sessions")
"""Paths below which no request is repeated by the client."""


class OneTry(HTTPAdapter):
    """Sends a request once, and does not wait for an answer for ever."""

    def send(
        self,
        request: Any,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> Any:
        """As ``HTTPAdapter.send``, with a time-out where the caller has none."""
        return super().send(request, stream, timeout or _TIMEOUT, verify, cert, proxies)


def send_once(service: Any) -> None:
    """Make a ``QiskitRuntimeService`` send every request about jobs, batches and sessions once."""
    with suppress(AttributeError):  # a service that is made differently keeps its retries; tags still find doubles
        for client in service._api_clients.values():
            session = client._session
            for path in _ONCE:
                session.mount(session.base_url + path, OneTry(max_retries=0))


def response_of(error: BaseException) -> tuple[int | None, float | None]:
    """Status code of the response behind an error, and its Retry-After in seconds."""
    found: int | None = None
    for one in _chain(error):
        response = getattr(one, "response", None)
        if response is not None:
            return int(response.status_code), seconds(response.headers.get("Retry-After"))
        code = getattr(one, "status_code", None)
        if found is None and isinstance(code, int) and code > 0:
            found = code  # the response, and what it asks for, may be further down
    return found, None


def seconds(text: str | None) -> float | None:
    """A Retry-After, a number or a date, in seconds from now; None for what is neither."""
    try:
        found = float(text or "nan")
    except ValueError:
        try:
            found = (parsedate_to_datetime(str(text)) - datetime.now(UTC)).total_seconds()
        except (TypeError, ValueError):
            return None
    return max(0.0, found) if math.isfinite(found) else None


def is_of_the_network(error: BaseException) -> bool:
    """Whether a connection that failed is behind an error."""
    return any(isinstance(one, RequestException | ConnectionError | TimeoutError) for one in _chain(error))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what led to it; the client hides causes with ``from None``, but they are still there."""
    seen = set[int]()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
