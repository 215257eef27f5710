"""The configuration file and its overrides."""

from pathlib import Path

import pytest

from griphub.hub import config
from griphub.hub.errors import ConfigError


@pytest.fixture(autouse=True)
def _no_file_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(config, "default_path", lambda: tmp_path / "absent.toml")


def _load(tmp_path: Path, text: str) -> config.Config:
    file = tmp_path / "griphub.toml"
    file.write_text(text)
    return config.load(file)


def test_nothing_written_gives_a_home_on_localhost() -> None:
    settings = config.load()
    assert settings.dashboard.host == "127.0.0.1"
    assert settings.store.kind == "sqlite"
    assert settings.broker.host is None


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIPHUB_BROKER__PORT", "1999")
    settings = _load(tmp_path, '[broker]\nport = 1884\nuser = "hub"\n')
    assert (settings.broker.port, settings.broker.user) == (1999, "hub")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[broker]\nport = 99999\n", r"broker\.port"),
        ("[brokr]\nport = 1\n", "brokr"),
        ('[[children]]\nid = "Mia"\nalias = "Mia"\n', r"children\.0\.id"),
        ('[[tools]]\nid = "ball01"\nchild = "c-9"\nhand = "left"\n', "c-9, who is not in"),
        ('[[tools]]\nid = "ball01"\nchild = "c-9"\nhand = "both"\n', r"tools\.0\.hand"),
        ("site = \n", "cannot be read"),
    ],
)
def test_a_wrong_key_is_named(tmp_path: Path, text: str, key: str) -> None:
    with pytest.raises(ConfigError, match=key):
        _load(tmp_path, text)


def test_a_file_that_was_asked_for_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        config.load(tmp_path / "nowhere.toml")


def test_secrets_do_not_show() -> None:
    settings = config.Config(broker={"password": "hush"}, store={"influxdb": {"token": "hush"}})
    assert "hush" not in repr(settings) + str(settings.model_dump())


def test_a_variable_that_is_no_json_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIPHUB_TOOLS", "ball01")
    with pytest.raises(ConfigError, match="`GRIPHUB_TOOLS` is not the JSON"):
        config.load()


def test_a_tilde_is_the_home_folder(tmp_path: Path) -> None:
    assert _load(tmp_path, 'data_dir = "~/grip"\n').data_dir == Path.home() / "grip"


def test_one_radio_or_several(monkeypatch: pytest.MonkeyPatch) -> None:
    assert config.Config().radios == ("system",)
    assert config.Config(radio=["system:hci0", "unix:/run/radio"]).radios == (
        "system:hci0",
        "unix:/run/radio",
    )
    monkeypatch.setenv("GRIPHUB_RADIO", "unix:/run/radio")
    assert config.Config().radios == ("unix:/run/radio",)
    monkeypatch.setenv("GRIPHUB_RADIO", '["system", "tcp-client:localhost:9000"]')
    assert config.Config().radios == ("system", "tcp-client:localhost:9000")
    for wrong in ("[]", '["system", "system"]'):
        monkeypatch.setenv("GRIPHUB_RADIO", wrong)
        with pytest.raises(ValueError, match="at least one radio, and none twice"):
            config.Config()
