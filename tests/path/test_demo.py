"""The whole path in one command: simulated tools, radio, hub, broker, ingest, store."""

import os
import signal
import socket
import time
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.timeout(240)  # a run takes 30 to 60 s, and longer on a busy machine


def test_what_is_true_is_counted_and_what_is_counted_is_stored(griphub):
    code, report = griphub("demo", "--headless", "--duration", "40", "--json").json(timeout_s=90)
    assert code == 0 and report["ok"]
    assert report["missing"] == report["invented"] == 0
    assert report["events_published"] == report["events_acknowledged"] == report["events_stored"] > 0
    assert {s["tool_id"][:4] for s in report["sessions"]} == {"ball", "putt"}
    for session in report["sessions"]:
        assert session["true_squeezes"] >= 2
        assert session["counted_squeezes"] == session["stored_squeezes"]
        assert abs(session["counted_squeezes"] - session["true_squeezes"]) <= 1
        assert session["measured_peak"] == pytest.approx(session["true_peak"], rel=0.2)
        assert session["samples_sent"] == session["samples_received"]
        assert session["samples_lost"] == 0


def test_lost_packets_are_counted_and_never_made_up(griphub):
    code, report = griphub("demo", "--headless", "--duration", "30", "--fault", "drop=5%", "--json").json(90)
    assert code == 0 and report["ok"]
    lost = sum(session["samples_lost"] for session in report["sessions"])
    sent = sum(session["samples_sent"] for session in report["sessions"])
    received = sum(session["samples_received"] for session in report["sessions"])
    assert received + lost == sent
    assert 0.01 < lost / sent < 0.12


def test_kill_9_of_every_process_loses_nothing_counted(griphub, tmp_path: Path) -> None:
    demo = griphub("demo", "--headless", "--duration", "40", "--json", "--data", str(tmp_path / "data"))
    outbox = tmp_path / "data" / "outbox.db"
    victims = ("broker", "hub", "ingest", "simulator")
    for counted, victim in enumerate(victims, 3):  # in the middle of a session, one after the other
        _until(lambda counted=counted: _counted(outbox) >= counted, 60)
        os.kill(int((tmp_path / "data" / "run" / f"{victim}.pid").read_text()), signal.SIGKILL)
    code, report = demo.json(timeout_s=150)
    assert report["restarts"] == dict.fromkeys(victims, 1)
    assert (report["missing"], report["invented"]) == (0, 0)
    assert report["counted"] == report["stored"] >= 6
    assert report["events_published"] == report["events_acknowledged"]
    assert code == 0


def _counted(outbox: Path) -> int:
    import sqlite3

    try:
        with sqlite3.connect(f"file:{outbox}?mode=ro", uri=True) as db:
            count: int = db.execute("SELECT count(*) FROM counted").fetchone()[0]
    except sqlite3.OperationalError:
        return 0  # not there yet
    db.close()
    return count


def _until(condition, timeout_s: float) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s, "it did not come to that in time"
        time.sleep(0.05)


@pytest.mark.alone
def test_the_demo_ends_within_five_seconds_and_leaves_nothing(griphub, tmp_path: Path) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):  # the second one finds the first one's history
        _ends(griphub, tmp_path, number)


def _ends(griphub, tmp_path: Path, number: signal.Signals) -> None:
    port = _free_port()
    demo = griphub("demo", "--data", str(tmp_path / "data"), "--port", str(port))
    address = ""
    while not address:
        line = demo.process.stdout.readline()
        assert line, demo.process.stderr.read()
        address = line.partition("Dashboard: ")[2].strip()
    assert address.startswith(f"http://127.0.0.1:{port}/?key=")
    squeeze = ""
    while "squeeze" not in squeeze:
        squeeze = demo.process.stdout.readline()
    children = demo.descendants()
    names = {" ".join(process.cmdline()) for process in children}
    assert all(any(what in name for name in names) for what in ("nats-server", "hub", "ingest", "simulate"))
    began_s = time.monotonic()
    demo.process.send_signal(number)
    code, _, err = demo.end(timeout_s=10)
    assert time.monotonic() - began_s < 5
    assert code == 0, err
    assert not [
        process for process in children if process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    ]
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_taken_port_is_said_in_a_sentence(griphub) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, out, err = griphub("demo", "--port", str(port)).end(timeout_s=60)
    assert code == 3
    assert out == ""
    assert f"Port {port}, which the dashboard needs, is taken" in err
    assert "GRIPHUB_DASHBOARD__PORT" in err
    assert "Traceback" not in err


def test_an_unwritable_data_folder_is_said_in_a_sentence(griphub, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    code, _, err = griphub("demo", "--data", str(tmp_path / "file" / "data")).end(timeout_s=60)
    assert code == 3
    assert "cannot be written" in err and "--data" in err and "Traceback" not in err


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_store_that_does_not_answer_is_said_in_a_sentence(griphub, monkeypatch) -> None:
    monkeypatch.setenv("GRIPHUB_STORE__INFLUXDB__URL", f"http://127.0.0.1:{_free_port()}")
    code, out, err = griphub("demo", "--headless", "--store", "influxdb").end(timeout_s=60)
    assert code == 1 and out == ""
    assert "See that InfluxDB runs" in err and "Traceback" not in err
