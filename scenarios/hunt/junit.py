"""A report as the XML of JUnit, which every service of continuous integration reads: one test case a cause."""

from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape, quoteattr

from scenarios.hunt.report import Report
from scenarios.terminal import printable


def junit_lines(reports: Iterable[Report]) -> Iterator[str]:
    """The lines of the file: for each story a case for the seeds that held, and one for each cause, with its seeds as a property.

    What XML cannot hold stands as its code.
    """
    yield '<?xml version="1.0" encoding="utf-8"?>'
    yield "<testsuites>"
    for report in reports:
        yield from map(printable, _lines(report))
    yield "</testsuites>"


def _lines(report: Report) -> Iterator[str]:
    """The suite of one story."""
    story, others = report.request.story, len(report.others)
    cases = f'tests="{1 + len(report.findings) + others}" failures="{len(report.findings)}" skipped="{others}"'
    yield f'<testsuite name={quoteattr(f"unkindness hunt {story}")} {cases} time="{report.wall_seconds:.3f}">'
    yield f'<testcase classname={quoteattr(story)} name="{report.held} of {report.seeds} seeds held"/>'
    for each in (*report.findings, *report.others):
        name = f"{each.cause.promise}{', in ' if each.cause.place else ''}{each.cause.place}"
        yield f"<testcase classname={quoteattr(story)} name={quoteattr(name)}>"
        yield f'<properties><property name="seeds" value="{" ".join(map(str, each.seeds))}"/></properties>'
        kind = "failure" if each in report.findings else "skipped"
        yield f"<{kind} message={quoteattr(each.text)}>{escape(each.request.command())}</{kind}>"
        yield "</testcase>"
    yield "</testsuite>"
