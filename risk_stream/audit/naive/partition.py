"""The partition of a key: Kafka's default partitioner, murmur2 of the key's bytes, sign bit cleared, modulo N."""

MASK = 0xFFFFFFFF
MULTIPLIER = 0x5BD1E995


def partition_of(key: bytes, partitions: int) -> int:
    """The partition any Kafka client with the default partitioner chooses for this key."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def murmur2(key: bytes) -> int:
    """The 32-bit murmur2 hash with Kafka's seed (org.apache.kafka.common.utils.Utils.murmur2)."""
    length = len(key)
    state = 0x9747B28C ^ length
    whole = length - length % 4
    for start in range(0, whole, 4):
        word = int.from_bytes(key[start : start + 4], "little") * MULTIPLIER & MASK
        word = (word ^ word >> 24) * MULTIPLIER & MASK
        state = state * MULTIPLIER & MASK ^ word
    if whole < length:
        state = (state ^ int.from_bytes(key[whole:], "little")) * MULTIPLIER & MASK
    state = (state ^ state >> 13) * MULTIPLIER & MASK
    return state ^ state >> 15
