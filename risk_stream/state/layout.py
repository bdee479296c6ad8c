"""The columns: one record array a kind of thing, all of one partition, linked by index.

Everything a portfolio remembers lies in these arrays; a "slot" is the index of a resident portfolio. Arrays grow
between batches (arena.py), never inside a compiled loop. -1 is "none" in every link, NONE in every time.
"""

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from risk_stream.state.columns import Columns, ColumnsType, Spec, numbered, register

NONE = np.int64(-(2**63))
"""No time, no sequence: below every real one."""

ID_BYTES_MAX = 256
"""64 printable characters of at most 4 bytes each in UTF-8."""

CHUNK = 16
"""Entries a chunk: the unit of memory, of saving and of freeing (16 attempts are about 1 KB as a row)."""

BUCKETS = 60
"""Sub-buckets of a rolling count or sum (the contract's number)."""

PEAK_BUCKET_MS = 300_000
PEAK_BUCKETS = (288, 2016, 8640)
"""Five-minute buckets in a day, in 7 and in 30 days."""

DAY_MS = 86_400_000
IDS_MAX = 10_000
"""Order ids, and execution ids, remembered a portfolio (the contract's number)."""

ATTEMPTS_MAX = 1 << 20
"""Attempts kept a portfolio for DUPLICATE_ORDER windows, whatever their length: 96 MB; the oldest are forgotten."""

WINDOW_MS_MAX = 30 * DAY_MS
"""The longest window of a counting limit (read_limit.py)."""

LATE_ATTEMPTS = 10_000
"""The last attempts of 30 days, kept although no armed limit needs them: a limit set later, or again, counts them. 75
bytes each behind the 24 h in which their ids count: 0.75 MB of a portfolio that has so many, 0.6 GB of 10,000 in memory
with a thousand each. Fewer were cheaper; of those before them only sums are left (past.py)."""

FOLDED_MAX = 2
"""Attempts that become a part of a sum with each new one: one would do, two catch up when those that a DUPLICATE_ORDER
limit needed are free."""

SECONDS_MS = 3_600_000
"""The age at which sums a second become a part of sums a minute."""

SECONDS_MOVED_MAX = 4
"""Of them with each new attempt: they leave faster than they come, 3,600 of an hour and as many that are late."""

INLINE_POSITIONS = 16
"""Positions that are saved with the main row whenever it is; of more, only those changed since their list was saved."""

MEMOS_MAX = 65_536
"""Symbols a portfolio remembers only a mark or a sector of (nothing held, nothing open); the contract sets no bound.
More than any one market lists; 64 to 70 bytes each with their places in the table, 4.5 MB of one that has so many."""

MEMOS_KEPT = MEMOS_MAX - MEMOS_MAX // 16
"""Of them, when a new symbol comes at the bound: finding the oldest costs O(symbols), too much for one."""

# Arenas: things taken from a free list. The chunked ones come first, so that a kind of chunk is its arena.
ATTEMPTS, EXECUTIONS, OPENS, PEAKS, SECONDS, MINUTES = range(6)
CHUNK_KINDS = 6
PORTFOLIOS, POSITIONS, HOLDINGS, SECTORS, COUNTERS, LEVELS, METRICS = range(6, 13)
ARENAS = 13

NOTHING = 0
"""The holding of every position that has none of its own: empty, and never written."""

# Columns of State.chains
FIRST, LAST, HEAD, TAIL = range(4)

# Columns of State.free
FREE_HEAD, FREE_COUNT = range(2)

# Hash tables
BY_PORTFOLIO, BY_POSITION, BY_SECTOR, BY_ATTEMPT, BY_SIGNATURE, BY_OPEN, BY_EXECUTION, BY_STRING = range(8)
TABLES = 8

# Cells of State.header
STRING_COUNT, TEXT_USED, DIRTY_COUNT, GONE_COUNT, DIRTY_CHUNK_COUNT, UNLINKED_COUNT = range(6)
HEADER_CELLS = 6

PORTFOLIO = np.dtype(
    [
        ("h1", np.uint64),  # hash128 of the id
        ("h2", np.uint64),
        ("to", np.int64),  # greatest ts among orders, ms; NONE before the first
        ("tv", np.int64),  # ts of the last applied valuation, ms
        ("total_hi", np.int64),  # last total value, money
        ("total_lo", np.uint64),
        ("flow_hi", np.int64),  # cash flows cumulated since the first valuation, money
        ("flow_lo", np.uint64),
        ("top_hi", np.int64),  # greatest (total value - cumulated flow) since the first valuation
        ("top_lo", np.uint64),
        ("value_offset", np.int64),  # last applied record of portfolio-values; -1 before the first
        ("sequence", np.int64),
        ("snapshot_ts", np.int64),  # ts of the last valuation with positions
        ("halt_version", np.int64),  # controls version when a limit halted it; NONE when none did
        ("rebase_seen", np.int64),  # offset of the last REBASE applied; -1
        ("ids_head", np.int64),  # first attempt whose id still counts as a duplicate
        ("open_count", np.int64),
        ("open_oldest", np.int64),  # no open order is older than this; NONE when unknown
        ("uses", np.int64),  # of positions, so far
        ("list_number", np.int64),  # of the list of positions that was saved last; 0: none
        # From here on nothing is saved: it is derived when a row is loaded.
        ("side_hi", np.int64, (2,)),  # sum of (held +- open) x mark, by order direction: NET of the other symbols
        ("side_lo", np.uint64, (2,)),
        ("gross_hi", np.int64),  # sum of the larger |(held +- open) x mark|: GROSS of the other symbols
        ("gross_lo", np.uint64),
        ("held_net_hi", np.int64),  # sum of held x mark, signed
        ("held_net_lo", np.uint64),
        ("held_gross_hi", np.int64),  # sum of |held x mark|
        ("held_gross_lo", np.uint64),
        ("ids_entry", np.int64),  # entry of ids_head; -1 when no id counts
        ("touched", np.int64),  # step in which it was last used
        ("touched_ms", np.int64),
        ("plan_version", np.int64),
        ("entry", np.int32),  # the plan's entry for this portfolio; -1
        ("unmarked", np.int32),  # symbols with something held or open and no mark
        ("unmarked_on", np.int32, (2,)),  # those of them that have a quantity with the open buys, with the open sells
        ("memos", np.int32),  # symbols with nothing held and nothing open
        ("id_len", np.int32),
        ("next", np.int32),  # free list
        ("positions", np.int32),
        ("position_count", np.int32),
        ("changed", np.int32),  # positions not as in the saved list, linked by next_changed
        ("changed_count", np.int32),
        ("repeated", np.int64),  # how often main rows repeated changed positions since the list was saved
        ("counters", np.int32),
        ("levels", np.int32),
        ("metrics", np.int32),
        ("window_peak", np.int32, (3,)),  # entry that holds the peak of P1D, P7D, P30D; -1
        ("used", np.int8),
        ("dirty", np.int8),
        ("cutting", np.int8),  # copied by a cut that is not saved yet
        ("saved", np.int8),  # a row of it exists
        ("links_equals", np.int8),  # its equal attempts are linked
        ("relist", np.int8),  # the saved list names a position that was dropped since
    ],
    align=True,
)

POSITION = np.dtype(
    [
        ("order_price", np.int64),  # of the last approved order that had one; 0: none
        ("used_at", np.int64),  # the portfolio's `uses` at the last one, to drop the oldest memo
        ("slot", np.int32),
        ("symbol", np.int32),  # a string
        ("order_sector", np.int32),  # a row of sectors; -1
        ("holding", np.int32),  # a row of holdings; NOTHING while orders alone have named the symbol
        ("next", np.int32),
        ("previous", np.int32),
        ("next_changed", np.int32),
        ("is_changed", np.int8),
    ],
    align=True,
)
"""A symbol that a portfolio remembers something of. Hundreds of them may have been named by orders that are closed."""

HOLDING = np.dtype(
    [
        ("held_hi", np.int64),
        ("held_lo", np.uint64),
        ("open_hi", np.int64, (2,)),  # open buys, open sells
        ("open_lo", np.uint64, (2,)),
        ("value_hi", np.int64, (2,)),  # derived: (held + open buys) x mark, (held - open sells) x mark
        ("value_lo", np.uint64, (2,)),
        ("snapshot_price", np.int64),  # 0: none
        ("fill_price", np.int64),
        ("snapshot_sector", np.int32),  # a row of sectors; -1
        ("next", np.int32),  # free list
    ],
    align=True,
)
"""What a position has beside what orders have named: what is held or open, and what a snapshot or a fill has told."""

SECTOR = np.dtype(
    [
        ("gross_hi", np.int64),  # sum of the larger |(held +- open) x mark| of the symbols whose sector it is
        ("gross_lo", np.uint64),
        ("slot", np.int32),
        ("name", np.int32),  # a string
        ("unmarked", np.int32),  # symbols with something held or open and no mark
        ("uses", np.int32),  # how often positions name it; 0: free
        ("next", np.int32),  # free list
    ],
    align=True,
)
"""Nothing of it is saved: it is derived from the positions."""

COUNTER = np.dtype(
    [
        ("window_ms", np.int64),
        ("newest", np.int64),  # bucket number of the newest sub-bucket
        ("sum_hi", np.int64),
        ("sum_lo", np.uint64),
        ("kind", np.int32),  # 0 attempts, 1 approved notional
        ("next", np.int32),
        ("bucket_hi", np.int64, (BUCKETS,)),
        ("bucket_lo", np.uint64, (BUCKETS,)),
    ],
    align=True,
)

LEVEL = np.dtype(
    [
        ("armed_since", np.int64),  # the limit's, when the level was set
        ("uid", np.int32),  # the limit's number
        ("key", np.int32),  # a string (symbol or sector); -1
        ("next", np.int32),
        ("level", np.int8),  # 1 WARNED, 2 BREACHED, CONSUMED an override
        ("seen", np.int8),
    ],
    align=True,
)

METRIC_VALUE = np.dtype([("h1", np.uint64), ("h2", np.uint64), ("value", np.float64), ("next", np.int32)], align=True)

ATTEMPT = np.dtype(
    [
        ("h1", np.uint64),  # hash128 of the order id
        ("h2", np.uint64),
        ("to", np.int64),  # To when it came, ms
        ("quantity", np.int64),
        ("price", np.int64),  # -1: absent
        ("notional_hi", np.int64),  # approved notional, money; 0 when refused
        ("notional_lo", np.uint64),
        ("symbol", np.int32),  # a string
        ("side", np.int8),
    ],
    align=True,
)

EQUAL = np.dtype(
    [
        ("depth", np.int64),  # rises as long as equals follow one another: a flood passes 2^31 within weeks
        ("previous", np.int32),
        ("jump", np.int32),
        ("previous_seq", np.int64),
        ("jump_seq", np.int64),
    ],
    align=True,
)
"""The chain of attempts equal in symbol, side, quantity and price, an EQUAL an attempt. Derived, and nothing is ever
written there, so that it takes no memory, while no DUPLICATE_ORDER limit concerns the portfolio."""

EXECUTION_ID = np.dtype([("h1", np.uint64), ("h2", np.uint64)], align=True)

OPEN = np.dtype(
    [
        ("h1", np.uint64),  # hash128 of the order id
        ("h2", np.uint64),
        ("to", np.int64),  # To at approval, ms
        ("remaining", np.int64),  # quantity still open; 0: closed
        ("symbol", np.int32),
        ("side", np.int32),
    ],
    align=True,
)

PEAK = np.dtype([("bucket", np.int64), ("net_hi", np.int64), ("net_lo", np.uint64)], align=True)

PAST = np.dtype(
    [
        ("to", np.int64),  # To of the last attempt in it, ms
        ("attempts", np.int64),
        ("notional_hi", np.int64),  # sum of their approved notional, money
        ("notional_lo", np.uint64),
    ],
    align=True,
)
"""What is left of the attempts of a second, or of a minute, that are not kept one by one."""

CHUNK_HEAD = np.dtype(
    [
        ("number", np.int64),  # sequence number of its first entry / CHUNK
        ("slot", np.int32),
        ("next", np.int32),
        ("previous", np.int32),
        ("live", np.int32),  # OPENS: entries not closed
        ("dirty", np.int8),
        ("saved", np.int8),
    ],
    align=True,
)

STRING = np.dtype([("h1", np.uint64), ("h2", np.uint64), ("at", np.int64), ("len", np.int64)], align=True)

GONE = np.dtype([("number", np.int64), ("kind", np.int32), ("slot", np.int32)], align=True)
"""A saved chunk row to delete at the next cut."""

Rows = npt.NDArray[np.void]
Int64s = npt.NDArray[np.int64]
Int32s = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.uint8]


INT64 = np.dtype(np.int64)
INT32 = np.dtype(np.int32)
UINT64 = np.dtype(np.uint64)
BYTE = np.dtype(np.uint8)

HEADS = ("attempt_heads", "execution_heads", "open_heads", "peak_heads", "second_heads", "minute_heads")
ENTRIES = ("attempts", "executions", "opens", "peaks", "seconds", "minutes")
TABLE_NAMES = ("portfolio", "position", "sector", "attempt", "signature", "open", "execution", "string")


class State(Columns):
    """All arrays of one partition. In compiled code as here; `chunks` and `places` take a number."""

    SPEC: ClassVar[Spec] = {
        "header": (INT64, ()),
        "free": (INT64, (2,)),
        "portfolios": (PORTFOLIO, ()),
        "ids": (BYTE, (ID_BYTES_MAX,)),
        "chains": (INT64, (CHUNK_KINDS, 4)),  # [slot, chunk kind, FIRST LAST HEAD TAIL]
        "positions": (POSITION, ()),
        "holdings": (HOLDING, ()),
        "sectors": (SECTOR, ()),
        "counters": (COUNTER, ()),
        "levels": (LEVEL, ()),
        "metrics": (METRIC_VALUE, ()),
        **dict.fromkeys(HEADS, (CHUNK_HEAD, ())),
        "attempts": (ATTEMPT, ()),
        "equals": (EQUAL, ()),  # as many as attempts
        "executions": (EXECUTION_ID, ()),
        "opens": (OPEN, ()),
        "peaks": (PEAK, ()),
        "seconds": (PAST, ()),
        "minutes": (PAST, ()),
        "strings": (STRING, ()),
        "text": (BYTE, ()),
        **{f"{name}_places": (INT64, ()) for name in TABLE_NAMES},
        "table_used": (INT64, ()),
        "dirty": (INT32, ()),  # slots changed since the last cut
        "dirty_chunks": (INT32, (2,)),  # kind, chunk
        "gone": (GONE, ()),
    }

    header: Int64s
    free: Int64s
    portfolios: Rows
    ids: Bytes
    chains: Int64s
    positions: Rows
    holdings: Rows
    sectors: Rows
    counters: Rows
    levels: Rows
    metrics: Rows
    attempts: Rows
    equals: Rows
    executions: Rows
    opens: Rows
    peaks: Rows
    seconds: Rows
    minutes: Rows
    strings: Rows
    text: Bytes
    table_used: Int64s
    dirty: Int32s
    dirty_chunks: Int32s
    gone: Rows

    def chunks(self, kind: int) -> Rows:
        """The chunk heads of a kind."""
        return self.arrays[HEADS[kind]]

    def places(self, table: int) -> Int64s:
        """The places of a hash table (table.py)."""
        return self.arrays[f"{TABLE_NAMES[table]}_places"]

    def replace_places(self, table: int, places: Int64s) -> None:
        """Put a hash table in the place of another."""
        self.replace(f"{TABLE_NAMES[table]}_places", places)


class StateType(ColumnsType):
    """State in compiled code."""


register(State, StateType)
numbered(StateType, "chunks", State.SPEC, HEADS[0])
numbered(StateType, "places", State.SPEC, "portfolio_places")
