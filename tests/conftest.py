"""What is left out on a machine without the extras is said in a line; in CI it is a failure."""

import os

import pytest

#: Reasons for which CI may skip a test. Anything else that is skipped there is a hole that nobody sees.
DECLARED_SKIPS: frozenset[str] = frozenset()

HOW_TO_GET_IT = (
    "For the whole suite: apt-get install chromium dbus victoria-metrics, point GRIPHUB_RECORDINGS at a "
    "folder of recorded hands (docs/simulators.md), and for BlueZ in a virtual machine run make test-bluez."
)


def _skips(reporter: pytest.TerminalReporter) -> list[str]:
    reports = reporter.stats.get("skipped", [])
    return [report.longrepr[2].removeprefix("Skipped: ") for report in reports]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a CI run that skipped what it should have run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter and set(_skips(reporter)) - DECLARED_SKIPS:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left out and how to get it."""
    skips = _skips(terminalreporter)
    if skips:
        terminalreporter.write_line(f"{len(skips)} tests were left out. {HOW_TO_GET_IT}", yellow=True)
    if os.environ.get("CI") and (undeclared := set(skips) - DECLARED_SKIPS):
        terminalreporter.write_line(f"CI skips nothing that is not declared: {undeclared}", red=True)
