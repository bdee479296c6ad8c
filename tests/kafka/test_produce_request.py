"""What goes over the wire is what aiokafka's own request would be."""

from aiokafka.protocol.produce import ProduceRequest_v7
from hypothesis import given
from hypothesis import strategies as st

from risk_stream.kafka.produce_request import ProduceRequest
from tests.kafka.answers import VERSIONS

BATCHES = st.dictionaries(st.text(max_size=20), st.binary(max_size=300).map(bytearray), max_size=5)


@given(st.none() | st.text(max_size=20), st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1), BATCHES)
def test_the_same_bytes(sender: str | None, timeout_ms: int, partition: int, batches: dict[str, bytearray]) -> None:
    """Of any topics and batches."""
    theirs = ProduceRequest_v7(sender, -1, timeout_ms, [(topic, [(partition, one)]) for topic, one in batches.items()])
    ours = ProduceRequest(sender, timeout_ms, partition, batches).prepare(VERSIONS)
    assert ours.encode() == theirs.encode()
    assert (ours.API_KEY, ours.API_VERSION) == (theirs.API_KEY, theirs.API_VERSION)
    assert ours.RESPONSE_TYPE is theirs.RESPONSE_TYPE
