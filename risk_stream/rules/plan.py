"""The plan: every limit and command in force at one controls version, as arrays for the compiled loop.

Limits are sorted by `limit_id`, so an index is also the order in which they are judged and reported. A limit scoped to
a portfolio is listed with that portfolio's entry, one scoped to a symbol with that symbol's group unless valuations
look at it, too, all others are general: an order looks only at limits that can concern it, however many others there
are. Names are compared by their 128-bit hash.
"""

from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from risk_stream.messages.compiled.hash128 import hash128
from risk_stream.messages.limit import Limit
from risk_stream.state.columns import Columns, ColumnsType, Spec, register
from risk_stream.state.layout import INT32, INT64

NO_TIME = -(2**63)

LIMIT = np.dtype(
    [
        # What is looked at for nearly every order and limit comes first: one line of memory.
        ("quiet_below", np.float64),  # observed from 0 to below it: within, no warning; -inf: cannot be told
        ("observation", np.int32),  # number of what it observes of an order, if others observe the same; -1
        ("kind", np.int8),
        ("action", np.int8),
        ("mode", np.int8),
        ("lifted", np.int8),  # for strictly reducing orders
        ("operator", np.int8),  # of METRIC; GREATER for every other kind
        ("amount", np.int8),  # unit amount
        ("threshold_hi", np.int64),  # in the integer unit of what is observed
        ("threshold_lo", np.uint64),
        ("threshold", np.float64),  # as a double: the threshold itself for ratios and metrics, else of the integer
        ("warn_ratio", np.float64),
        ("armed_since", np.int64),  # offset of the SET_LIMIT that made it count; its levels are of this arming only
        ("effective_from", np.int64),  # ms; NO_TIME
        ("window_ms", np.int64),
        ("adverse_move", np.int64),  # 10^-8
        ("portfolio_h1", np.uint64),
        ("portfolio_h2", np.uint64),
        ("symbol_h1", np.uint64),
        ("symbol_h2", np.uint64),
        ("sector_h1", np.uint64),
        ("sector_h2", np.uint64),
        ("strategy_h1", np.uint64),
        ("strategy_h2", np.uint64),
        ("trader_h1", np.uint64),
        ("trader_h2", np.uint64),
        ("metric_h1", np.uint64),
        ("metric_h2", np.uint64),
        ("uid", np.int32),  # the limit_id's number, by first appearance on the log
        ("symbols_from", np.int32),
        ("symbols_to", np.int32),
        ("peak_window", np.int8),
        ("has_portfolio", np.int8),
        ("has_symbol", np.int8),
        ("has_sector", np.int8),
        ("has_strategy", np.int8),
        ("has_trader", np.int8),
        ("standing", np.int8),  # how a valuation evaluates it, as in kinds.py
    ],
    align=True,
)

GROUP = np.dtype([("h1", np.uint64), ("h2", np.uint64), ("first", np.int32), ("end", np.int32)], align=True)
"""Limits (a range of `listed`) that concern one symbol only."""

ENTRY = np.dtype(
    [
        ("h1", np.uint64),
        ("h2", np.uint64),
        ("resume_offset", np.int64),  # of its last RESUME; -1
        ("rebase_offset", np.int64),  # of its last REBASE; -1
        ("equal_window_ms", np.int64),  # longest DUPLICATE_ORDER window of its own limits
        ("first", np.int32),  # range of `listed`
        ("end", np.int32),
        ("windows_first", np.int32),  # range of `windows`
        ("windows_end", np.int32),
        ("overrides_first", np.int32),
        ("overrides_end", np.int32),
        ("state", np.int8),  # ACTIVE, REDUCING, HALTED by command
    ],
    align=True,
)
"""What concerns one portfolio only."""

OVERRIDE = np.dtype([("h1", np.uint64), ("h2", np.uint64), ("offset", np.int64), ("expires_at", np.int64)], align=True)

WINDOW = np.dtype([("window_ms", np.int64), ("kind", np.int32)], align=True)
"""A rolling counter to keep; `kind` as in state/counters.py."""

NAME = np.dtype([("h1", np.uint64), ("h2", np.uint64)], align=True)

# Cells of PlanArrays.header
VERSION, FIRM_STATE, EQUAL_WINDOW_MS, GENERAL_WINDOWS, NAMES_PEOPLE, OBSERVATIONS = range(6)
HEADER_CELLS = 6

ACTIVE, REDUCING, HALTED = range(3)
"""Trading states, the more severe the greater."""

Rows = npt.NDArray[np.void]


class PlanArrays(Columns):
    """What the compiled loop reads of a plan."""

    SPEC: ClassVar[Spec] = {
        "header": (INT64, ()),
        "limits": (LIMIT, ()),
        "general": (INT32, ()),  # limits scoped to no portfolio, nor to a symbol unless valuations look at them, too
        "by_uid": (INT32, ()),  # the limit of each number ever given; -1 where it is removed
        "listed": (INT32, ()),  # limits of groups and entries, each range rising
        "groups": (GROUP, ()),  # sorted by h1
        "entries": (ENTRY, ()),  # sorted by h1
        "overrides": (OVERRIDE, ()),
        "windows": (WINDOW, ()),  # the general ones first
        "symbols": (NAME, ()),  # of RESTRICTED_SYMBOL, each limit's range sorted by h1
    }

    header: npt.NDArray[np.int64]
    limits: Rows
    general: npt.NDArray[np.int32]
    by_uid: npt.NDArray[np.int32]
    listed: npt.NDArray[np.int32]
    groups: Rows
    entries: Rows
    overrides: Rows
    windows: Rows
    symbols: Rows


class PlanType(ColumnsType):
    """PlanArrays in compiled code."""


register(PlanArrays, PlanType)


class Plan(NamedTuple):
    """The limits in force at one controls version: for the loop, for the encoders and for people."""

    version: int
    limits: tuple[Limit, ...]
    arrays: PlanArrays


def name_hash(name: str) -> tuple[np.uint64, np.uint64]:
    """hash128 of a name's UTF-8 bytes, in the type that compiled code takes them in."""
    text = np.frombuffer(name.encode(), np.uint8)
    h1, h2 = hash128(text, 0, len(text))
    return np.uint64(h1), np.uint64(h2)
