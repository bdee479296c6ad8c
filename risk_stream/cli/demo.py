"""`risk-stream demo`: the main job from end to end, and the proof that every decision is right."""

import logging

import click

from risk_stream.cli.failure import DONE, FAILED, CommandError
from risk_stream.cli.interrupt import heed_signals, run_heeding
from risk_stream.cli.output import json_option, print_json
from risk_stream.ops.load import load_settings

SCENARIOS = {"market": (20_000, 500), "history": (10_000, 10)}
"""Orders and portfolios where they are not given."""


@click.command()
@click.option("--orders", type=click.IntRange(1), help="How many. [default: 20000; history: 10000]")
@click.option("--portfolios", type=click.IntRange(1), help="How many. [default: 500; history: 10]")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same orders and answers.")
@click.option(
    "--scenario",
    type=click.Choice(list(SCENARIOS)),
    default="market",
    show_default=True,
    help="market: made up, with a crash. history: the S&P 500 of 1999 to 2018.",
)
@click.option("--kill-worker", is_flag=True, help="Kill the worker in the middle (kill -9) and start it again.")
@click.option("--restart-worker", is_flag=True, help="Stop the worker cleanly in the middle and start it again.")
@click.option("--keep", is_flag=True, help="Leave the topics on the configured broker, to look at them.")
@json_option
def command(
    orders: int | None,
    portfolios: int | None,
    seed: int,
    scenario: str,
    kill_worker: bool,
    restart_worker: bool,
    keep: bool,
    as_json: bool,
) -> int:
    """Run the main job: broker, worker, orders, and a check of every decision.

    Uses the configured Kafka, or one that answers at the default address, else starts one for the time of the demo.
    Topics and consumer group are the demo's own. Exit code 1 when any answer is not what the naive model says.
    """
    settings = load_settings()
    # Here, not above: --help should not wait for the Kafka client.
    from risk_stream.cli.demo_failure import said
    from risk_stream.cli.demo_screen import Screen, show
    from risk_stream.demo.place import open_place
    from risk_stream.demo.run import Hurts, judge, run
    from risk_stream.demo.scenarios import make_scenario
    from risk_stream.demo.sp500 import HistoryError

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what it would log is said below, once
    heed_signals()
    defaults = SCENARIOS[scenario]
    try:
        played = make_scenario(scenario, orders or defaults[0], portfolios or defaults[1], seed)
    except HistoryError as error:
        raise CommandError(str(error)) from error
    with Screen() as screen:
        screen.stage("starting a broker")
        try:
            with open_place(settings) as place:
                screen.line(f"broker {place.settings.broker}, topics {place.settings.topic_prefix}*")
                game = run_heeding(run(place, played, Hurts(kill_worker, restart_worker), screen, keep))
        except Exception as error:
            raise said(error, settings.broker) from error
        summary = judge(game, screen)
    show(summary, to_stderr=as_json)
    if as_json:
        print_json(summary.fields())
    return DONE if summary.verified else FAILED
