"""Which records an output is a function of: what a reader needs to make it again."""

import msgspec

from risk_stream.messages.json_text import quoted_or_null


class Inputs(msgspec.Struct, frozen=True, gc=False):
    """Places on the logs, "partition@offset", of order and last applied value; and the controls version.

    `order` is None for what a valuation caused, `value` before the portfolio's first.
    """

    order: str | None
    value: str | None
    controls: int


def position_text(partition: int, offset: int) -> str:
    """A place on the log of a topic: "3@1042"."""
    return f"{partition}@{offset}"


def source_text(topic: str, partition: int, offset: int) -> str:
    """A place on the logs, topic included: "risk.orders/3@1042"."""
    return f"{topic}/{partition}@{offset}"


def encode_inputs(inputs: Inputs) -> str:
    """Inputs as JSON."""
    order, value = quoted_or_null(inputs.order), quoted_or_null(inputs.value)
    return f'{{"order":{order},"value":{value},"controls":{inputs.controls}}}'
