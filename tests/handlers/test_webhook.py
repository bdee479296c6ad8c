"""The webhook: what is posted, what counts as taken, and that its secrets stay where they are."""

import asyncio
from collections.abc import Iterator

import pytest

from risk_stream.handlers.plug_ins import HandlerError
from risk_stream.handlers.webhook import WebhookFailed, WebhookHandler, create
from risk_stream.ops.load import SettingsError, load_settings
from tests.handlers.receiver import Receiver, receiver
from tests.handlers.samples import violation

TOKEN = "tok-hunter2"


@pytest.fixture
def server() -> Iterator[Receiver]:
    """A receiver of its own for each test."""
    with receiver() as running:
        yield running


def post(url: str, token: str | None = TOKEN, count: int = 1) -> None:
    """Post so many violations."""

    async def work() -> None:
        handler = WebhookHandler(url, token, calls_max=1, timeout_s=5)
        await handler.start()
        try:
            for number in range(count):
                await handler.handle(violation(number))
        finally:
            await handler.close()

    asyncio.run(work())


def test_payload_and_headers(server: Receiver) -> None:
    """The payload to the byte, a CloudEvent in its headers, the token as a bearer's."""
    post(server.url + "/hook")
    (one,) = server.posted
    assert one.body == violation(0).payload
    assert one.headers["Content-Type"] == "application/json"
    assert one.headers["ce-id"] == "L:o:0:0"
    assert one.headers["ce-subject"] == "P%C3%B6rtfolio%201"
    assert one.headers["Authorization"] == f"Bearer {TOKEN}"


def test_without_a_token_there_is_no_authorization(server: Receiver) -> None:
    """Nothing is made up."""
    post(server.url, token=None)
    assert "Authorization" not in server.posted[0].headers


@pytest.mark.parametrize("status", [302, 400, 401, 404, 429, 500, 503])
def test_anything_but_2xx_is_a_failure(server: Receiver, status: int) -> None:
    """A redirect too, which is not followed: it would carry the token elsewhere."""
    server.answers = [status]
    with pytest.raises(WebhookFailed, match=f"^127.0.0.1 answered {status}$"):
        post(server.url + "/secret-path")
    assert len(server.posted) == 1


def test_204_is_taken(server: Receiver) -> None:
    """No body is expected."""
    server.answers = [204, 201]
    post(server.url, count=2)


@pytest.mark.parametrize(
    ("url", "token"), [("http://127.0.0.1:1/secret-path", TOKEN), ("http://u:secret-pass@127.0.0.1:1/", None)]
)
def test_errors_never_show_url_or_token(url: str, token: str | None) -> None:
    """Only the host."""
    with pytest.raises(WebhookFailed) as failed:
        post(url, token)
    shown = repr(failed.value) + repr(failed.value.__cause__)
    assert "127.0.0.1" in shown
    assert "secret" not in shown
    assert TOKEN not in shown


def test_settings() -> None:
    """From the environment; without a URL there is no webhook; neither secret shows."""
    with pytest.raises(HandlerError, match="RISK_STREAM_WEBHOOK_URL is not set"):
        create(load_settings({}))
    settings = load_settings(
        {"RISK_STREAM_WEBHOOK_URL": "https://example/secret-path", "RISK_STREAM_WEBHOOK_TOKEN": TOKEN}
    )
    assert isinstance(create(settings), WebhookHandler)
    assert "secret-path" not in repr(settings)
    assert TOKEN not in repr(settings)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://example/secret-path", "use https"),
        ("ftp://example/secret-path", "must be https"),
        ("https:///secret-path", "must be https"),
        ("https://example:secret-path", "is no URL"),
        ("https://u:secret-path@example/", "exclude each other"),
    ],
)
def test_a_wrong_url_is_refused_and_not_quoted(url: str, said: str) -> None:
    """At the start, not at the first violation."""
    with pytest.raises(SettingsError, match=f"^webhook_url: .*{said}") as refused:
        load_settings({"RISK_STREAM_WEBHOOK_URL": url, "RISK_STREAM_WEBHOOK_TOKEN": TOKEN})
    assert "secret-path" not in str(refused.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:80/x", "http://localhost/x", "http://[::1]:8080/x"])
def test_plain_http_to_this_machine_is_allowed(url: str) -> None:
    """Nobody listens in there."""
    load_settings({"RISK_STREAM_WEBHOOK_URL": url, "RISK_STREAM_WEBHOOK_TOKEN": TOKEN})


def test_a_token_without_a_url_is_a_mistake() -> None:
    """It would have no effect."""
    with pytest.raises(SettingsError, match="webhook_token: it has no effect"):
        load_settings({"RISK_STREAM_WEBHOOK_TOKEN": TOKEN})
