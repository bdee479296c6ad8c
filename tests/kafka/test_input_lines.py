"""Lines to records: judged by the decoder, keyed and partitioned as the contract says."""

import pytest

from risk_stream.kafka.input_lines import BadLine, read_control_line, read_order_line, read_value_line
from risk_stream.kafka.publish import Outbound
from risk_stream.messages.murmur2 import partition_of

NOW_MS = 1_795_382_108_815
ORDER = b'{"order_id":"o1","portfolio_id":"%b","symbol":"A","side":"BUY","quantity":"1.50","price":2}'


@pytest.mark.parametrize("portfolio", [b"p1", b"p2", b"a-long-portfolio-id", "dépôt".encode()])
def test_good_line_keeps_its_bytes(portfolio: bytes) -> None:
    """The key is the portfolio, the partition its hash, the value the line itself."""
    line = ORDER % portfolio
    assert read_order_line(line, NOW_MS, 4) == Outbound(portfolio, line, partition_of(portfolio, 4))


@pytest.mark.parametrize(
    ("line", "detail"),
    [
        (b"nonsense", "value: is not JSON"),
        (b"[]", "value: "),
        (b'{"order_id":"o1"}', "portfolio_id: is missing"),
        (b'{"order_id":"o1","portfolio_id":7}', "portfolio_id: "),
        ((ORDER % b"p").replace(b'"1.50"', b"0"), "quantity: must be > 0"),
        ((ORDER % b"p").replace(b"BUY", b"HOLD"), "side: "),
        (b"\xff\xfe", "value: "),
    ],
)
def test_bad_order_names_its_field(line: bytes, detail: str) -> None:
    """What the worker would refuse is refused before it is sent."""
    bad = read_order_line(line, NOW_MS, 4)
    assert isinstance(bad, BadLine)
    assert bad.detail.startswith(detail)


def test_values_and_controls() -> None:
    """The other two topics have readers of their own; controls have one partition and no key."""
    value = b'{"portfolio_id":"p1","total_value":"100.5"}'
    assert read_value_line(value, NOW_MS, 4) == Outbound(b"p1", value, partition_of(b"p1", 4))
    assert isinstance(read_value_line(value.replace(b'"100.5"', b'"x"'), NOW_MS, 4), BadLine)
    control = b'{"type":"HALT","scope":"ALL","actor":"jane","reason":"drill"}'
    assert read_control_line(control, NOW_MS, 1) == Outbound(None, control, 0)
    assert isinstance(read_control_line(control.replace(b'"jane"', b'""'), NOW_MS, 1), BadLine)
