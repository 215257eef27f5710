"""What is left out on a machine without the extras is said in a line; in CI it is a failure."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url

from griphub.hub.database.engine import Database
from griphub.hub.database.migrate import upgrade

#: Reasons for which CI may skip a test. Anything else that is skipped there is a hole that nobody sees.
DECLARED_SKIPS: frozenset[str] = frozenset(
    {"needs the right to mount a small file system (run as root)"}  # a full disk is tried on SQLite as well
)

HOW_TO_GET_IT = (
    "For the whole suite: apt-get install chromium dbus mosquitto systemd postgresql victoria-metrics, point "
    "GRIPHUB_RECORDINGS at a folder of recorded hands (docs/simulators.md), and for BlueZ in a virtual "
    "machine run make test-bluez."
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


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """URL of a real PostgreSQL: ``GRIPHUB_TEST_POSTGRESQL``, or a private one that goes with the session."""
    if url := os.environ.get("GRIPHUB_TEST_POSTGRESQL"):
        yield url
        return
    packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    path = os.pathsep.join([*map(str, packaged), os.environ.get("PATH", "")])
    initdb, pg_ctl = shutil.which("initdb", path=path), shutil.which("pg_ctl", path=path)
    if initdb is None or pg_ctl is None:
        pytest.skip("needs PostgreSQL's server (apt-get install postgresql, or GRIPHUB_TEST_POSTGRESQL=URL)")
    # PostgreSQL refuses root, and its user cannot enter pytest's folders; sockets want a short path too
    user = "postgres" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="griphub-pg-", dir="/tmp") as name:
        folder = Path(name)
        if user:
            shutil.chown(folder, user)

        def run(*command: str) -> None:
            done = subprocess.run(
                command,
                check=False,
                user=user,
                cwd=folder,
                env={"PATH": path, "LC_ALL": "C.UTF-8", "HOME": name},
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, done.stdout + done.stderr

        data = str(folder / "data")
        run(initdb, "-D", data, "-U", "griphub", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = (
            f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off -c max_connections=40"
        )
        run(pg_ctl, "-D", data, "-w", "-o", options, "-l", str(folder / "log"), "start")
        try:
            yield f"postgresql://griphub@/postgres?host={folder}"
        finally:
            run(pg_ctl, "-D", data, "-m", "immediate", "stop")


def _admin(server: str, statement: str) -> None:
    url = make_url(server).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


def _new_database(server: str, template: str = "template1") -> str:
    name = f"griphub_{uuid4().hex[:12]}"
    _admin(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    return make_url(server).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def empty_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], str]:
    """Make an empty database of an engine, and return its URL."""

    def make(engine: str) -> str:
        if engine == "sqlite":
            return f"sqlite:///{tmp_path_factory.mktemp('sqlite') / 'people.db'}"
        return _new_database(request.getfixturevalue("postgresql_server"))

    return make


@pytest.fixture(scope="session")
def templates(empty_url: Callable[[str], str]) -> dict[str, str]:
    """Databases with the tables of today, one of each engine, to be copied."""

    class Templates(dict[str, str]):
        def __missing__(self, engine: str) -> str:
            self[engine] = empty_url(engine)
            database = Database(self[engine])
            upgrade(database)
            database.close()
            return self[engine]

    return Templates()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, templates: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """URL of a database with today's tables and nothing in it, on each engine."""
    template = make_url(templates[request.param])
    if request.param == "sqlite":
        shutil.copy(str(template.database), tmp_path / "people.db")
        yield f"sqlite:///{tmp_path / 'people.db'}"
        return
    server = request.getfixturevalue("postgresql_server")
    url = _new_database(server, str(template.database))
    yield url
    _admin(server, f"DROP DATABASE {make_url(url).database} WITH (FORCE)")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty database with today's tables, on each engine; its clock is the machine's."""
    opened = Database(database_url)
    yield opened
    opened.close()
