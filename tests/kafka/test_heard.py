"""An answer that stays is silence, of those that are asked."""

from risk_stream.kafka.heard import Heard


def test_whichever_has_stayed_for_longest_counts() -> None:
    """From when it was seen first; another answer begins anew."""
    heard = Heard()
    assert heard.since({"a": None, "b": 5}, 10.0) == 10.0
    assert heard.since({"a": None, "b": 6}, 20.0) == 10.0
    assert heard.since({"a": 1, "b": 6}, 30.0) == 20.0


def test_what_is_not_asked_is_forgotten() -> None:
    """An input whose buffer was full is not silent when it has room again; where nobody is asked nobody is."""
    heard = Heard()
    heard.since({"a": 1, "b": 1}, 10.0)
    assert heard.since({"b": 2}, 20.0) == 20.0
    assert heard.since({"a": 1, "b": 2}, 30.0) == 20.0
    assert heard.since({}, 40.0) == 40.0
