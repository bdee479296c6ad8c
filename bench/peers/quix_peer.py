"""The job in Quix Streams, as its documentation teaches: a streaming data frame, a stateful function, RocksDB state."""

from typing import Any

from quixstreams import Application, State

from bench.peers import settings
from bench.peers.settings import DAY_MS

Json = dict[str, Any]


def new_row(order: Json) -> Json:
    """A portfolio before its first order."""
    value = settings.VALUE
    return {
        "value": value, "peak_day": value, "peak_month": value, "value_ts": order["ts"],
        "day": -1, "count": 0, "net": 0.0, "gross": 0.0,
    }  # fmt: skip


def decide(order: Json, row: Json) -> str:
    """The first check that refuses, else OK; the row is moved on."""
    quantity, ts, value = order["quantity"], order["ts"], row["value"]
    notional = quantity * order["price"]
    signed = notional if order["side"] == "BUY" else -notional
    day = ts // DAY_MS
    row["count"] = row["count"] + 1 if day == row["day"] else 1
    row["day"] = day
    if quantity > settings.QUANTITY_MAX:
        return "QUANTITY"
    if notional > settings.NOTIONAL_MAX:
        return "NOTIONAL"
    if abs(row["net"] + signed) / value > settings.EXPOSURE_MAX:
        return "POSITION"
    if (row["gross"] + notional) / value > settings.EXPOSURE_MAX:
        return "GROSS"
    if (row["peak_day"] - value) / row["peak_day"] > settings.DRAWDOWN_DAY_MAX:
        return "DRAWDOWN_DAY"
    if (row["peak_month"] - value) / row["peak_month"] > settings.DRAWDOWN_MONTH_MAX:
        return "DRAWDOWN_MONTH"
    if row["count"] > settings.RATE_MAX:
        return "RATE"
    if ts - row["value_ts"] > settings.AGE_MAX_MS:
        return "AGE"
    row["net"] += signed
    row["gross"] += notional
    return "OK"


def judge(order: Json, state: State) -> Json:
    """Decide one order. The state is that of the record's key."""
    row = state.get("row") or new_row(order)
    code = decide(order, row)
    state.set("row", row)
    return {
        "order_id": order["order_id"],
        "portfolio_id": order["portfolio_id"],
        "symbol": order["symbol"],
        "decision": "APPROVED" if code == "OK" else "REJECTED",
        "code": code,
        "ts": order["ts"],
    }


def main() -> None:
    """Run until stopped."""
    app = Application(
        broker_address=settings.BOOTSTRAP,
        consumer_group=settings.GROUP,
        auto_offset_reset="earliest",
        state_dir=settings.FOLDER,
        loglevel="WARNING",
    )
    orders = app.topic(settings.ORDERS, value_deserializer="json")
    decisions = app.topic(settings.DECISIONS, value_serializer="json")
    app.dataframe(orders).apply(judge, stateful=True).to_topic(decisions)
    app.run()


if __name__ == "__main__":
    main()
