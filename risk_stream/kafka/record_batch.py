"""Packed records as record batches ready to be sent, in place of aiokafka's builder: it takes one object a record."""

import asyncio
import struct
from collections.abc import Iterator

import numpy as np
from aiokafka.record.util import calc_crc32c

from risk_stream.kafka.compiled.write_records import records_bytes_max, write_records
from risk_stream.messages.packed import Packed

HEADER = struct.Struct(">qiibIhiqqqhii")
"""baseOffset, batchLength, partitionLeaderEpoch, magic, crc, attributes, lastOffsetDelta, baseTimestamp, maxTimestamp,
producerId, producerEpoch, baseSequence, number of records."""

LENGTH_FROM = 12
CRC_AT = 17
ATTRIBUTES_AT = 21
NO_LEADER_EPOCH = -1
MAGIC = 2
TRANSACTIONAL = 0x10

LARGE_BYTES = 128 * 1024
"""It takes the loop 0.1 ms to make such a batch and again to sum it up, and six times as much at the most a batch has;
a smaller one, as those of small steps, must not wait for a pass of the loop each time."""


class RecordBatch:
    """A batch whose header is written when it is known who sends it."""

    def __init__(self, data: bytearray, count: int, timestamp: int) -> None:
        self.data = data
        """As it goes over the wire, once it is stamped."""
        self.count = count
        """How many records it holds."""
        self._timestamp = timestamp

    async def turn(self) -> None:
        """Let the loop go round if this is a large one, which has just been worked on."""
        if len(self.data) >= LARGE_BYTES:
            await asyncio.sleep(0)

    def stamp(self, producer_id: int, epoch: int, sequence: int) -> None:
        """Write the header; `sequence` is that of its first record. Called once, before the batch is sent first."""
        HEADER.pack_into(
            self.data,
            0,
            0,
            len(self.data) - LENGTH_FROM,
            NO_LEADER_EPOCH,
            MAGIC,
            0,
            TRANSACTIONAL,
            self.count - 1,
            self._timestamp,
            self._timestamp,
            producer_id,
            epoch,
            sequence,
            self.count,
        )
        crc = calc_crc32c(memoryview(self.data)[ATTRIBUTES_AT:])
        struct.pack_into(">I", self.data, CRC_AT, crc)


def batches_of(packed: Packed, timestamp: int, bytes_max: int) -> Iterator[RecordBatch]:
    """All records in batches of at most `bytes_max`; a larger record gets one to itself. `timestamp` in epoch ms."""
    count = packed.size
    if not count:
        return
    (keys, key_starts, key_ends), (values, value_starts, value_ends), (headers, header_starts, header_ends) = (
        (np.frombuffer(span.data, np.uint8), span.starts, span.ends) for span in packed
    )
    total, largest = records_bytes_max(key_starts, key_ends, value_starts, value_ends, header_starts, header_ends)
    total, largest = HEADER.size + total, HEADER.size + largest
    first = 0
    while first < count:
        buffer = bytearray(min(total, max(bytes_max, largest)))
        behind, end = write_records(
            np.frombuffer(buffer, np.uint8),
            HEADER.size,
            keys,
            key_starts,
            key_ends,
            values,
            value_starts,
            value_ends,
            headers,
            header_starts,
            header_ends,
            first,
            bytes_max,
        )
        del buffer[end:]
        yield RecordBatch(buffer, behind - first, timestamp)
        first = behind
