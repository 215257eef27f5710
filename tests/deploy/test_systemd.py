"""The systemd units: valid, with the least rights, and such that GripHub runs under them."""

import configparser
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from griphub.hub import config as configuration
from griphub.hub.cli.main import app

UNITS = sorted((Path(__file__).parents[2] / "docs/deploy/systemd").glob("*.service"))
ANALYZE = shutil.which("systemd-analyze") or os.environ.get("CI")

#: systemd's own scale from 0 (safe) to 100; a unit that says nothing has 96.
MOST_EXPOSED = 20


class _Many(dict[str, Any]):
    """Keys of a unit may come several times."""

    def __setitem__(self, key: str, value: Any) -> None:
        if isinstance(value, list) and key in self:
            value = self[key] + value
        super().__setitem__(key, value)


def _read(unit: Path) -> dict[str, list[str]]:
    parser = configparser.RawConfigParser(strict=False, dict_type=_Many)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(unit)
    # several lines of a key come as one text
    return {key: value.split("\n") for key, value in parser["Service"].items()}


@pytest.fixture(params=UNITS, ids=lambda unit: unit.name)
def unit(request: pytest.FixtureRequest) -> Path:
    return request.param  # type: ignore[no-any-return]


def _installed(unit: Path, folder: Path) -> Path:
    """The unit as on a computer where the program is there."""
    copy = folder / unit.name
    copy.write_text(unit.read_text(encoding="utf-8").replace("/opt/griphub/bin/griphub", "/bin/true"))
    return copy


@pytest.mark.skipif(not ANALYZE, reason="needs systemd-analyze")
def test_systemd_finds_no_fault(unit: Path, tmp_path: Path) -> None:
    command = ["systemd-analyze", "verify", "--man=no", _installed(unit, tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.skipif(not ANALYZE, reason="needs systemd-analyze")
def test_systemd_finds_it_little_exposed(unit: Path, tmp_path: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSED}"]
    done = subprocess.run([*command, _installed(unit, tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-300:] + done.stderr


def test_it_runs_what_there_is_and_starts_it_again(unit: Path) -> None:
    service = _read(unit)
    [command] = service["ExecStart"]
    program, name = command.split()
    assert program == "/opt/griphub/bin/griphub"
    assert name in {command.name for command in app.registered_commands}
    assert service["Restart"] == ["always"]
    if name == "up":  # which prints for a person: a key, and names
        assert service["StandardOutput"] == ["null"]
    assert ("WatchdogSec" in service) == (service["Type"] == ["notify"])


def test_it_writes_in_its_own_folder_only(unit: Path) -> None:
    service = _read(unit)
    assert service["ProtectSystem"] == ["strict"] and "ReadWritePaths" not in service
    assert service["User"] == ["griphub"] and service["CapabilityBoundingSet"] == [""]
    environment = dict(pair.split("=", 1) for pair in service["Environment"])
    assert environment["GRIPHUB_DATA_DIR"] == f"/var/lib/{service['StateDirectory'][0]}"
    assert service["StateDirectoryMode"] == ["0700"] and service["UMask"] == ["0077"]


def test_its_secrets_are_credentials_that_griphub_reads(
    unit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = _read(unit)
    given = {line.split(":")[0] for line in service.get("LoadCredential", [])}
    used = set()
    for pair in service["Environment"]:
        name, value = pair.split("=", 1)
        assert not re.search("PASSWORD|TOKEN|URL", name) or name.endswith("_FILE")
        if value.startswith("%d/"):
            used.add(value[3:])
            (tmp_path / value[3:]).write_text(f"postgresql://{value[3:]}\n")
            value = str(tmp_path / value[3:])
        if name not in ("GRIPHUB_CONFIG", "GRIPHUB_DATA_DIR"):
            monkeypatch.setenv(name, value)
    assert used == given
    config = configuration.load(None)
    if given:
        assert config.broker.user and config.broker.password
        assert config.broker.password.get_secret_value() == "postgresql://mqtt"
        assert config.store.influxdb.token.get_secret_value() == "postgresql://influx"


def test_there_is_one_for_a_home_and_two_for_a_clinic() -> None:
    assert {u.stem for u in UNITS} == {"griphub", "griphub-dashboard", "griphub-ingest"}
