"""Failpoints: armed only with consent, and each at a place that exists."""

import re
from pathlib import Path

import pytest

from risk_stream.kafka import failpoints

CONSENT = {"RISK_STREAM_ENABLE_FAULT_INJECTION": "yes-in-a-test"}


@pytest.mark.parametrize("consent", [{}, {"RISK_STREAM_ENABLE_FAULT_INJECTION": "1"}])
def test_without_consent_nothing_is_armed(consent: dict[str, str]) -> None:
    """One variable alone does nothing."""
    assert failpoints.parse({**consent, "RISK_STREAM_FAILPOINTS": "step.after_commit:1"}) == {}


def test_points_and_counts() -> None:
    """Several points, with and without a count."""
    environment = {**CONSENT, "RISK_STREAM_FAILPOINTS": "step.after_commit:3,takeover.after_seek"}
    assert failpoints.parse(environment) == {"step.after_commit": 3, "takeover.after_seek": 1}


def test_an_unknown_point_is_an_error() -> None:
    """A typo must not make a fault test pass."""
    with pytest.raises(ValueError, match=r"no\.such"):
        failpoints.parse({**CONSENT, "RISK_STREAM_FAILPOINTS": "no.such"})


def test_every_named_point_is_passed_somewhere() -> None:
    """The list and the code name the same places."""
    folder = Path(failpoints.__file__).parent
    text = "".join(path.read_text() for path in folder.glob("*.py") if path.name != "failpoints.py")
    passed = set(re.findall(r'failpoint\("([a-z._]+)"\)', text))
    for area in re.findall(r'failpoint\(f"([a-z]+)\.after_\{part\}"\)', text):
        passed |= {f"{area}.after_{part}" for part in ("begin", "produce", "offsets", "commit")}
    passed.discard("snapshot.after_offsets")  # a snapshot moves none
    assert passed == set(failpoints.NAMES)
