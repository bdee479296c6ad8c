"""The controls log folded: any version can be had at any time, and nothing grows without bound."""

import random

import numpy as np
import pytest

from risk_stream.messages.control import Control, Override
from risk_stream.messages.fault import Fault, FaultReason
from risk_stream.rules import book, fold
from risk_stream.rules.book import Controls
from risk_stream.rules.compile import compile_plan
from risk_stream.rules.fold import Fold
from risk_stream.rules.plan import Plan
from tests.decide.engine_traffic import Traffic

FAULT = Fault(FaultReason.INVALID_CONTROL, "actor: missing")


def log(seed: int, count: int) -> list[tuple[int, Control | Fault]]:
    """Offsets with gaps, and controls, some of them refused."""
    traffic, chance = Traffic(seed), random.Random(seed)
    offsets = sorted(chance.sample(range(3 * count), count))
    return [(offset, FAULT if chance.random() < 0.1 else traffic.control()) for offset in offsets]


def same(a: Plan, b: Plan) -> bool:
    """Whether two plans are equal to the last byte."""
    arrays = zip(a.arrays.arrays.items(), b.arrays.arrays.items(), strict=True)
    return (a.version, a.limits) == (b.version, b.limits) and all(
        x == y and np.array_equal(one, two) for (x, one), (y, two) in arrays
    )


def folded(records: list[tuple[int, Control | Fault]], version: int) -> Plan:
    """The plan of a version, from the beginning."""
    fresh = Fold()
    for offset, control in records:
        if offset <= version:
            fresh.apply(offset, None if isinstance(control, Fault) else control)
    plan = compile_plan(fresh)._replace(version=version)
    plan.arrays.header[0] = version
    return plan


@pytest.mark.parametrize("seed", range(4))
def test_any_version_in_any_order(seed: int) -> None:
    """A plan asked for late, early, twice or between two offsets is the one folded from the beginning."""
    records, controls, chance = log(seed, 120), Controls(), random.Random(seed)
    assert controls.version == -1
    for offset, control in records:
        controls.append(offset, control)
        if chance.random() < 0.3:
            version = chance.choice([controls.version, chance.randrange(-1, controls.version + 1)])
            assert same(controls.plan(version), folded(records, version))
    assert same(controls.plan(), folded(records, records[-1][0]))


def test_offsets_rise_and_versions_must_be_read() -> None:
    """A gap in what was read is an error, never a wrong plan."""
    controls = Controls()
    controls.append(5, FAULT)
    with pytest.raises(ValueError, match="offset 5 after 5"):
        controls.append(5, FAULT)
    with pytest.raises(ValueError, match="not read yet"):
        controls.plan(6)


def test_kept_plans_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Going through many versions keeps the last few only."""
    monkeypatch.setattr(book, "PLANS_KEPT_MAX", 3)
    controls = Controls()
    for offset, control in log(9, 50):
        controls.append(offset, control)
        controls.plan()
    assert len(controls._plans) == 3


def test_overrides_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest override is forgotten first: its order is refused again."""
    monkeypatch.setattr(fold, "OVERRIDES_MAX", 5)
    traffic, folding = Traffic(1), Fold()
    given: list[tuple[str, str]] = []
    for offset in range(400):
        control = traffic.control()
        folding.apply(offset, control)
        if isinstance(control, Override):
            given = [one for one in given if one != (control.portfolio_id, control.order_id)]
            given.append((control.portfolio_id, control.order_id))
    assert len(given) > 5
    assert list(folding.overrides) == given[-5:]
