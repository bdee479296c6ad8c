"""The mutants still fit the code they break; `make mutants` shows that each is found."""

from pathlib import Path

import pytest

from tests.faults.mutants import HERE, MUTANTS, Mutant, broken_copy


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name.replace(" ", "-"))
def test_every_mutant_applies(mutant: Mutant, tmp_path: Path) -> None:
    """Once, in one place; and the copy is still Python."""
    root = broken_copy(mutant, HERE, tmp_path)
    for name, _old, new in mutant.changes:
        text = (root / "risk_stream" / name).read_text("utf-8")
        assert new in text
        compile(text, name, "exec")
