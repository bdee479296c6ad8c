"""Execution ids against a list of all of them."""

from risk_stream.rules.plan import name_hash
from risk_stream.state.executions import is_known_execution, remember_execution
from risk_stream.state.layout import EXECUTIONS, IDS_MAX
from tests.state.portfolio import Columns


def test_the_last_ten_thousand_are_known() -> None:
    """Exactly the last 10,000 of each portfolio, whatever another portfolio applied."""
    columns = Columns(2)
    applied: list[list[str]] = [[], []]
    for number in range(IDS_MAX + 700):
        which = 1 if number % 97 == 0 else 0
        columns.make_room()
        remember_execution(columns.state, columns.slots[which], *name_hash(f"x{number}"))
        applied[which].append(f"x{number}")
        if number % 613 == 0 or number > IDS_MAX + 690:
            for slot, ids in zip(columns.slots, applied, strict=True):
                edges = {*ids[:3], *ids[-3:], *ids[-IDS_MAX:][:3], *ids[: -IDS_MAX or None][-3:], "never"}
                for one in edges:
                    assert is_known_execution(columns.state, slot, *name_hash(one)) == (one in ids[-IDS_MAX:]), one
    assert columns.length(EXECUTIONS, 0) == IDS_MAX
    assert columns.length(EXECUTIONS, 1) == len(applied[1])
