"""The parts of the output that a limit determines by itself, escaped and encoded once a plan."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from risk_stream.messages.compiled.pool import pool_of
from risk_stream.messages.json_text import quoted
from risk_stream.messages.limit import Limit

# Each limit has these pieces, in this order; piece p of limit i is number i * PIECES + p.
LISTED_HEAD = 0  # {"limit_id":…,"kind":…,"severity":"     of an entry of a decision's violations
THRESHOLD = 1  # ,"threshold":…,"utilisation":
EVENT_ID = 2  # the limit_id inside a violation_id
EVENT_HEAD = 3  # ,"limit_id":…,"kind":…,"severity":"
EVENT_MODE = 4  # ","action":…,"mode":…,"portfolio_id":"
LIMIT_ID = 5  # the limit_id as it is
PIECES = 6


class LimitPieces(NamedTuple):
    """The limits of a plan in its order, and their pieces: piece n is text[starts[n]:starts[n + 1]]."""

    limits: tuple[Limit, ...]
    text: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int64]
    """Bytes of all pieces of a limit together."""


def limit_pieces(limits: Sequence[Limit]) -> LimitPieces:
    """The pieces of all limits; VIOLATION_ROW.limit is an index into `limits`."""
    pool = pool_of(piece for limit in limits for piece in pieces_of(limit))
    return LimitPieces(tuple(limits), pool.text, pool.starts, np.diff(pool.starts[::PIECES]))


def pieces_of(limit: Limit) -> tuple[str, ...]:
    """The pieces of one limit, in order."""
    limit_id = quoted(limit.limit_id)[1:-1]
    head = f'"limit_id":"{limit_id}","kind":"{limit.kind}","severity":"'
    return (
        "{" + head,
        f',"threshold":"{limit.threshold_text}","utilisation":',
        limit_id,
        "," + head,
        f'","action":"{limit.action}","mode":"{limit.mode}","portfolio_id":"',
        limit.limit_id,
    )
