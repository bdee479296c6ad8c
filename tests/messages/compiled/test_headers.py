"""The compiled headers of violations are those of the reference."""

from random import Random

import pytest

from risk_stream.messages.compiled.encode_batch import encode_violation_headers, headers_of
from tests.messages.compiled.result_texts import random_batch, random_results


@pytest.mark.parametrize("seed", range(5))
def test_same_as_reference(seed: int) -> None:
    """Any orders, limits, offsets; a few times before 1970, which are left to the reference."""
    random = Random(seed)
    batch = random_batch(random, 500, 0.02)
    batch.rows["ts"][::50] = -1
    results = random_results(random, batch)
    assert results.violations.size > 100
    blocks = encode_violation_headers(batch, results, "risk.orders").as_list()
    assert blocks == [headers_of(batch, results, i, "risk.orders") for i in range(results.violations.size)]
