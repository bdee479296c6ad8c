"""The oracle's own reading of the contract, against answers worked out by hand."""

from __future__ import annotations

import pytest

from tests.oracle.handmade import KEY, PARTITION, PARTITIONS, PORTFOLIO, START, at, control, limit, order, value
from tests.oracle.model import Answer, Model
from tests.oracle.numbers import double_text, half_even, money, plain_text, scaled, scaled_text
from tests.oracle.read import Record
from tests.oracle.wire import partition_of, time_ms


class Desk:
    """A model that is told one thing after the other."""

    def __init__(self, *controls: Record) -> None:
        self.model = Model(PARTITION, PARTITIONS)
        self.offset = 0
        for one in controls:
            self.control(one)

    def control(self, one: Record) -> None:
        """A control that must be understood."""
        assert self.model.control(one.offset, one.value, one.timestamp)

    def order(self, seconds: float = 0, /, **fields: object) -> Answer:
        """An order so many seconds after the start."""
        self.offset += 1
        one = order(self.offset, **({"ts": at(seconds)} | fields))
        return self.model.order(self.offset, KEY, one.value, START + 10**12)

    def value(self, seconds: float = 0, /, **fields: object) -> Answer:
        """A valuation so many seconds after the start."""
        self.offset += 1
        one = value(self.offset, **({"ts": at(seconds)} | fields))
        return self.model.value(self.offset, KEY, one.value, START + 10**12)

    def fill(self, order_id: str, quantity: object, price: object, seconds: float = 0, **fields: object) -> Answer:
        """A partial fill of a BUY of ACME unless told otherwise."""
        plain: dict[str, object] = {
            "type": "EXECUTION", "order_id": order_id, "execution_id": f"x{self.offset}", "status": "PARTIALLY_FILLED",
            "symbol": "ACME", "side": "BUY", "last_quantity": quantity, "last_price": price,
        }  # fmt: skip
        return self.value(seconds, **(plain | fields))


def code(answer: Answer) -> str:
    """The code of a decision."""
    assert answer.decision is not None
    return str(answer.decision["code"])


def observed(answer: Answer) -> list[object]:
    """What the violated and warned limits of a decision observed, or why they could not."""
    assert answer.decision is not None
    listed = answer.decision["violations"]
    assert isinstance(listed, list)
    return [one["observed"] if "reason" not in one else one["reason"] for one in listed]


def events(answer: Answer) -> list[tuple[object, ...]]:
    """(event, severity, what for, observed) of the violations."""
    return [
        (one["event"], one["severity"], one["symbol"] or one["sector"], one["observed"]) for one in answer.violations
    ]


def snapshot(*lines: tuple[str, float, float, str | None]) -> list[dict[str, object]]:
    """Positions of (symbol, quantity, price, sector)."""
    return [
        {"symbol": symbol, "quantity": size, "price": price, "sector": sector} for symbol, size, price, sector in lines
    ]


@pytest.mark.parametrize(
    ("key", "hashed"),
    [(b"21", -973932308), (b"foobar", -790332482), (b"abc", 479470107), (b"a-little-bit-long-string", -985981536)],
)
def test_the_partitioner_is_kafkas(key: bytes, hashed: int) -> None:
    """Kafka's own test vectors of murmur2."""
    assert partition_of(key, 2**31) == hashed & 0x7FFFFFFF


def test_numbers_are_exact() -> None:
    """Bounds by value, half-even rounding, plain notation."""
    assert scaled("1.500000000", 8) == 150_000_000 and scaled("1e-9", 8) is None and scaled("15e-1", 1) == 15
    assert scaled("1e400", 8) is None and scaled("0e400", 8) == 0 and scaled("1.2.3", 8) is None
    assert [half_even(n, 10) for n in (5, 15, 25, -5, -15, 26, -26)] == [0, 2, 2, 0, -2, 3, -3]
    assert money(150_000_000, 33_333_333) == 5000
    assert (plain_text("0.10"), plain_text("1e3"), plain_text("-12.5e-3")) == ("0.1", "1000", "-0.0125")
    assert (scaled_text(-15000, 4), scaled_text(5, 8), scaled_text(0, 4)) == ("-1.5", "0.00000005", "0")
    assert (double_text(0.2), double_text(-1e-12), double_text(1 / 3)) == ("0.2", "0", "0.333333333")


def test_times_are_utc_to_the_millisecond() -> None:
    """What is below the millisecond is cut off, other zones are refused."""
    assert time_ms("1970-01-01T00:00:01.9999Z") == 1999
    assert time_ms("1970-01-01T00:00:01+00:00") == 1000
    assert time_ms("1970-01-01T00:00:01+01:00") is None and time_ms("1970-02-30T00:00:00Z") is None


def test_equal_passes_and_the_tightest_wins() -> None:
    """A count of N allows N; the first violated limit in id order gives the code, all are listed."""
    desk = Desk(limit(0, "b", "MAX_ORDER_QUANTITY", 10), limit(1, "a", "MAX_ORDER_NOTIONAL", 1000))
    assert code(desk.order()) == "OK"
    refused = desk.order(quantity="10.5")
    assert (code(refused), observed(refused)) == ("MAX_ORDER_NOTIONAL", ["1050", "10.5"])


def test_warned_at_the_ratio() -> None:
    """A utilisation of exactly warn_ratio warns; a WARN limit that is violated lets the order pass."""
    desk = Desk(limit(0, "a", "MAX_ORDER_QUANTITY", 10, action="WARN"))
    warned = desk.order(quantity=8)
    assert (code(warned), events(warned)) == ("OK", [("WARNING", "WARNING", "ACME", "8")])
    assert events(desk.order(quantity=11)) == [("DETECTED", "SOFT_BREACH", "ACME", "11")]


def test_rates_count_refused_attempts_by_the_orders_clock() -> None:
    """A refused attempt counts, a repeated id does not; late orders are dated by To; the window has 60 buckets."""
    desk = Desk(limit(0, "rate", "ORDER_RATE", 2, window="PT60S"), limit(1, "size", "MAX_ORDER_QUANTITY", 10))
    assert code(desk.order(60, order_id="a")) == "OK"
    assert code(desk.order(60, order_id="a")) == "DUPLICATE_ORDER_ID"
    assert code(desk.order(0, quantity=11)) == "MAX_ORDER_QUANTITY"
    assert code(desk.order(119.999)) == "ORDER_RATE"
    assert code(desk.order(120)) == "OK"


def test_alike_orders_are_compared_as_numbers() -> None:
    """10 at 100 equals 10.0 at 1e2; another price is another order."""
    desk = Desk(limit(0, "twin", "DUPLICATE_ORDER", 0, window="PT1M"))
    assert code(desk.order()) == "OK"
    assert code(desk.order(quantity="10.0", price="1e2")) == "DUPLICATE_ORDER"
    assert code(desk.order(price=101)) == "OK"


def test_turnover_counts_approvals_only() -> None:
    """A refused order leaves no turnover behind."""
    desk = Desk(limit(0, "turn", "TURNOVER", 2000, window="PT1H"))
    assert [code(desk.order(quantity=size)) for size in (15, 6, 5, 1)] == ["OK", "TURNOVER", "OK", "TURNOVER"]


def test_open_orders_close_by_fills_and_by_age() -> None:
    """Partial fills that add up close an order, and so does exactly 24 h of To."""
    desk = Desk(limit(0, "open", "OPEN_ORDERS", 1))
    assert code(desk.order(order_id="a")) == "OK"
    assert code(desk.order()) == "OPEN_ORDERS"
    desk.fill("a", 4, 100)
    assert code(desk.order()) == "OPEN_ORDERS"
    desk.fill("a", 6, 100)
    assert code(desk.order(1)) == "OK"
    assert code(desk.order(86_400.999)) == "OPEN_ORDERS"
    assert code(desk.order(86_401)) == "OK"


def test_fills_beyond_the_order_leave_a_dead_letter() -> None:
    """OVERFILL and UNKNOWN_ORDER move the position all the same; a repeat does nothing."""
    desk = Desk(limit(0, "pos", "POSITION_SIZE", 0, unit="amount", action="WARN"))
    desk.order(order_id="a")
    over = desk.fill("a", 12, 100, execution_id="x")
    assert over.dead is not None and over.dead.reason == "OVERFILL"
    assert desk.fill("a", 12, 100, execution_id="x") == Answer()
    unknown = desk.fill("a", 1, 90)
    assert unknown.dead is not None and unknown.dead.reason == "UNKNOWN_ORDER"
    assert observed(desk.order(quantity=1, price=100)) == ["1270"]  # 13 held at the last fill's 90, 1 more at 100


def test_a_fill_inside_the_snapshot_moves_nothing() -> None:
    """It closes what is open and sets no mark."""
    desk = Desk(limit(0, "pos", "POSITION_SIZE", 0, unit="amount", action="WARN"))
    desk.order(order_id="a")
    desk.value(10, positions=snapshot(("ACME", 10, 100, None)))
    desk.fill("a", 10, 90, seconds=10, status="FILLED")
    assert observed(desk.order(10, quantity=1)) == ["1100"]


def test_exposures_after_an_order() -> None:
    """Other symbols take the larger side in GROSS, the order's side in NET; SECTOR takes its own."""
    kinds = ("GROSS_EXPOSURE", "NET_EXPOSURE", "POSITION_SIZE", "SECTOR_EXPOSURE")
    desk = Desk(*(limit(place, f"{place}", kind, 0, unit="amount", action="WARN") for place, kind in enumerate(kinds)))
    desk.value(positions=snapshot(("ACME", 10, 100, "TECH"), ("BOLT", -5, 10, "TECH"), ("CORN", 3, 20, "FOOD")))
    desk.order(symbol="BOLT", side="SELL", quantity=2, price=10)
    desk.order(symbol="CORN", side="BUY", quantity=1, price=20)
    assert observed(desk.order(quantity=1, price=110)) == ["1260", "1140", "1110", "1180"]


def test_ratios_divide_by_the_total_value() -> None:
    """An equal ratio passes; a total value of 0 cannot be evaluated, nor can a portfolio without a valuation."""
    desk = Desk(limit(0, "pos", "POSITION_SIZE", "0.1", warn_ratio=1))
    assert (code(desk.order()), observed(desk.order())) == ("NOT_EVALUABLE", ["NO_VALUATION"])
    desk.value()
    assert code(desk.order()) == "OK"
    assert observed(desk.order(quantity=1)) == ["0.11"]
    desk.value(total_value=0)
    assert observed(desk.order()) == ["TOTAL_VALUE_NOT_POSITIVE"]


def test_what_is_missing_is_named() -> None:
    """A market order without a price, an unknown sector, no reference, no metric."""
    desk = Desk(
        limit(0, "a", "MAX_ORDER_NOTIONAL", 1), limit(1, "b", "PRICE_COLLAR", "0.1"),
        limit(2, "c", "SECTOR_EXPOSURE", 1, unit="amount"), limit(3, "d", "METRIC", 1, metric="var", operator=">"),
    )  # fmt: skip
    desk.value()
    assert observed(desk.order(order_type="MARKET", price=None)) == ["NO_PRICE", "NO_PRICE", "NO_METRIC"]
    assert observed(desk.order())[1:] == ["NO_REFERENCE_PRICE", "NO_SECTOR", "NO_METRIC"]


def test_a_sector_comes_from_the_snapshot_the_order_or_an_earlier_order() -> None:
    """In this order of precedence; a limit with a sector scope leaves out what is unknown."""
    desk = Desk(limit(0, "s", "MAX_ORDER_QUANTITY", 1, scope={"sector": "TECH"}))
    assert code(desk.order()) == "OK"
    assert code(desk.order(sector="TECH")) == "MAX_ORDER_QUANTITY"
    assert code(desk.order()) == "MAX_ORDER_QUANTITY"
    desk.value(positions=snapshot(("ACME", 0, 100, "FOOD")))
    assert code(desk.order(sector="TECH")) == "OK"


def test_reducing_orders_are_exempt() -> None:
    """Open quantity in the same direction counts against what is held."""
    desk = Desk(limit(0, "dd", "DRAWDOWN", 0, window="TOTAL"))
    desk.value(positions=snapshot(("ACME", 15, 100, None)))
    desk.value(total_value=9000)
    assert [code(desk.order(side=side)) for side in ("BUY", "SELL", "SELL")] == ["DRAWDOWN", "OK", "DRAWDOWN"]


def test_peaks_follow_cash_flows_and_windows() -> None:
    """A withdrawal is no drawdown; a peak leaves P1D after 288 buckets, and by a rebase."""
    desk = Desk(limit(0, "dd", "DRAWDOWN", "0.05", window="P1D", action="WARN"))
    desk.value()
    assert desk.value(60, total_value=8000, cash_flow=-2000).violations == ()
    assert events(desk.value(120, total_value=7200)) == [("DETECTED", "SOFT_BREACH", None, "0.1")]
    assert observed(desk.order(86_000)) == ["0.1"]
    bucket_end = 300 - START // 1000 % 300
    assert observed(desk.order(bucket_end + 86_399 - 300)) == ["0.1"]
    assert observed(desk.order(bucket_end + 86_400)) == []
    desk.control(control(1, type="REBASE", portfolio_id=PORTFOLIO))
    assert events(desk.value(90_000, total_value=7200)) == [("RESOLVED", "SOFT_BREACH", None, "0")]


def test_an_adverse_move_is_taken_off_the_value() -> None:
    """5 % of a notional of 1,000 off 10,000 is a drawdown of 0.5 %."""
    desk = Desk(limit(0, "dd", "DRAWDOWN", "0.001", window="P7D", adverse_move="0.05"))
    assert desk.value().violations == ()
    assert observed(desk.order()) == ["0.005"]


def test_standing_limits_tell_crossings_only() -> None:
    """WARNING, DETECTED, nothing, RESOLVED to less, RESOLVED when no longer held."""
    desk = Desk(limit(0, "pos", "POSITION_SIZE", "0.1"))
    found = [desk.value(positions=snapshot(("ACME", size, 100, None))) for size in (8, 11, 12, 9, 7, 8, 0)]
    assert [events(one) for one in found] == [
        [("WARNING", "WARNING", "ACME", "0.08")],
        [("DETECTED", "HARD_BREACH", "ACME", "0.11")],
        [],
        [("RESOLVED", "HARD_BREACH", "ACME", "0.09")],
        [("RESOLVED", "WARNING", "ACME", "0.07")],
        [("WARNING", "WARNING", "ACME", "0.08")],
        [("RESOLVED", "WARNING", "ACME", None)],
    ]


def test_a_paused_limit_drops_its_level() -> None:
    """Set again, it is detected anew, even when no valuation came between."""
    desk = Desk(limit(0, "gross", "GROSS_EXPOSURE", "0.05"))
    positions = snapshot(("ACME", 10, 100, None))
    assert len(desk.value(positions=positions).violations) == 1
    desk.control(limit(1, "gross", "GROSS_EXPOSURE", "0.05", mode="PAUSED"))
    desk.control(limit(2, "gross", "GROSS_EXPOSURE", "0.05"))
    assert len(desk.value(positions=positions).violations) == 1


def test_late_valuations_are_ignored() -> None:
    """By ts, or by a sequence that does not rise over gaps of valuations without one."""
    desk = Desk()
    desk.value(10, sequence=5)
    desk.value(11)
    before = desk.model.portfolios[PORTFOLIO].value_ref
    assert desk.value(9, sequence=6) == desk.value(12, sequence=5) == Answer()
    assert desk.model.portfolios[PORTFOLIO].value_ref == before


def test_a_halt_by_a_limit_lasts_until_a_later_resume() -> None:
    """It starts with the next record; a RESUME already seen at the time does not lift it."""
    desk = Desk(
        limit(0, "h", "MAX_ORDER_QUANTITY", 10, action="HALT"), control(1, type="RESUME", portfolio_id=PORTFOLIO)
    )
    assert [code(desk.order(quantity=size)) for size in (11, 1)] == ["MAX_ORDER_QUANTITY", "HALTED"]
    desk.control(control(2, type="RESUME", scope="ALL"))
    assert code(desk.order()) == "HALTED"
    desk.control(control(3, type="RESUME", portfolio_id=PORTFOLIO))
    assert code(desk.order()) == "OK"


def test_the_more_severe_state_holds() -> None:
    """Firm-wide REDUCING lets only reducing orders through; a portfolio's own HALT none."""
    desk = Desk(control(0, type="REDUCE", scope="ALL"))
    desk.value(positions=snapshot(("ACME", 10, 100, None)))
    assert [code(desk.order(side=side)) for side in ("BUY", "SELL")] == ["REDUCING", "OK"]
    desk.control(control(1, type="HALT", portfolio_id=PORTFOLIO))
    assert code(desk.order(side="SELL")) == "HALTED"


def test_an_override_releases_once_while_it_holds() -> None:
    """Expired, or used up when the id comes again after a day, it lifts nothing."""
    override = {"type": "OVERRIDE", "portfolio_id": PORTFOLIO, "requested_by": "a", "approved_by": "b"}
    desk = Desk(
        limit(0, "size", "MAX_ORDER_QUANTITY", 1), control(1, order_id="a", expires_at=at(90_000), **override),
        control(2, order_id="b", expires_at=at(0), **override),
    )  # fmt: skip
    released = desk.order(order_id="a")
    assert (code(released), observed(released)) == ("OVERRIDDEN", ["10"])
    assert code(desk.order(1, order_id="b")) == "MAX_ORDER_QUANTITY"
    assert code(desk.order(86_400, order_id="a")) == "MAX_ORDER_QUANTITY"


def test_controls_without_names_or_by_one_person_are_refused() -> None:
    """They change nothing."""
    model = Model(PARTITION, PARTITIONS)
    bad = [
        control(0, type="HALT"), control(1, type="HALT", scope="ALL", actor=""), limit(2, "a", "NO_SUCH", 1),
        control(3, type="OVERRIDE", portfolio_id="p", order_id="o", expires_at=0, requested_by="a", approved_by="a"),
    ]  # fmt: skip
    assert [model.control(one.offset, one.value, one.timestamp) for one in bad] == [False] * 4
    assert model.book.version == 3


def test_shadow_limits_emit_and_decide_nothing() -> None:
    """They are not listed, not counted and never halt."""
    desk = Desk(limit(0, "s", "MAX_ORDER_QUANTITY", 1, mode="SHADOW", action="HALT"))
    first, second = desk.order(), desk.order()
    assert first.decision is not None and first.decision["limits_evaluated"] == 0
    assert (code(first), code(second)) == ("OK", "OK")
    assert [one["mode"] for one in first.violations] == ["SHADOW"]


def test_the_age_of_a_value_is_judged_at_the_later_clock() -> None:
    """An order's own ts does not matter when a later order came before."""
    desk = Desk(limit(0, "age", "VALUE_AGE", "1.5", warn_ratio=1))
    desk.value(0)
    assert code(desk.order(1.5)) == "OK"
    assert observed(desk.order(1.501)) == ["1.501"] == observed(desk.order(0))


@pytest.mark.parametrize(
    ("fields", "bad"),
    [
        ({"quantity": True}, ["quantity"]), ({"side": "buy"}, ["side"]), ({"price": None}, ["price"]),
        ({"symbol": "A B"}, ["symbol"]), ({"ts": START + 2 * 10**12}, ["ts"]), ({"trader_id": ""}, ["trader_id"]),
        ({"order_type": "STOP"}, ["order_type"]), ({"quantity": 10**10, "price": "1e-9"}, ["quantity", "price"]),
    ],
)  # fmt: skip
def test_invalid_orders_name_a_field_and_leave_no_trace(fields: dict[str, object], bad: list[str]) -> None:
    """The id can be used again, no clock has moved."""
    desk = Desk()
    refused = desk.order(order_id="a", **fields)
    assert refused.decision is not None and refused.decision["detail"] == bad
    assert code(refused) == "INVALID_ORDER"
    assert code(desk.order(order_id="a")) == "OK"


@pytest.mark.parametrize(
    ("key", "raw", "reason"),
    [
        (KEY, b"\xff", "MALFORMED_JSON"), (KEY, None, "MALFORMED_JSON"), (KEY, b"[" * 100_000, "MALFORMED_JSON"),
        (KEY, b'{"order_id": NaN}', "UNUSABLE_ID"), (KEY, b"{}", "UNUSABLE_ID"),
        (b"gamma", b'{"order_id":"a","portfolio_id":"alpha"}', "KEY_MISMATCH"),
        (None, b'{"order_id":"a","portfolio_id":"alpha"}', "KEY_MISMATCH"),
        (b"gamma", b'{"order_id":"a","portfolio_id":"gamma"}', "WRONG_PARTITION"),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_a_dead_letter(key: bytes | None, raw: bytes | None, reason: str) -> None:
    """Each with the reason the contract gives it."""
    assert partition_of(b"gamma", PARTITIONS) != PARTITION
    dead = Model(PARTITION, PARTITIONS).order(0, key, raw, START).dead
    assert dead is not None and dead.reason == reason
