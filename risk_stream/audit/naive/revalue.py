"""What a valuation and an execution do to a portfolio, and the violations a valuation raises or resolves."""

from risk_stream.audit.naive.book import Book
from risk_stream.audit.naive.decide import halts
from risk_stream.audit.naive.judge import NotEvaluableError, Verdict, judge, not_evaluable
from risk_stream.audit.naive.limits import Limit
from risk_stream.audit.naive.observe_standing import Observer, Subject, standing, takes_subject
from risk_stream.audit.naive.outputs import Output, Source, no_longer_held, violation_by_value
from risk_stream.audit.naive.portfolio import Portfolio
from risk_stream.audit.naive.values import Execution, Valuation


def revalue(book: Book, portfolio: Portfolio, valuation: Valuation, source: Source) -> list[Output]:
    """Apply a valuation that is not late and evaluate the standing limits on the portfolio as it now is."""
    portfolio.apply_valuation(valuation)
    now = portfolio.now
    assert now is not None
    outputs: list[Output] = []
    levels_before, portfolio.levels = portfolio.levels, {}  # those of limits not evaluated now are dropped silently
    for limit in book.limits_for(portfolio.portfolio_id, now):
        if limit.is_standing:
            levels = {
                subject: level
                for subject, level in levels_before.get(limit.limit_id, {}).items()
                if subject is None or takes_subject(limit, subject)
            }
            portfolio.levels[limit.limit_id] = levels
            observers = standing(portfolio, valuation, now, limit)
            outputs += changes_of_level(book, portfolio, valuation, source, limit, observers)
    return outputs


def changes_of_level(
    book: Book,
    portfolio: Portfolio,
    valuation: Valuation,
    source: Source,
    limit: Limit,
    observers: dict[Subject, Observer],
) -> list[Output]:
    """One event for each thing the limit is about whose level changes."""
    outputs: list[Output] = []
    levels = portfolio.levels[limit.limit_id]
    for subject in sorted({*observers, *levels}, key=lambda subject: subject or ""):
        verdict = evaluate(limit, observers[subject]) if subject in observers else no_longer_held(limit)
        left = levels.pop(subject, "OK")
        if verdict.level != "OK":
            levels[subject] = verdict.level
        if verdict.level == left:
            continue
        outputs.append(violation_by_value(source, portfolio.portfolio_id, valuation.ts, subject, verdict, left))
        if halts(verdict) and limit.mode == "ACTIVE":
            portfolio.halted_at_version = book.version
    return outputs


def evaluate(limit: Limit, observer: Observer) -> Verdict:
    """One standing limit on one subject."""
    try:
        return judge(limit, observer())
    except NotEvaluableError as missing:
        return not_evaluable(limit, str(missing))


def execute(portfolio: Portfolio, execution: Execution) -> str | None:
    """Apply an execution that is no repeat; the reason of its dead letter, if it leaves one."""
    number = portfolio.open_orders.find(execution.order_id)
    if not execution.is_fill:
        portfolio.open_orders.close(number)
        return None
    portfolio.holdings.take_fill(execution)
    if number is None:
        return "UNKNOWN_ORDER"
    beyond = portfolio.open_orders.fill(number, execution.last_quantity)
    if execution.status == "FILLED":
        portfolio.open_orders.close(number)
    return "OVERFILL" if beyond else None
