"""The report of a replay as one HTML file that asks nothing of the network, on a screen, a phone or paper."""

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

from risk_stream.audit.chart import drawdown_chart
from risk_stream.audit.disk import replace
from risk_stream.audit.findings import Finding, Verdict
from risk_stream.audit.report import NO_STEP, ReplayReport
from risk_stream.audit.tally import Tally
from risk_stream.audit.task import PartitionResult
from risk_stream.messages.instant import format_time

CHARTS_MAX = 12
ROWS_MAX = 20
FINDINGS_MAX = 50
NONE_FELL = "<p>No portfolio has fallen below its peak.</p>"

_QUESTIONS = {
    Verdict.DECISIONS: "Published records are what the recorded inputs give, byte for byte.",
    Verdict.COMPLETENESS: "Every record was handled once; every order has one decision or one dead letter; no more.",
    Verdict.INTEGRITY: "The journal's chain and digests hold, and it contains the anchored heads that were given.",
}


def write_report(path: Path, report: ReplayReport, tallies: Sequence[Tally]) -> None:
    """Write the page, at once: whoever looks sees all of it or what was there before. OSError when it cannot be."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        unfinished.write_text(page(report, tallies), "utf-8")
        replace(unfinished, path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def page(report: ReplayReport, tallies: Sequence[Tally]) -> str:
    """The whole page as text."""
    title = _title(report)
    style = files("risk_stream.audit").joinpath("report.css").read_text("utf-8")
    body = [
        f"<h1>{title}</h1>",
        f'<p class="dim">Every recorded order was decided again by the same engine, {_from(report)}, and the '
        f"results held against what had been published. {escape(report.log)}, {format_time(report.started_ms)}.</p>",
        _verdicts(report),
        _manifest(report, tallies),
        _divergences(report),
        "<h2>Decisions by code</h2>" + _bars(report.codes, "code", "decisions"),
        _refusals(tallies),
        _charts(tallies),
        _partitions(report),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{title}</title><style>\n{style}</style></head>\n<body>\n" + "\n".join(body) + "\n</body></html>\n"
    )


def _title(report: ReplayReport) -> str:
    if not report.identical:
        return "Replay: NOT identical"
    return "Replay: identical" if report.steps else "Replay: no step in the span"


def _from(report: ReplayReport) -> str:
    if not report.is_from_archived_state:
        return "from the first step on"
    return "from the archived states on that are named below, proven when they were archived and not now"


def _verdicts(report: ReplayReport) -> str:
    cards = []
    for verdict, question in _QUESTIONS.items():
        answer = report.verdicts[verdict]
        name, word = ("yes", "yes") if answer.holds else ("no", f"NO, {answer.findings:,} found")
        cards.append(f'<div class="verdict {name}"><b>{verdict.capitalize()}: <span>{word}</span></b>{question}</div>')
    return f'<div class="verdicts">{"".join(cards)}</div>'


def _manifest(report: ReplayReport, tallies: Sequence[Tally]) -> str:
    begins = [one.first_ms for one in tallies if one.first_ms is not None]
    ends = [one.last_ms for one in tallies if one.last_ms is not None]
    rate = (report.orders + report.values) / report.seconds if report.seconds else 0.0
    fields = {
        "Log": report.log,
        "Span": report.span,
        "Steps": f"{format_time(min(begins))} to {format_time(max(ends))}" if begins and ends else NO_STEP,
        "Replayed": f"{report.orders:,} orders and {report.values:,} values in {report.seconds:.1f} s ({rate:,.0f}/s)",
        "Compared": _counted(report.published),
        "Not compared": _counted(report.not_kept) + (": retention had deleted them" if report.not_kept else "none"),
        "risk_stream": report.version,
    }
    rows = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in fields.items())
    return f"<h2>Manifest</h2><dl>{rows}</dl>"


def _counted(records: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {topic}" for topic, count in records.items())


def _divergences(report: ReplayReport) -> str:
    found = report.findings
    if not found:
        return "<h2>Divergences</h2><p>None.</p>"
    total = sum(answer.findings for answer in report.verdicts.values())
    shown = "".join(_finding(one) for one in found[:FINDINGS_MAX])
    more = f"<p>... and {total - min(len(found), FINDINGS_MAX):,} more.</p>" if total > FINDINGS_MAX else ""
    return f"<h2>Divergences: {total:,}, the first of each partition first</h2>{shown}{more}"


def _finding(finding: Finding) -> str:
    payloads = "".join(
        f"<pre>{name}: {escape(text)}</pre>"
        for name, text in (("recorded", finding.recorded), ("replayed", finding.expected))
        if text is not None
    )
    return f'<div class="finding"><span class="break">{escape(finding.line())}</span>{payloads}</div>'


def _refusals(tallies: Sequence[Tally]) -> str:
    limits: Counter[str] = Counter()
    portfolios: Counter[str] = Counter()
    for one in tallies:
        limits.update(one.by_limit)
        portfolios.update(one.by_portfolio)
    return (
        "<h2>Top refusals by limit</h2>"
        + _bars(dict(limits.most_common(ROWS_MAX)), "limit", "orders refused")
        + "<h2>Top refusals by portfolio</h2>"
        + _bars(dict(portfolios.most_common(ROWS_MAX)), "portfolio", "orders refused")
    )


def _bars(counts: Mapping[str, int], name: str, unit: str) -> str:
    if not counts:
        return "<p>None.</p>"
    most = max(counts.values())
    rows = "".join(
        f'<tr><td class="break">{escape(one)}</td><td class="n">{count:,}</td>'
        f'<td class="bar"><i style="width:{100 * count / most:.1f}%"></i></td></tr>'
        for one, count in counts.items()
    )
    head = f'<tr><th>{name}</th><th class="n">{unit}</th><th></th></tr>'
    return f'<div class="scroll"><table>{head}{rows}</table></div>'


def _charts(tallies: Sequence[Tally]) -> str:
    curves = sorted((curve for one in tallies for curve in one.curves), key=lambda curve: -curve.worst)[:CHARTS_MAX]
    drawn = "".join(drawdown_chart(curve) for curve in curves if curve.worst > 0)
    return f'<h2>Drawdown against limit, the worst portfolios</h2><div class="charts">{drawn or NONE_FELL}</div>'


def _partitions(report: ReplayReport) -> str:
    rows = "".join(
        f'<tr><td class="n">{one.partition}</td><td>{_start(one)}</td>'
        f'<td class="n">{one.steps:,}</td><td class="n">{one.orders:,}</td>'
        f'<td class="n">{one.values:,}</td><td class="n">{sum(one.counts.values()):,}</td>'
        f'<td class="n">{one.head.seq if one.head else 0:,}</td>'
        f'<td class="break">{escape(one.head.chain) if one.head else ""}</td></tr>'
        for one in report.partitions
    )
    names = ("steps", "orders", "values", "findings", "head: step")
    head = "".join(f'<th class="n">{name}</th>' for name in names) + "<th>chain value</th>"
    head = f'<th class="n">partition</th><th>from</th>{head}'
    return f'<h2>Partitions</h2><div class="scroll"><table><tr>{head}</tr>{rows}</table></div>'


def _start(result: PartitionResult) -> str:
    start = result.started_from
    return "step 1" if start is None else f"state of segment {start.segment}, behind step {start.step:,}"
