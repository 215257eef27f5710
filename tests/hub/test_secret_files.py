"""Secrets from files."""

from pathlib import Path

import pytest

from griphub.hub import config as configuration
from griphub.hub.config import Config
from griphub.hub.errors import ConfigError
from griphub.hub.secret_files import secrets_of

VARIABLE = "GRIPHUB_BROKER__PASSWORD_FILE"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration with a password of its own."""
    toml = tmp_path / "griphub.toml"
    toml.write_text('[broker]\nhost = "mqtt.example.org"\npassword = "of the file"\n')
    return toml


def test_a_secret_is_read_from_the_file_that_the_environment_names(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text("sésame\n")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "secret"))
    read = configuration.load(file)
    assert read.broker.password and read.broker.password.get_secret_value() == "sésame"
    assert read.broker.host == "mqtt.example.org" and "sésame" not in repr(read)
    monkeypatch.setenv("GRIPHUB_BROKER__PASSWORD", "nearer")
    read = configuration.load(file)
    assert read.broker.password and read.broker.password.get_secret_value() == "nearer"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot be read"),
        (b"", "empty"),
        (b" \n", "empty"),
        (b"\xff", "no text"),
        (b"x" * 70_000, "long"),
    ],
)
def test_a_secret_that_cannot_be_had_is_told_without_it(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, reason: str
) -> None:
    if content is not None:
        (tmp_path / "secret").write_bytes(content)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "secret"))
    with pytest.raises(ConfigError, match=f"{VARIABLE}.*{reason}"):
        configuration.load(file)


def test_what_is_no_secret_comes_from_no_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIPHUB_BROKER__HOST_FILE", "/etc/hostname")
    with pytest.raises(ConfigError, match="host_file"):
        configuration.load(file)


def test_every_secret_of_the_configuration_can_come_from_a_file() -> None:
    names = set(secrets_of(Config, "griphub_"))
    assert {"griphub_broker__password", "griphub_store__influxdb__token", "griphub_database__url"} <= names
