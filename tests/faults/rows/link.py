"""Row 6: a slow or lossy link between worker and broker."""

from __future__ import annotations

import asyncio

from tests.faults.proxied_broker import ProxiedBroker
from tests.faults.proxy import Proxy
from tests.faults.scene import Outcome, Scene
from tests.faults.stage import Stage

RATE = 150
SHORT_FAULTS = ("delay", "cut", "swallow")


async def run(stage: Stage, number: int, short: bool) -> Outcome:
    """Delay, cut and half-open in turn; the load and the judge reach the broker directly."""
    folder = stage.folder / f"link-{number}"
    with ProxiedBroker(folder / "broker") as broker:
        proxy = Proxy(broker.proxy_port, broker.inner_port)
        async with proxy, Scene(broker.bootstrap, folder, stage.seed * 1_000_000 + number, stage.package_root) as scene:
            scene.load(RATE)
            worker = scene.worker(broker=f"127.0.0.1:{proxy.port}")
            worker.start()
            scene.keep(worker)
            scene.outcome.must(await scene.until_handled(200), "no progress before the fault")
            for fault in SHORT_FAULTS if short else scene.random.choices(SHORT_FAULTS, k=6):
                await hurt_link(proxy, fault, scene.random.uniform(2, 4 if short else 15))
                scene.outcome.injected += 1
                scene.outcome.must(await scene.until_handled(200, timeout=90), f"no progress after {fault}")
            await scene.settle()
            return await scene.verdict()


async def hurt_link(proxy: Proxy, fault: str, seconds: float) -> None:
    """Delay, cut or swallow what passes, for so long."""
    if fault == "cut":
        for _ in range(5):
            proxy.cut()
            await asyncio.sleep(seconds / 5)
        return
    proxy.delay(0.3 if fault == "delay" else 0.0)
    proxy.swallow(fault == "swallow")
    await asyncio.sleep(seconds)
    proxy.delay(0.0)
    proxy.swallow(False)
    if fault == "swallow":
        proxy.cut()  # what was swallowed is missing from the stream: the connection is of no use any more
