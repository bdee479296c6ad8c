"""The decision on one well-formed order."""

from risk_stream.audit.naive.book import Book
from risk_stream.audit.naive.judge import NotEvaluableError, Verdict, judge, not_evaluable
from risk_stream.audit.naive.limits import EXEMPT_WHEN_REDUCING, Limit
from risk_stream.audit.naive.observe_order import OBSERVERS, Case, order_price
from risk_stream.audit.naive.orders import Order
from risk_stream.audit.naive.outputs import Output, Source, decision, listed, violation_by_order
from risk_stream.audit.naive.portfolio import Portfolio


def decide(book: Book, portfolio: Portfolio, order: Order, source: Source) -> list[Output]:
    """Steps 2 to 5 of the contract, then what the order leaves behind."""
    order_time = portfolio.move_order_time(order.ts)
    now = portfolio.now
    assert now is not None
    if portfolio.history.has_decided(order.order_id, order_time):
        return [("decisions", without_limits(order, source, "DUPLICATE_ORDER_ID"))]

    case = Case(
        portfolio=portfolio,
        order=order,
        price=order_price(portfolio, order),
        sector=portfolio.holdings.sector(order.symbol, order),
        order_time=order_time,
        now=now,
    )
    state = book.trading_state(order.portfolio_id, portfolio.halted_at_version)
    reducing = portfolio.is_strictly_reducing(order)
    if state == "HALTED" or (state == "REDUCING" and not reducing):
        outputs: list[Output] = [("decisions", without_limits(order, source, state))]
        approved = False
    else:
        outputs, approved = by_limits(book, case, reducing, source)
    remember(case, approved)
    return outputs


def without_limits(order: Order, source: Source, code: str) -> dict[str, object]:
    """A rejection by steps 2 to 4."""
    return decision(source, order.order_id, order.portfolio_id, order.symbol, order.ts, code)


def by_limits(book: Book, case: Case, reducing: bool, source: Source) -> tuple[list[Output], bool]:
    """Step 5: every limit in scope is evaluated; the decision, its violations, and whether it approves."""
    order, portfolio = case.order, case.portfolio
    verdicts = [
        evaluate(limit, case)
        for limit in book.limits_for(order.portfolio_id, case.now)
        if limit.takes(scope_fields(case)) and not (reducing and limit.kind in EXEMPT_WHEN_REDUCING)
    ]
    active = [verdict for verdict in verdicts if verdict.limit.mode == "ACTIVE"]
    code = code_of(active)
    if code != "OK" and book.take_override(order.portfolio_id, order.order_id, case.now):
        code = "OVERRIDDEN"
    payload = without_limits(order, source, code)
    payload["limits_evaluated"] = len(active)
    payload["violations"] = [listed(verdict) for verdict in active if verdict.level != "OK"]
    if any(halts(verdict) for verdict in active):
        portfolio.halted_at_version = book.version
    events = [violation_by_order(source, order, case.sector, verdict) for verdict in verdicts if verdict.level != "OK"]
    return [("decisions", payload), *events], code in ("OK", "OVERRIDDEN")


def scope_fields(case: Case) -> dict[str, str | None]:
    """What scopes are compared with."""
    order = case.order
    return {
        "portfolio_id": order.portfolio_id,
        "symbol": order.symbol,
        "sector": case.sector,
        "strategy_id": order.strategy_id,
        "trader_id": order.trader_id,
    }


def evaluate(limit: Limit, case: Case) -> Verdict:
    """One limit on one order."""
    try:
        return judge(limit, OBSERVERS[limit.kind](limit, case))
    except NotEvaluableError as missing:
        return not_evaluable(limit, str(missing))


def code_of(verdicts: list[Verdict]) -> str:
    """OK, or the kind of the first violated limit that rejects (verdicts stand in limit_id order)."""
    for verdict in verdicts:
        if verdict.level == "BREACHED" and verdict.limit.action in ("REJECT", "HALT"):
            return verdict.limit.kind if verdict.reason is None else "NOT_EVALUABLE"
    return "OK"


def halts(verdict: Verdict) -> bool:
    """A violated HALT limit halts the portfolio; one that could not be evaluated never does."""
    return verdict.limit.action == "HALT" and verdict.level == "BREACHED" and verdict.reason is None


def remember(case: Case, approved: bool) -> None:
    """Every attempt counts, approved or not; an approval also opens the order."""
    portfolio, order = case.portfolio, case.order
    portfolio.history.add_attempt(order, case.order_time)
    if order.sector is not None:
        portfolio.holdings.order_sectors[order.symbol] = order.sector
    if not approved:
        return
    portfolio.open_orders.approve(order, case.order_time)
    if case.price is not None:
        portfolio.history.add_approval(order.notional_at(case.price), case.order_time)
        portfolio.holdings.approved_prices[order.symbol] = case.price
