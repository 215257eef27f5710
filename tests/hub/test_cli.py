"""Commands, messages and exit codes, without starting anything."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from griphub.hub.cli import doctor
from griphub.hub.cli.main import app
from griphub.hub.config import Config


def _run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    import os

    return subprocess.run(
        [sys.executable, "-m", "griphub", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | environment,
        check=False,
    )


def test_help_lists_every_command_and_the_exit_codes() -> None:
    shown = CliRunner().invoke(app, ["--help"]).output
    for command in ("up", "doctor", "scan", "demo", "replay", "simulate", "hub", "ingest", "dashboard"):
        assert command in shown
    assert "Exit codes" in shown and "--install-completion" in shown


@pytest.mark.parametrize("command", [c.name for c in app.registered_commands])
def test_every_command_explains_itself(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert len(result.output.splitlines()) > 5


def test_a_wrong_configuration_is_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    file = tmp_path / "griphub.toml"
    file.write_text("[dashboard]\nport = 0\n")
    result = _run("up", "--config", str(file))
    assert result.returncode == 2
    assert "`dashboard.port`" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_missing_radio_is_exit_code_3(tmp_path: Path) -> None:
    result = _run("scan", "--radio", f"unix:{tmp_path}/nowhere")
    assert result.returncode == 3
    assert "griphub doctor" in result.stderr and "Traceback" not in result.stderr


def test_doctor_tells_a_script_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = _run("doctor", "--json", GRIPHUB_DATA_DIR=str(tmp_path / "file" / "data"))
    findings = {finding["check"]: finding for finding in json.loads(result.stdout)}
    assert result.returncode == 3
    assert findings["data folder"]["state"] == "missing"
    assert "GRIPHUB_DATA_DIR" in findings["data folder"]["mend"]
    assert findings["MQTT broker"]["state"] == "ok"
    assert findings["MQTT broker"]["what"].startswith("nats-server")
    assert all(finding["mend"] for finding in findings.values() if finding["state"] == "missing")


def test_doctor_finds_a_broker_that_does_not_answer(config: Config) -> None:
    away = config.model_copy(
        update={"broker": config.broker.model_copy(update={"host": "127.0.0.1", "port": config.broker.port})}
    )
    finding = doctor.broker(away)
    assert finding.state == "missing" and str(config.broker.port) in finding.what


def test_doctor_finds_a_full_disk(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "FREE_DISK_MB", 1 << 40)
    assert doctor.disk(config).state == "missing"


def test_help_is_quick_because_nothing_heavy_is_loaded() -> None:
    code = (
        "import sys; import griphub.hub.cli.main;"
        "print([m for m in ('scipy', 'bumble', 'bleak', 'streamlit', 'influxdb_client', 'paho')"
        " if m in sys.modules])"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "[]"


def test_doctor_names_the_section_to_correct() -> None:
    result = _run("doctor", GRIPHUB_DASHBOARD__HOST="nowhere.invalid")
    assert "there is no address nowhere.invalid" in result.stdout
    assert "Correct [dashboard] host" in result.stdout and "Traceback" not in result.stderr
