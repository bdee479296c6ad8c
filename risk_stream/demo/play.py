"""Play the rounds of a scenario: send, wait for the decisions, tell the exchange what was approved."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from risk_stream.demo.feed import Feed
from risk_stream.demo.rounds import HALVES, Message, Scenario
from risk_stream.demo.watch import Watch
from risk_stream.demo.worker import Worker

PACE_MIN = 1_000.0
PACED_SECONDS_MAX = 15.0
"""Steady rounds together take no longer: a large demo is sent faster."""
KILL, RESTART = "kill", "restart"


@dataclass
class Played:
    """What was measured."""

    orders: int = 0
    busy_orders: int = 0
    busy_s: float = 0.0
    """From the first order of each busy round to its last decision, added up."""
    pace: float = 0.0
    """Orders a second in steady rounds."""
    hurt: bool = False
    """Whether the worker was ended in a busy round."""


@dataclass
class Player:
    """The parts that a game needs, and the topics."""

    feed: Feed
    watch: Watch
    worker: Worker
    orders_topic: str
    values_topic: str
    hurts: dict[int, str] = field(default_factory=dict)
    """What is done to the worker in the middle of which round."""

    async def play(self, scenario: Scenario, progress: Callable[[int], None]) -> Played:
        """All rounds; `progress` hears how many orders are decided."""
        steady = sum(one.orders for one in scenario.rounds if one.paced)
        played = Played(pace=max(PACE_MIN, steady / PACED_SECONDS_MAX), hurt=bool(self.hurts))
        approved: list[set[str]] = [set() for _ in range(HALVES)]
        await self.feed.send(self.values_topic, scenario.values(0, ()))
        for number, one in enumerate(scenario.rounds):
            half, other = number % HALVES, (number + 1) % HALVES
            orders = scenario.orders(number)
            last = number + 1 == len(scenario.rounds)
            values = [] if last else scenario.values(number + 1, approved[other])
            await self._play_round(number, orders, values, one.paced, played)
            approved[half] = self.watch.take_approved()
            progress(self.watch.count)
        return played

    async def _play_round(
        self, number: int, orders: list[Message], values: list[Message], paced: bool, played: Played
    ) -> None:
        loop = asyncio.get_running_loop()
        started, decided = loop.time(), played.orders
        played.orders += len(orders)
        async with asyncio.TaskGroup() as tasks:
            if paced and orders:
                duration_s = len(orders) / played.pace
                tasks.create_task(self.feed.send_paced(self.values_topic, values, len(values) / duration_s))
                tasks.create_task(self._send_paced(orders, played.pace))
            else:
                tasks.create_task(self.feed.send(self.values_topic, values))
                tasks.create_task(self.feed.send(self.orders_topic, orders))
            if number in self.hurts:
                tasks.create_task(self._hurt(self.hurts[number], decided + len(orders) // 3))
            tasks.create_task(self.watch.until(played.orders))
        if not paced:
            played.busy_orders += len(orders)
            played.busy_s += loop.time() - started

    async def _send_paced(self, orders: list[Message], pace: float) -> None:
        ids = [msgspec.json.decode(one.value)["order_id"] for one in orders]
        loop = asyncio.get_running_loop()

        def sending(first: int, behind: int) -> None:
            now = loop.time()
            for order_id in ids[first:behind]:
                self.watch.sent_at.setdefault(order_id, now)  # an id that is sent again keeps its first time

        await self.feed.send_paced(self.orders_topic, orders, pace, sending)

    async def _hurt(self, how: str, count: int) -> None:
        """Wait until so many orders are decided, then end the worker and start it again."""
        while self.watch.count < count:
            await asyncio.sleep(0.001)
        if how == KILL:
            self.worker.kill()
        else:
            await self.worker.stop()
        self.worker.start()
