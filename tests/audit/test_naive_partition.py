"""The model's partitioner against aiokafka's."""

from aiokafka.partitioner import murmur2
from hypothesis import given
from hypothesis import strategies as st

from risk_stream.audit.naive.partition import partition_of


@given(st.binary(max_size=300), st.integers(1, 64))
def test_partition_of(key: bytes, partitions: int) -> None:
    """The partition any client chooses."""
    assert partition_of(key, partitions) == (murmur2(key) & 0x7FFFFFFF) % partitions
