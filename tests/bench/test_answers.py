"""No rate without right answers: what the benchmarks refuse."""

import pytest

from bench.answers import Answers, WrongAnswers
from bench.job import full_job, many_limits_job, peers_job, right_answers
from bench.shape import Shape

RIGHT = bytearray((1, 0, 1))


def answers(*given: tuple[int, bool]) -> Answers:
    """Answers of these orders, a millisecond apart."""
    return Answers([(number, approved, at, 8, 0) for at, (number, approved) in enumerate(given)])


def test_right_answers_pass() -> None:
    """In any order."""
    answers((2, True), (0, True), (1, False)).check(RIGHT)


def test_a_part_of_the_orders_may_be_decided() -> None:
    """A slow system is stopped when its time is up."""
    answers((1, False)).check(RIGHT)


def test_a_wrong_answer_is_refused() -> None:
    """An approval that should be a refusal."""
    with pytest.raises(WrongAnswers, match="order 1"):
        answers((0, True), (1, True)).check(RIGHT)


def test_a_second_answer_is_refused() -> None:
    """Even where it is the same."""
    with pytest.raises(WrongAnswers, match="two decisions"):
        answers((0, True), (0, True)).check(None)


def test_the_peers_job_refuses_some() -> None:
    """By quantity, by notional and by rate: else agreement would say little."""
    shape = Shape(20_000, 200)
    approved = sum(right_answers(shape)) / shape.orders
    assert 0.9 < approved < 0.985


def test_jobs_have_the_limits_they_state() -> None:
    """Eight, all fifteen kinds, and as many as asked for under names of their own."""
    shape = Shape(1000, 10)
    assert len(peers_job(shape).limits) == 8
    assert len({limit["kind"] for limit in full_job(shape).limits}) == 15
    assert len({limit["limit_id"] for limit in many_limits_job(shape, 100).limits}) == 100


def test_the_same_shape_draws_the_same_orders() -> None:
    """Every system and every run gets the same log."""
    shape = Shape(1000, 10, "cold", known=50)
    assert list(shape.draws()) == list(shape.draws())
