"""The JSON of each input line: what a producer would have sent."""

import itertools
import json
import re
from collections.abc import Iterator

from tests.scenarios.table import Line

Message = dict[str, object]

SCOPE = {
    "portfolio": "portfolio_id",
    "symbol": "symbol",
    "sector": "sector",
    "strategy": "strategy_id",
    "trader": "trader_id",
}
ORDER_OPTIONS = {
    "price": "price",
    "ref": "reference_price",
    "sector": "sector",
    "strategy": "strategy_id",
    "trader": "trader_id",
}
CONTROL_WORDS = ("limit", "remove", "halt", "reduce", "resume", "override", "rebase")
STATUSES = {
    "fill": "FILLED",
    "partial": "PARTIALLY_FILLED",
    "cancel": "CANCELLED",
    "expire": "EXPIRED",
    "reject": "REJECTED",
}
CLOCK = re.compile(r"(?:(\d\d)T)?(\d\d:\d\d:\d\d(?:\.\d+)?)")


def instant(text: str) -> str:
    """`10:00:00` on 22 November 2026, or `23T10:00:00` on another day of that month, as RFC 3339."""
    match = CLOCK.fullmatch(text)
    return f"2026-11-{match.group(1) or '22'}T{match.group(2)}Z" if match else text


def split_options(words: list[str]) -> tuple[list[str], dict[str, str]]:
    """Plain words, and `name=value` options."""
    options = dict(word.split("=", 1) for word in words if "=" in word)
    return [word for word in words if "=" not in word], options


class Messages:
    """Makes messages; execution ids are counted unless the line names one."""

    def __init__(self) -> None:
        self.execution_numbers: Iterator[int] = itertools.count(1)

    def of(self, line: Line) -> tuple[str, Message]:
        """The topic (controls, values or orders) and the message of a line."""
        words, options = split_options(line.rest)
        if line.word in CONTROL_WORDS:
            signed: Message = {"actor": "risk-desk", "reason": "scenario"}
            return "controls", {**signed, **self.control(line.word, words, options)}
        if line.word == "value":
            return "values", self.valuation(words, options)
        if line.word in STATUSES:
            return "values", self.execution(STATUSES[line.word], words, options)
        return "orders", self.order(words, options)

    def control(self, word: str, words: list[str], options: dict[str, str]) -> Message:
        """limit ID KIND ..., remove ID, halt/reduce/resume P or ALL, override ORDER until=, rebase P."""
        match word:
            case "limit":
                return limit(words, options)
            case "remove":
                return {"type": "REMOVE_LIMIT", "limit_id": words[0]}
            case "rebase":
                return {"type": "REBASE", "portfolio_id": words[0]}
            case "override":
                return {
                    "type": "OVERRIDE",
                    "order_id": words[0],
                    "portfolio_id": options.get("portfolio", "P1"),
                    "expires_at": instant(options["until"]),
                    "requested_by": options.get("requested_by", "trader"),
                    "approved_by": options.get("approved_by", "officer"),
                }
        target = {"scope": "ALL"} if words[0] == "ALL" else {"portfolio_id": words[0]}
        return {"type": word.upper(), **target}

    def valuation(self, words: list[str], options: dict[str, str]) -> Message:
        """value TOTAL [flat] [flow=] [seq=] [metric.NAME=] [SYMBOL=QUANTITYxPRICE/SECTOR ...] [ts=] [portfolio=]."""
        message: Message = {"portfolio_id": options.pop("portfolio", "P1"), "total_value": words[0]}
        if "flow" in options:
            message["cash_flow"] = options.pop("flow")
        if "seq" in options:
            message["sequence"] = int(options.pop("seq"))
        if "ts" in options:
            message["ts"] = instant(options.pop("ts"))
        metrics = {name[7:]: json.loads(text) for name, text in options.items() if name.startswith("metric.")}
        if metrics:
            message["metrics"] = metrics
        positions = [position(name, text) for name, text in options.items() if not name.startswith("metric.")]
        if positions or "flat" in words:
            message["positions"] = positions
        return message

    def execution(self, status: str, words: list[str], options: dict[str, str]) -> Message:
        """fill/partial ORDER SIDE QUANTITY SYMBOL at PRICE; cancel/expire/reject ORDER [SIDE SYMBOL]."""
        message: Message = {
            "type": "EXECUTION",
            "portfolio_id": options.get("portfolio", "P1"),
            "order_id": words[0],
            "execution_id": options.get("exec", f"x{next(self.execution_numbers)}"),
            "status": status,
        }
        if "ts" in options:
            message["ts"] = instant(options["ts"])
        if status not in ("FILLED", "PARTIALLY_FILLED"):
            return {**message, "side": "BUY", "symbol": "ACME"}
        _, side, quantity, symbol, _, price = words
        return {**message, "side": side, "symbol": symbol, "last_quantity": quantity, "last_price": price}

    def order(self, words: list[str], options: dict[str, str]) -> Message:
        """order ID SIDE QUANTITY SYMBOL at PRICE|market [ref=] [sector=] [strategy=] [trader=] [ts=] [portfolio=]."""
        order_id, side, quantity, symbol, _, price = words
        message: Message = {
            "order_id": order_id,
            "portfolio_id": options.get("portfolio", "P1"),
            "symbol": symbol,
            "side": side,
            "quantity": quantity,
        }
        if price == "market":
            message["order_type"] = "MARKET"
        else:
            message["price"] = price
        message |= {name: options[option] for option, name in ORDER_OPTIONS.items() if option in options}
        if "ts" in options:
            message["ts"] = instant(options["ts"])
        return message


def limit(words: list[str], options: dict[str, str]) -> Message:
    """limit ID KIND [threshold=] [portfolio= symbol= sector= strategy= trader=] and the limit's other fields."""
    message: Message = {"type": "SET_LIMIT", "limit_id": words[0], "kind": words[1]}
    scope = {SCOPE[name]: text for name, text in options.items() if name in SCOPE}
    if scope:
        message["scope"] = scope
    for name, text in options.items():
        if name == "symbols":
            message[name] = text.split(",")
        elif name == "effective_from":
            message[name] = instant(text)
        elif name not in SCOPE:
            message[name] = text
    return message


def position(symbol: str, text: str) -> Message:
    """QUANTITYxPRICE or QUANTITYxPRICE/SECTOR."""
    numbers, _, sector = text.partition("/")
    quantity, price = numbers.split("x")
    message: Message = {"symbol": symbol, "quantity": quantity, "price": price}
    return {**message, "sector": sector} if sector else message
