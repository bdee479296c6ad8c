"""The naive model of one partition: the contract in plain slow Python, record by record."""

from risk_stream.audit.naive.book import Book
from risk_stream.audit.naive.controls import TYPES, Rebase, RemoveLimit, SetLimit, read_control
from risk_stream.audit.naive.decide import decide
from risk_stream.audit.naive.fields import ClockSkewError, FieldError, Json, is_id, read_object
from risk_stream.audit.naive.limits import Limit
from risk_stream.audit.naive.observe_standing import takes_subject
from risk_stream.audit.naive.orders import read_order, symbol_if_usable, ts_if_usable
from risk_stream.audit.naive.outputs import Output, Source, dead_letter, decision
from risk_stream.audit.naive.partition import partition_of
from risk_stream.audit.naive.picture import Picture, picture
from risk_stream.audit.naive.portfolio import Portfolio
from risk_stream.audit.naive.revalue import execute, revalue
from risk_stream.audit.naive.values import read_execution, read_valuation


class NaiveModel:
    """Give it the records in the order of the journal; it answers with the payloads the engine must publish.

    `control` may be called between any two records: what it was last given is the version in force. Dead letters of
    controls come from every partition's model; they are published once. An INVALID_ORDER decision carries
    `detail_field`, the name of the field, in place of the free text `detail`.
    """

    def __init__(self, partition: int, partitions: int, topic_prefix: str = "risk.") -> None:
        self.partition = partition
        self.partitions = partitions
        self.topic_prefix = topic_prefix
        self.book = Book()
        self.portfolios: dict[str, Portfolio] = {}

    def control(self, offset: int, timestamp: int, key: bytes | None, value: bytes | None) -> list[Output]:
        """A limit change or an operator command; a bad one moves the version and changes nothing else."""
        source = f"{self.topic_prefix}controls/0@{offset}"
        self.book.version = offset
        try:
            record = read_object(value)
        except ValueError:
            return [dead_letter("MALFORMED_JSON", source)]
        if record.get("type") not in TYPES:
            return [dead_letter("UNKNOWN_TYPE", source)]
        try:
            control = read_control(record, timestamp)
        except ClockSkewError:
            return [dead_letter("CLOCK_SKEW", source)]
        except FieldError:
            return [dead_letter("INVALID_CONTROL", source)]
        match control:
            case SetLimit(limit):
                self.drop_levels(limit)
            case RemoveLimit(limit_id):
                self.drop_all_levels(limit_id)
            case Rebase(portfolio_id):
                self.rebase(portfolio_id)
        self.book.apply(offset, control)
        return []

    def value(self, offset: int, timestamp: int, key: bytes | None, value: bytes | None) -> list[Output]:
        """A valuation or an execution."""
        source = f"{self.topic_prefix}portfolio-values/{self.partition}@{offset}"
        try:
            record = read_object(value)
        except ValueError:
            return [dead_letter("MALFORMED_JSON", source)]
        reason = self.misplaced(record, key, ("portfolio_id",))
        if reason is not None:
            return [dead_letter(reason, source)]
        kind = "VALUATION" if record.get("type") is None else record["type"]
        if kind not in ("VALUATION", "EXECUTION"):
            return [dead_letter("UNKNOWN_TYPE", source)]
        try:
            if kind == "VALUATION":
                return self.valuation(record, offset, timestamp)
            return self.execution(record, offset, timestamp, source)
        except ClockSkewError:
            return [dead_letter("CLOCK_SKEW", source)]
        except FieldError:
            return [dead_letter(f"INVALID_{kind}", source)]

    def valuation(self, record: Json, offset: int, timestamp: int) -> list[Output]:
        """A late one is ignored."""
        valuation = read_valuation(record, timestamp)
        portfolio = self.portfolio(str(record["portfolio_id"]))
        self.drop_levels_of(portfolio)
        if portfolio.is_late(valuation):
            return []
        portfolio.value_offset = offset
        return revalue(self.book, portfolio, valuation, self.source(offset, portfolio))

    def execution(self, record: Json, offset: int, timestamp: int, source: str) -> list[Output]:
        """A repeated one is ignored."""
        execution = read_execution(record, timestamp)
        portfolio = self.portfolio(str(record["portfolio_id"]))
        self.drop_levels_of(portfolio)
        if portfolio.execution_ids.date_of(execution.execution_id) is not None:
            return []
        portfolio.execution_ids.add(execution.execution_id, execution.ts)
        portfolio.value_offset = offset
        reason = execute(portfolio, execution)
        return [] if reason is None else [dead_letter(reason, source)]

    def order(self, offset: int, timestamp: int, key: bytes | None, value: bytes | None) -> list[Output]:
        """Exactly one decision (and its violations), or exactly one dead letter."""
        source = f"{self.topic_prefix}orders/{self.partition}@{offset}"
        try:
            record = read_object(value)
        except ValueError:
            return [dead_letter("MALFORMED_JSON", source)]
        reason = self.misplaced(record, key, ("order_id", "portfolio_id"))
        if reason is not None:
            return [dead_letter(reason, source)]
        try:
            order = read_order(record, timestamp)
        except FieldError as error:
            return [("decisions", self.invalid_order(record, offset, timestamp, error.field))]
        portfolio = self.portfolio(order.portfolio_id)
        self.drop_levels_of(portfolio)
        return decide(self.book, portfolio, order, self.source(offset, portfolio))

    def invalid_order(self, record: Json, offset: int, timestamp: int, field: str) -> dict[str, object]:
        """Step 1; it leaves no trace."""
        order_id, portfolio_id = str(record["order_id"]), str(record["portfolio_id"])
        known = self.portfolios.get(portfolio_id)
        source = self.source(offset, known)
        symbol, ts = symbol_if_usable(record), ts_if_usable(record, timestamp)
        return {**decision(source, order_id, portfolio_id, symbol, ts, "INVALID_ORDER"), "detail_field": field}

    def misplaced(self, record: Json, key: bytes | None, ids: tuple[str, ...]) -> str | None:
        """Why a record cannot be given to a portfolio of this partition, None when it can."""
        if not all(is_id(record.get(field)) for field in ids):
            return "UNUSABLE_ID"
        expected = str(record["portfolio_id"]).encode()
        if key != expected:
            return "KEY_MISMATCH"
        return None if partition_of(expected, self.partitions) == self.partition else "WRONG_PARTITION"

    def portfolio(self, portfolio_id: str) -> Portfolio:
        """What is remembered of a portfolio."""
        return self.portfolios.setdefault(portfolio_id, Portfolio(portfolio_id))

    def source(self, offset: int, portfolio: Portfolio | None) -> Source:
        """What an output of the record at `offset` is made from."""
        return Source(self.partition, offset, portfolio.value_offset if portfolio else None, self.book.version)

    def risk(self, portfolio_id: str) -> Picture:
        """The latest risk picture of a portfolio."""
        portfolio = self.portfolio(portfolio_id)
        return picture(portfolio, self.book.trading_state(portfolio_id, portfolio.halted_at_version))

    def rebase(self, portfolio_id: str) -> None:
        """Nothing of the portfolio happens between this command and its next record, so it may take effect at once."""
        portfolio = self.portfolios.get(portfolio_id)
        if portfolio is not None and portfolio.value_time is not None:
            portfolio.peaks.rebase(portfolio.value_time)

    def drop_all_levels(self, limit_id: str) -> None:
        """A limit that is removed drops its levels silently."""
        for portfolio in self.portfolios.values():
            portfolio.levels.pop(limit_id, None)

    def drop_levels(self, limit: Limit) -> None:
        """A limit keeps its levels when it is replaced, unless it is paused or of another kind now."""
        old = self.book.limits.get(limit.limit_id)
        if old is not None and (old.kind != limit.kind or limit.mode == "PAUSED"):
            self.drop_all_levels(limit.limit_id)

    def drop_levels_of(self, portfolio: Portfolio) -> None:
        """With its next record, before that moves T, a portfolio drops the levels of limits that do not look at it, or
        at that symbol or sector, any more or not yet."""
        now = portfolio.now
        if now is None:
            return
        for limit_id, levels in list(portfolio.levels.items()):
            limit = self.book.limits.get(limit_id)
            if limit is None:
                continue
            takes = limit.scope.get("portfolio_id") in (None, portfolio.portfolio_id)
            if not (takes and limit.is_standing and limit.in_force(now)):
                del portfolio.levels[limit_id]
                continue
            for subject in [one for one in levels if one is not None and not takes_subject(limit, one)]:
                del levels[subject]
