"""Which portfolios are in memory: brought in from their rows when a batch needs them, evicted when they are too many.

What is resident never changes an answer: a row holds all that a portfolio remembers.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Protocol

import numpy as np

from risk_stream.rules.plan import name_hash
from risk_stream.state import layout as lay
from risk_stream.state.arena import new_state, reserve
from risk_stream.state.layout import CHUNK, CHUNK_KINDS, HEAD, OPENS, TAIL, State
from risk_stream.state.load import (
    COUNTS,
    evict,
    find_window_peaks,
    load_chunks,
    load_list,
    load_main,
    load_tails,
    read_counts,
    read_list_head,
)
from risk_stream.state.portfolios import create_portfolio, find_portfolio
from risk_stream.state.save import LIST_LETTER, MAIN_LETTER
from risk_stream.state.save_chunks import KIND_LETTERS
from risk_stream.state.sweep import STRINGS_KEPT, sweep_strings

IDLE_MS_MAX = lay.DAY_MS
"""A portfolio not used for 24 h of record time is evicted, whatever room there is."""

IDLE_LOOK_MS = 3_600_000
"""How often, in record time, those are looked for: a look reads five places of every portfolio in memory, 0.1 to 0.8 ms
for 2,500 to 10,000, and would come with every snapshot, twenty times a second and partition."""

EVICTED_SHARE = 16
"""Beyond the bound, a sixteenth is evicted at once: finding the oldest costs O(residents), too much for one."""

CHUNKS_RESERVED = 64
"""Chunks that room is made for at once, for 1,024 strings at most. A call takes 50 us, 10,000 ids are 625 chunks."""


ONE_CHUNK_EACH = dict.fromkeys(range(CHUNK_KINDS), 1)
TAIL_STRINGS = CHUNK * CHUNK_KINDS
"""Room for the chunks that stand in the main row."""


class DamagedRows(Exception):
    """The saved rows of a portfolio cannot be what was written: recovery must rebuild them."""


class RowSource(Protocol):
    """Where saved rows are read from."""

    def get_many(self, keys: list[bytes]) -> list[bytes | None]:
        """The values of the keys, None where there is none."""
        ...


class Residents:
    """The columns of one partition and the portfolios in them."""

    def __init__(self, rows: RowSource, resident_max: int) -> None:
        self.state: State = new_state()
        self.count = 0
        self._rows = rows
        self._resident_max = resident_max
        self._strings_max = STRINGS_KEPT
        self._looked_ms = 0

    def slot_of(self, portfolio_id: bytes) -> int:
        """The slot of a resident portfolio; -1."""
        text = np.frombuffer(portfolio_id, np.uint8)
        return int(find_portfolio(self.state, text, 0, len(text), name_hash(portfolio_id.decode())[0]))

    def bring(self, known: Iterable[bytes], create: set[bytes]) -> None:
        """Make every portfolio resident that has rows, and those to be created in any case."""
        ids = list(known)
        mains = self._rows.get_many([bytes((MAIN_LETTER,)) + portfolio_id for portfolio_id in ids])
        reserve(self.state, {lay.PORTFOLIOS: len(ids)}, 0, 0)  # for all at once: a call takes 50 us
        for portfolio_id, main in zip(ids, mains, strict=True):
            if main is not None:
                self._load(portfolio_id, main)
            elif portfolio_id in create:
                self._create(portfolio_id)

    def _create(self, portfolio_id: bytes) -> int:
        text = np.frombuffer(portfolio_id, np.uint8)
        self.count += 1
        return int(create_portfolio(self.state, text, 0, len(text), *name_hash(portfolio_id.decode())))

    def _load(self, portfolio_id: bytes, main: bytes) -> None:
        row, at, counts = np.frombuffer(main, np.uint8), np.zeros(1, np.int64), np.zeros(COUNTS, np.int64)
        if not read_counts(row, at, counts):
            raise DamagedRows(f"main row of {portfolio_id!r}: unknown version")
        positions, counters, levels, metrics, opens, list_number = (int(count) for count in counts)
        needed = {
            lay.POSITIONS: positions,
            lay.HOLDINGS: positions,
            lay.SECTORS: 2 * positions,
            lay.COUNTERS: counters,
            lay.LEVELS: levels,
            lay.METRICS: metrics,
            **ONE_CHUNK_EACH,
        }
        slot = self._create(portfolio_id)
        state = self.state
        # Marked as changed while it is filled, so that filling it does not list it as changed.
        state.portfolios[slot]["dirty"] = 1
        if list_number:
            self._load_list(portfolio_id, slot, list_number)
        # Behind the list, which takes of the same room.
        reserve(self.state, needed, 3 * positions + levels + TAIL_STRINGS, len(main))
        open_chunks = np.zeros(opens, np.int64)
        load_main(state, row, at, counts, slot, open_chunks)
        self._load_chunks(portfolio_id, slot, open_chunks.tolist(), len(main))
        if not load_tails(state, row, at, slot) or at[0] != len(main):
            raise DamagedRows(f"main row of {portfolio_id!r}: {len(main)} bytes, {at[0]} read")
        find_window_peaks(self.state, slot)
        self.state.portfolios[slot]["dirty"] = 0

    def _load_list(self, portfolio_id: bytes, slot: int, number: int) -> None:
        """The positions as of the main row that named their list; those of the main row replace them."""
        [found] = self._rows.get_many([b"%c%b" % (LIST_LETTER, portfolio_id)])
        if found is None:
            raise DamagedRows(f"portfolio {portfolio_id!r}: the list of positions is missing")
        row, at = np.frombuffer(found, np.uint8), np.zeros(1, np.int64)
        count = int(read_list_head(row, at, number))
        if count == -1:
            raise DamagedRows(f"portfolio {portfolio_id!r}: another list of positions than number {number}")
        reserve(self.state, {lay.POSITIONS: count, lay.HOLDINGS: count, lay.SECTORS: 2 * count}, 3 * count, len(found))
        load_list(self.state, row, at, slot, count)
        if at[0] != len(found):
            raise DamagedRows(f"list of positions of {portfolio_id!r}: {len(found)} bytes, {at[0]} read")

    def _load_chunks(self, portfolio_id: bytes, slot: int, open_chunks: list[int], tail_bytes: int) -> None:
        """The full chunks of all queues, and room for their tails besides."""
        wanted = []
        for kind in range(CHUNK_KINDS):
            head, tail = (int(self.state.chains[slot, kind, place]) for place in (HEAD, TAIL))
            numbers = open_chunks if kind == OPENS else range(head // CHUNK, tail // CHUNK)
            wanted += [(kind, number) for number in numbers]
        keys = [b"%c%b\0%b" % (KIND_LETTERS[kind], portfolio_id, number.to_bytes(8, "big")) for kind, number in wanted]
        rows = self._rows.get_many(keys) if keys else []
        for (kind, number), row in zip(wanted, rows, strict=True):
            if row is None:
                raise DamagedRows(f"portfolio {portfolio_id!r}: chunk {number} of kind {kind} is missing")
        found = [row for row in rows if row is not None]
        for start in range(0, len(wanted), CHUNKS_RESERVED):
            stop = start + CHUNKS_RESERVED
            self._load_some(portfolio_id, slot, wanted[start:stop], found[start:stop], tail_bytes)

    def _load_some(
        self, portfolio_id: bytes, slot: int, wanted: list[tuple[int, int]], rows: list[bytes], tail_bytes: int
    ) -> None:
        text = np.frombuffer(b"".join(rows), np.uint8)
        ends = np.cumsum([len(row) for row in rows], dtype=np.int64)
        needed = Counter(kind for kind, _ in wanted) + Counter(ONE_CHUNK_EACH)
        reserve(self.state, needed, CHUNK * len(wanted) + TAIL_STRINGS, tail_bytes + len(text))
        right = int(load_chunks(self.state, text, ends, np.array(wanted, np.int64), slot))
        if right < len(wanted):
            kind, number = wanted[right]
            raise DamagedRows(f"portfolio {portfolio_id!r}: chunk {number} of kind {kind} lacks entries")

    def trim(self, step: int, now_ms: int) -> None:
        """Evict the idle, and the longest unused beyond the bound: none unsaved, none that a step under way used."""
        if self.count <= self._resident_max and now_ms < self._looked_ms + IDLE_LOOK_MS:
            return
        self._looked_ms = now_ms
        portfolios = self.state.portfolios
        clean = (
            (portfolios["used"] == 1)
            & (portfolios["dirty"] == 0)
            & (portfolios["cutting"] == 0)
            & (portfolios["touched"] != step)
        )
        leaving = clean & (portfolios["touched_ms"] < now_ms - IDLE_MS_MAX)
        excess = self.count - int(leaving.sum()) - self._resident_max
        if excess > 0:
            candidates = np.flatnonzero(clean & ~leaving)
            wanted = min(len(candidates), excess + self._resident_max // EVICTED_SHARE)
            if wanted:
                oldest = np.argpartition(portfolios["touched"][candidates], wanted - 1)[:wanted]
                leaving[candidates[oldest]] = True
        for slot in np.flatnonzero(leaving).tolist():
            evict(self.state, slot)
            self.count -= 1

    def sweep(self) -> None:
        """Drop what nothing needs, if the strings have doubled since the last sweep; never inside a part of a step."""
        if self.state.header[lay.STRING_COUNT] > self._strings_max:
            self._strings_max = max(STRINGS_KEPT, 2 * sweep_strings(self.state))

    @property
    def is_crowded(self) -> bool:
        """Whether there are half as many again as the bound: what changed since the last save cannot be evicted."""
        return 2 * self.count > 3 * self._resident_max
