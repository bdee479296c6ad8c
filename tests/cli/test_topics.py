"""`risk-stream topics`."""

import pytest

from tests.cli.conftest import Shell

pytestmark = pytest.mark.broker


def test_create_then_describe(shell: Shell) -> None:
    """Missing is the answer no (3), created is done, and then all is as it should be."""
    missing = shell("topics", "describe")
    assert missing.code == 3
    assert f"{shell.prefix}orders            missing" in missing.out

    created = shell("topics", "create", "--partitions", "2")
    assert created.code == 0, created.err
    assert f"{shell.prefix}orders  created\n" in created.out
    assert shell.good("topics", "create", "--partitions", "2")["created"] == []

    described = shell("topics", "describe", "--partitions", "2")
    assert described.code == 0
    assert f"{shell.prefix}controls          1 partition\n" in described.out
    assert f"{shell.prefix}orders            2 partitions\n" in described.out


def test_another_partition_count_is_refused(ready_shell: Shell) -> None:
    """create fails (1) and describe answers no (3), both naming the counts."""
    refused = ready_shell("topics", "create", "--partitions", "3")
    assert (refused.code, refused.out) == (1, "")
    assert f"{ready_shell.prefix}orders has 2, not 3" in refused.err
    described = ready_shell("topics", "describe", "--partitions", "3")
    assert described.code == 3
    assert "2 partitions (should be 3)" in described.out
