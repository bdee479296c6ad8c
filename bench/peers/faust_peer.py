"""The job in plain Faust, as its manual teaches: records, a RocksDB table, an agent that sends to a topic."""

import faust

from bench.peers import settings
from bench.peers.settings import DAY_MS


class Order(faust.Record, serializer="json"):  # type: ignore[call-arg, misc]
    """An order as it arrives."""

    order_id: str
    portfolio_id: str
    symbol: str
    side: str
    quantity: int
    price: float
    ts: int


class Row(faust.Record, serializer="json"):  # type: ignore[call-arg, misc]
    """What is remembered of a portfolio."""

    value: float
    peak_day: float
    peak_month: float
    value_ts: int
    day: int = -1
    count: int = 0
    net: float = 0.0
    gross: float = 0.0


class Decision(faust.Record, serializer="json", include_metadata=False):  # type: ignore[call-arg, misc]
    """What is answered."""

    order_id: str
    portfolio_id: str
    symbol: str
    decision: str
    code: str
    ts: int


app = faust.App(
    settings.GROUP,
    broker=f"kafka://{settings.BOOTSTRAP}",
    store="rocksdb://",
    datadir=settings.FOLDER,
    topic_partitions=settings.PARTITIONS,
    topic_disable_leader=True,
    consumer_auto_offset_reset="earliest",
)
orders = app.topic(settings.ORDERS, key_type=str, value_type=Order)
decisions = app.topic(settings.DECISIONS, key_type=str, value_type=Decision)
rows = app.Table("portfolios", partitions=settings.PARTITIONS, value_type=Row, options={"driver": "rocksdict"})


def decide(order: Order, row: Row) -> str:
    """The first check that refuses, else OK; the row is moved on."""
    notional = order.quantity * order.price
    signed = notional if order.side == "BUY" else -notional
    day = order.ts // DAY_MS
    row.count = row.count + 1 if day == row.day else 1
    row.day = day
    if order.quantity > settings.QUANTITY_MAX:
        return "QUANTITY"
    if notional > settings.NOTIONAL_MAX:
        return "NOTIONAL"
    if abs(row.net + signed) / row.value > settings.EXPOSURE_MAX:
        return "POSITION"
    if (row.gross + notional) / row.value > settings.EXPOSURE_MAX:
        return "GROSS"
    if (row.peak_day - row.value) / row.peak_day > settings.DRAWDOWN_DAY_MAX:
        return "DRAWDOWN_DAY"
    if (row.peak_month - row.value) / row.peak_month > settings.DRAWDOWN_MONTH_MAX:
        return "DRAWDOWN_MONTH"
    if row.count > settings.RATE_MAX:
        return "RATE"
    if order.ts - row.value_ts > settings.AGE_MAX_MS:
        return "AGE"
    row.net += signed
    row.gross += notional
    return "OK"


@app.agent(orders)  # type: ignore[untyped-decorator]
async def judge(stream: faust.Stream[Order]) -> None:
    """Decide each order."""
    async for order in stream:
        row = rows.get(order.portfolio_id)
        if row is None:
            row = Row(value=settings.VALUE, peak_day=settings.VALUE, peak_month=settings.VALUE, value_ts=order.ts)
        code = decide(order, row)
        rows[order.portfolio_id] = row
        verdict = "APPROVED" if code == "OK" else "REJECTED"
        answer = Decision(order.order_id, order.portfolio_id, order.symbol, verdict, code, order.ts)
        await decisions.send(key=order.portfolio_id, value=answer)


if __name__ == "__main__":
    app.main()
