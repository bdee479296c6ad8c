"""A short run of what `make fuzz` does a million times."""

from tests.faults.fuzz import run


def test_no_decoder_raises_and_both_agree() -> None:
    """Spoilt messages of every kind, random bytes."""
    found = run(15_000, seed=3)
    assert found["Fault"] > found["Order"] > 0 < found["InvalidOrder"]
