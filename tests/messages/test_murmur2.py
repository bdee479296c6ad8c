"""The partitioner against the one of aiokafka and known values of Kafka's own tests."""

import pytest
from aiokafka.partitioner import murmur2 as aiokafka_murmur2
from hypothesis import given
from hypothesis import strategies as st

from risk_stream.messages.murmur2 import murmur2, partition_of


@pytest.mark.parametrize(
    ("key", "signed"),
    [
        (b"21", -973_932_308),
        (b"foobar", -790_332_482),
        (b"a-little-bit-long-string", -985_981_536),
        (b"a-little-bit-longer-string", -1_486_304_829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
        (b"abc", 479_470_107),
    ],
)
def test_values_of_kafkas_own_tests(key: bytes, signed: int) -> None:
    """UtilsTest.testMurmur2 of Apache Kafka."""
    assert murmur2(key) == signed & 0xFFFFFFFF


@given(st.binary(max_size=300), st.integers(1, 64))
def test_the_same_as_the_client(key: bytes, partitions: int) -> None:
    """Any key, any length of the last word."""
    expected = aiokafka_murmur2(key)
    assert murmur2(key) == expected & 0xFFFFFFFF
    assert partition_of(key, partitions) == (expected & 0x7FFFFFFF) % partitions
