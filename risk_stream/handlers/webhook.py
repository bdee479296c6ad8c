"""The handler `webhook`: each violation as an HTTP POST, a CloudEvent in binary mode, with the payload as published.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md

The receiver answers 2xx when it has taken it; anything else is a failure and comes again. `ce-id` is the violation_id:
delivery is at least once, and a repeat has the same. The token travels as `Authorization: Bearer`, over https only
(plain http to loopback only), and redirects are not followed: they would carry it elsewhere. Neither token nor URL,
which often is a secret itself, is ever part of an error or a log line.
"""

from string import ascii_letters, digits, punctuation
from typing import Final
from urllib.parse import quote, urlsplit

import aiohttp

from risk_stream.handlers.plug_ins import HandlerError
from risk_stream.handlers.published import PublishedViolation
from risk_stream.ops.settings import Settings

HEADER_SAFE: Final = "".join(sorted({*ascii_letters, *digits, *punctuation} - {'"', "%"}))
"""What a CloudEvents header value may contain as it is; everything else is percent-encoded (3.1.3.2)."""


class WebhookFailed(Exception):
    """The receiver did not take it."""


class WebhookHandler:
    """One connection pool, on the handler's own event loop."""

    def __init__(self, url: str, token: str | None, calls_max: int, timeout_s: float) -> None:
        self._url = url
        self._host = urlsplit(url).hostname
        self._authorization = {"Authorization": f"Bearer {token}"} if token else {}
        self._calls_max = calls_max
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Make the pool; nothing is sent yet."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._calls_max),
            timeout=aiohttp.ClientTimeout(total=self._timeout_s),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def close(self) -> None:
        """Close its connections."""
        if self._session is not None:
            await self._session.close()

    async def handle(self, violation: PublishedViolation) -> None:
        """Post it. Raises WebhookFailed."""
        assert self._session is not None, "start() comes first"
        try:
            async with self._session.post(
                self._url,
                data=violation.payload,
                headers={**http_headers(violation), **self._authorization},
                allow_redirects=False,
            ) as answer:
                status = answer.status
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # Not its text: that may have the URL in it. `from None`: nor may a traceback.
            raise WebhookFailed(f"{self._host}: {type(error).__name__}") from None
        if not 200 <= status < 300:
            raise WebhookFailed(f"{self._host} answered {status}")


def http_headers(violation: PublishedViolation) -> dict[str, str]:
    """The record's CloudEvents headers as HTTP headers: `ce_id` is `ce-id`."""
    found = {
        f"ce-{name.removeprefix('ce_')}": quote(value, safe=HEADER_SAFE)
        for name, value in violation.headers.items()
        if name.startswith("ce_")
    }
    return {"Content-Type": "application/json", "ce-id": quote(violation.violation_id, safe=HEADER_SAFE), **found}


def create(settings: Settings) -> WebhookHandler:
    """From RISK_STREAM_WEBHOOK_URL and RISK_STREAM_WEBHOOK_TOKEN."""
    if settings.webhook_url is None:
        raise HandlerError("handler webhook: RISK_STREAM_WEBHOOK_URL is not set")
    token = settings.webhook_token.value if settings.webhook_token else None
    return WebhookHandler(settings.webhook_url.value, token, settings.handler_calls_max, settings.handler_timeout_s)
