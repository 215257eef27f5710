"""What becomes of the service's processes when the one that keeps them is killed."""

import os
import signal
import time
from pathlib import Path

import psutil

from griphub.hub.cli.rig import free_port


def test_a_home_without_a_radio_says_so_and_leaves_nothing_when_it_is_killed(griphub, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o755)
    file = tmp_path / "griphub.toml"
    file.write_text(
        f'data_dir = "{tmp_path}/data"\nradio = "unix:{tmp_path}/no-radio"\n'
        f"[broker]\nport = {free_port()}\n[dashboard]\nport = {free_port()}\n"
    )
    home = griphub("up", "--config", str(file))
    while "Dashboard: " not in (line := home.process.stdout.readline()):
        assert line, home.process.stderr.read()
    processes = home.descendants()
    commands = [" ".join(process.cmdline()) for process in processes]
    for what in ("nats-server", "griphub ingest", "griphub hub", "griphub dashboard"):
        assert any(what in command for command in commands), commands
    deadline_s = time.monotonic() + 20
    while not (tmp_path / "data" / "outbox.db").exists():  # the dashboard may be up before the hub
        assert time.monotonic() < deadline_s
        time.sleep(0.05)
    for private in ("outbox.db", "journal.db", "store.db", "run/hub.log", "broker/jetstream"):
        assert (tmp_path / "data" / private).stat().st_mode & 0o077 == 0, private
    os.kill(home.process.pid, signal.SIGKILL)
    _, alive = psutil.wait_procs(processes, timeout=8)
    assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]
    _, _, err = home.end(timeout_s=5)
    assert err.count("cannot be used") == 1
    assert "The hub goes on trying" in err
