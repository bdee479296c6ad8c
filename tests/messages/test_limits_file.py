"""Limits as a risk officer keeps them: all read, or everything that is wrong told at once, with its place."""

import pytest

from risk_stream.messages.decode import decode_control
from risk_stream.messages.encode_control import encode_control
from risk_stream.messages.limit_kind import LimitKind
from risk_stream.messages.limits_file import LimitsFileError, read_limits_file, used_keys

AT = 1_795_341_600_000
GOOD = """
actor = "jane"
reason = "limits of 2026"

[[limits]]
limit_id = "drawdown-1d"
kind = "DRAWDOWN"
threshold = 0.10
window = "P1D"
action = "HALT"
adverse_move = "0.05"

[[limits]]
limit_id = "rate"
kind = "ORDER_RATE"
threshold = 1_000
window = "PT1M"
scope = { portfolio_id = "P-1" }
effective_from = 2026-01-01T02:00:00+02:00
reason = "their own"
"""
TABLE = '[[limits]]\nlimit_id = "a"\nkind = "VALUE_AGE"\nactor = "jane"\nreason = "policy"\n'


def errors_of(text: str) -> list[str]:
    """What is wrong with a file."""
    with pytest.raises(LimitsFileError) as caught:
        read_limits_file(text, AT)
    return caught.value.errors


def test_a_good_file_is_read() -> None:
    """Numbers exactly, times in UTC, actor and reason from the top unless a limit has its own."""
    drawdown, rate = read_limits_file(GOOD, AT)
    assert (drawdown.limit.threshold_text, drawdown.limit.adverse_move) == ("0.1", 5_000_000)
    assert (drawdown.actor, drawdown.reason, drawdown.ts) == ("jane", "limits of 2026", AT)
    assert (rate.limit.threshold_scaled, rate.limit.window_ms) == (1_000, 60_000)
    assert (rate.limit.effective_from, rate.limit.scope.portfolio_id) == (1_767_225_600_000, "P-1")
    assert rate.reason == "their own"


def test_what_is_read_can_be_published() -> None:
    """Encoded and decoded as a control it is the same limit."""
    for control in read_limits_file(GOOD, AT):
        assert decode_control(encode_control(control), AT) == control


def test_everything_wrong_is_told_at_once() -> None:
    """Unknown, unused, missing, invalid and repeated keys, each with its path."""
    text = """
actr = "jane"
reason = "policy"
[[limits]]
limit_id = "a"
kind = "DRAWDOWN"
thresold = 1
unit = "ratio"
window = "P2D"
scope = { symbl = "X", sector = "" }
[[limits]]
limit_id = "a"
kind = "METRICS"
threshold = nan
"""
    assert errors_of(text) == [
        'actr: unknown key, did you mean "actor"?',
        'limits[0].thresold: unknown key, did you mean "threshold"?',
        'limits[0].scope.symbl: unknown key, did you mean "symbol"?',
        "limits[0].unit: is not used by DRAWDOWN",
        "limits[0].scope.sector: must be 1 to 64 printable characters without spaces",
        "limits[0].threshold: is missing",
        "limits[0].window: must be P1D, P7D, P30D or TOTAL",
        "limits[0].actor: is missing",
        "limits[1].kind: must be MAX_ORDER_QUANTITY, MAX_ORDER_NOTIONAL, PRICE_COLLAR, RESTRICTED_SYMBOL, "
        "DUPLICATE_ORDER, ORDER_RATE, TURNOVER, OPEN_ORDERS, POSITION_SIZE, SECTOR_EXPOSURE, GROSS_EXPOSURE, "
        "NET_EXPOSURE, DRAWDOWN, VALUE_AGE or METRIC",
        "limits[1].actor: is missing",
        "limits[1].limit_id: is that of limits[0] too",
    ]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("threshold = nan", "limits[0].threshold: must be a decimal number"),
        ("threshold = -inf", "limits[0].threshold: must be a decimal number"),
        ("threshold = true", "limits[0].threshold: must be a decimal number"),
        ("threshold = 1e99", "limits[0].threshold: must be below 10^10"),
        (f"threshold = 0x{'f' * 5000}", "limits[0].threshold: must be below 10^10"),
        ("threshold = 1\neffective_from = 2026-01-01", "effective_from: must be RFC 3339"),
        ("threshold = 1\neffective_from = 2026-01-01T00:00:00", "effective_from: must be RFC 3339"),
        ("threshold = 1\neffective_from = 1969-12-31T23:59:59Z", "effective_from: must be RFC 3339"),
        ("threshold = 1\neffective_from = 9999-12-31T23:59:59-10:00", "effective_from: must be RFC 3339"),
        ("threshold = 1\nscope = 'ALL'", "limits[0].scope: must be an object"),
        ("threshold = 1\nwarn_ratio = 80", "limits[0].warn_ratio: must be from 0 to 1"),
    ],
)
def test_odd_values_are_told(line: str, error: str) -> None:
    """What TOML can say and a limit cannot hold."""
    errors = errors_of(TABLE + line)
    assert len(errors) == 1
    assert error in errors[0]


@pytest.mark.parametrize("text", ["limits = ", "a = " + "1" * 5_000, "a = " + "[" * 5_000])
def test_what_is_no_toml_is_told(text: str) -> None:
    """Never a traceback."""
    assert errors_of(text)[0].startswith("not TOML: ")


@pytest.mark.parametrize("text", ["[limits]\na = 1", "limits = 5", "limits = [1]"])
def test_limits_must_be_tables(text: str) -> None:
    """The usual slip is one bracket instead of two."""
    assert "limits: must be tables, each headed [[limits]]" in errors_of(text)


def test_an_empty_file_has_no_limits() -> None:
    """That is no error."""
    assert read_limits_file("", AT) == []


@pytest.mark.parametrize("kind", LimitKind)
def test_a_limit_is_published_with_the_keys_its_kind_uses(kind: LimitKind) -> None:
    """The keys that the file takes for a kind are those that the encoder writes."""
    extras = {
        "window": '"P1D"',
        "unit": '"amount"',
        "adverse_move": "1",
        "metric": '"var"',
        "operator": '">"',
        "symbols": '["X"]',
    }
    lines = "".join(f"{key} = {extras[key]}\n" for key in used_keys(kind))
    (control,) = read_limits_file(TABLE.replace("VALUE_AGE", kind) + "threshold = 0\n" + lines, AT)
    text = encode_control(control).decode()
    assert {key for key in extras if f'"{key}":' in text} == set(used_keys(kind))


def test_a_limit_too_large_for_a_record_is_told() -> None:
    """Together with the others, before anything is sent."""
    symbols = ", ".join(f'"S{number:030}"' for number in range(40_000))
    first = TABLE.replace('"a"', '"b"') + "threshold = 1\n"
    second = TABLE.replace("VALUE_AGE", "RESTRICTED_SYMBOL") + f"threshold = 0\nsymbols = [{symbols}]\n"
    (error,) = errors_of(first + second)
    assert error.startswith("limits[1]: a: is 1,")
    assert error.endswith(" bytes as a record, at most 1,048,000 are taken")


def test_the_ids_of_shadows_are_refused() -> None:
    """Arming a shadow would replace the limit, and it would decide nothing from then on."""
    (error,) = errors_of(TABLE.replace('"a"', '"cap~shadow"') + "threshold = 1")
    assert error.startswith("limits[0].limit_id: must not end in ~shadow")
