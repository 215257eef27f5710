"""compose.yaml: well formed, with no more rights than it needs, and in step with the recipes it stands on."""

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import paho.mqtt.client as paho
import pytest
import yaml
from paho.mqtt.enums import CallbackAPIVersion
from sqlalchemy import make_url

from griphub.hub import config as configuration
from griphub.hub.cli.main import app

from ..hub.pki import Authority

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "docs" / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def test_it_is_a_compose_file() -> None:
    assert set(SERVICES) == {"mosquitto", "influxdb", "ingest", "dashboard"}
    for kind in ("secrets", "volumes", "networks"):
        used = {
            str(name).split(":", maxsplit=1)[0]
            for service in SERVICES.values()
            for name in service.get(kind, [])
            if not str(name).startswith("./")
        }
        assert used == set(COMPOSE[kind]), kind
    for service in SERVICES.values():
        assert set(service.get("depends_on", {})) <= set(SERVICES)
    if official := os.environ.get(
        "GRIPHUB_TEST_COMPOSE"
    ):  # schema/compose-spec.json of the Compose Specification
        schema = json.loads(Path(official).read_text(encoding="utf-8"))
        jsonschema.Draft7Validator(schema).validate(COMPOSE)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_no_more_rights_than_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"] and "no-new-privileges:true" in service["security_opt"]
    assert "privileged" not in service and "network_mode" not in service
    assert service["pids_limit"] and service["mem_limit"] and service["logging"]["options"]["max-size"]
    assert service["healthcheck"]["test"][0] == "CMD" and service["restart"] == "unless-stopped"
    if name != "influxdb":  # whose image changes its user itself
        assert service["read_only"] is True and service["user"].split(":")[0] not in ("0", "root")
    for volume in service["volumes"]:
        source = volume.split(":")[0]
        assert not source.startswith("./") or ((DEPLOY / source).is_file() and volume.endswith(":ro"))


def test_only_the_brokers_tls_is_open_to_others() -> None:
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert ports == {"mosquitto": ["8883:8883"], "dashboard": ["127.0.0.1:8501:8501"]}
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert SERVICES["influxdb"]["networks"] == SERVICES["ingest"]["networks"] == ["inside"]


def test_no_secret_is_in_a_file_of_the_repository() -> None:
    for secret in COMPOSE["secrets"].values():
        path = DEPLOY / secret["file"]
        assert path.parent.name == "secrets" and not path.exists()
        assert subprocess.run(["git", "check-ignore", "-q", path], cwd=ROOT, check=False).returncode == 0
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            secret = any(word in name for word in ("PASSWORD", "TOKEN"))
            assert not secret or (name.endswith("_FILE") and value.startswith("/run/secrets/"))


@pytest.mark.parametrize("name", ["ingest", "dashboard"])
def test_our_own_services_are_configured_as_griphub_reads_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = SERVICES[name]
    for variable, value in service["environment"].items():
        if value.startswith("/run/secrets/"):
            secret = value.removeprefix("/run/secrets/")
            assert secret in service["secrets"]
            (tmp_path / secret).write_text(f"{secret}-secret\n")
            monkeypatch.setenv(variable, str(tmp_path / secret))
        else:
            monkeypatch.setenv(variable, value)
    monkeypatch.setenv("GRIPHUB_DATA_DIR", str(tmp_path))
    config = configuration.load(DEPLOY / "compose" / "griphub.toml")
    assert config.broker.host in SERVICES and config.store.influxdb.url == "http://influxdb:8086"
    assert config.broker.user == name and config.broker.password and config.homeassistant.enabled is False
    assert config.broker.password.get_secret_value() == f"mqtt_{name}-secret"
    assert config.store.influxdb.token.get_secret_value() == f"influx_{name}-secret"
    init = SERVICES["influxdb"]["environment"]
    assert config.store.influxdb.org == init["DOCKER_INFLUXDB_INIT_ORG"]
    assert config.store.influxdb.bucket == init["DOCKER_INFLUXDB_INIT_BUCKET"]
    # both see the same people: what is changed on the dashboard goes to the homes from ingest
    people = Path(make_url(config.database.url.get_secret_value()).database).parent
    assert people.name in (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert f"people-data:{people}" in service["volumes"]
    commands = {command.name for command in app.registered_commands}
    assert service["command"] == [name] and name in commands


def test_the_image_is_built_from_what_is_pinned() -> None:
    build = SERVICES["ingest"]["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).resolve() == DEPLOY / "Dockerfile"
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert "--require-hashes -r /src/requirements/clinic.txt" in text
    last = text[text.rindex("FROM ") :]
    assert re.search(r"^USER griphub$", last, re.M) and "--uid 10001" in last
    assert SERVICES["ingest"]["user"] == "10001:10001"
    minimum = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    [version] = set(re.findall(r"FROM python:3\.(\d+)", text))
    assert int(version) >= int(minimum.split(".")[1])


def _recipe(kind: str) -> list[str]:
    text = (ROOT / "docs" / "brokers.md").read_text(encoding="utf-8")
    [block] = re.findall(rf"^```{kind}\n(.*?)^```", text, re.M | re.S)
    return _lines(block)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def test_the_brokers_rights_are_those_of_the_recipe() -> None:
    assert _lines((DEPLOY / "compose/mosquitto.acl").read_text()) == _recipe("mosquitto-acl")
    ours = {line.split()[0]: line for line in _lines((DEPLOY / "compose/mosquitto.conf").read_text())}
    elsewhere = {
        "password_file",
        "acl_file",
        "persistence_location",
        "cafile",
        "certfile",
        "keyfile",
        "listener",
    }
    for line in _recipe("mosquitto"):
        if line.split()[0] not in elsewhere:
            assert ours[line.split()[0]] == line


@pytest.mark.skipif(not (shutil.which("mosquitto") or os.environ.get("CI")), reason="needs mosquitto")
def test_the_broker_starts_lets_homes_in_by_tls_and_nobody_else(tmp_path: Path) -> None:
    pki = Authority(tmp_path)
    certificate, key = pki.issue("localhost")
    inside, outside = _free(), _free()
    passwords = tmp_path / "passwords"
    subprocess.run(
        ["mosquitto_passwd", "-c", "-b", passwords, "home-17.hub", "secret"], check=True, capture_output=True
    )
    text = (DEPLOY / "compose/mosquitto.conf").read_text()
    for old, new in {
        "/run/secrets/mosquitto_passwords": passwords,
        "/mosquitto/config/acl": DEPLOY / "compose/mosquitto.acl",
        "/mosquitto/data/": f"{tmp_path}/",
        "/run/secrets/mqtt_certificate": certificate,
        "/run/secrets/mqtt_key": key,
        "listener 8883": f"listener {outside} 127.0.0.1",
        "listener 1883": f"listener {inside} 127.0.0.1",
    }.items():
        assert old in text
        text = text.replace(old, str(new))
    (tmp_path / "mosquitto.conf").write_text(text + "\nuser root\n")
    process = subprocess.Popen(["mosquitto", "-c", tmp_path / "mosquitto.conf"], stderr=subprocess.DEVNULL)
    try:
        for port in (inside, outside):
            _until(lambda port=port: socket.create_connection(("127.0.0.1", port), timeout=1).close() is None)
        trust = ssl.create_default_context(cafile=pki.ca)
        assert _connect(outside, "home-17.hub", "secret", trust) == "Success"
        assert _connect(outside, "home-17.hub", "guess", trust) != "Success"
        assert _connect(outside, None, None, trust) != "Success"
        assert _connect(inside, None, None, None) != "Success"
    finally:
        process.kill()
        process.wait()


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _until(condition: Any) -> None:
    deadline_s = time.monotonic() + 10
    while True:
        try:
            if condition():
                return
        except OSError:
            pass
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def _connect(port: int, user: str | None, password: str | None, trust: ssl.SSLContext | None) -> str:
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="test")
    if user:
        client.username_pw_set(user, password)
    if trust:
        client.tls_set_context(trust)
    said: list[str] = []
    client.on_connect = lambda _c, _u, _f, reason, _p: said.append(str(reason))
    client.connect("localhost" if trust else "127.0.0.1", port)
    client.loop_start()
    _until(lambda: said)
    client.disconnect()
    client.loop_stop()
    return said[0]
