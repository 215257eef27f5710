"""docs/deploy/telegraf.conf makes of every event the point that our own InfluxDB store makes.

The processor in it is written in Starlark, of which this program is one of Python too, so that it is run here
without Telegraf. Where ``GRIPHUB_TEST_TELEGRAF`` names a Telegraf, the real one is run as well, on mosquitto.
"""

import json
import os
import re
import socket
import subprocess
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args
from uuid import UUID

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from griphub.hub import wire
from griphub.hub.delivery.publisher import Ack
from griphub.hub.records.event import Result, decode
from griphub.hub.stores import influx_points as ours
from griphub.hub.stores.influx_points import to_point

ROOT = Path(__file__).parents[2]
CONF = ROOT / "docs" / "deploy" / "telegraf.conf"
TELEGRAF = os.environ.get("GRIPHUB_TEST_TELEGRAF")
EVENTS = {m.name for m in wire.MESSAGES if m.model in get_args(Result)}
PAYLOADS = sorted(
    path
    for path in (ROOT / "tests/wire/pinned").glob("*/*.json")
    if path.name.split(".")[0] in EVENTS and not path.name.endswith("schema.json")
)

#: Of a force curve, which Telegraf cannot unpack; and the count of fields with them.
OURS_ALONE = {"min", "max"}
TEXTS_OF_JSON = {"data", "quality", "doubtful"}


class Metric:
    """Telegraf's, as far as the processor uses it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.tags: dict[str, str] = {}
        self.fields: dict[str, Any] = {}
        self.time = 0


def _nanoseconds(text: str) -> SimpleNamespace:
    since = datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)
    return SimpleNamespace(unix_nano=since // timedelta(microseconds=1) * 1000)


def _decode(text: str, default: Any) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return default


@pytest.fixture(scope="module")
def conf() -> dict[str, Any]:
    return tomllib.loads(CONF.read_text(encoding="utf-8"))


def _processor(source: str, **changed: Any) -> Callable[[Metric], Any]:
    names: dict[str, Any] = {
        "load": lambda *_: None,
        "json": SimpleNamespace(decode=_decode, encode=json.dumps),
        "time": SimpleNamespace(parse_time=_nanoseconds),
        "Metric": Metric,
        "type": lambda value: type(value).__name__,
    }
    exec(compile(source, "telegraf.conf", "exec"), names)
    names.update(changed)
    return names["apply"]  # type: ignore[no-any-return]


def _apply(conf: dict[str, Any], payload: bytes, topic: str, **changed: Any) -> Any:
    metric = Metric("mqtt_consumer")
    metric.tags["topic"] = topic
    metric.fields["value"] = payload.decode()
    return _processor(conf["processors"]["starlark"][0]["source"], **changed)(metric)


def _line(line: str) -> tuple[str, dict[str, str], dict[str, Any], int]:
    """A line of the protocol in its parts."""
    match = re.fullmatch(r"(\w+)((?:,[^ ]+)?) (.*) (-?\d+)", line)
    assert match, line
    tags = dict(tag.split("=", 1) for tag in match[2].split(",") if tag)
    fields: dict[str, Any] = {}
    for name, text, boolean, number in re.findall(
        r'(\w+)=(?:("(?:[^"\\]|\\.)*")|(true|false|t|f|True|False)|([^,]+))', match[3]
    ):
        if text:
            fields[name] = re.sub(r"\\(.)", r"\1", text[1:-1])
        elif boolean:
            fields[name] = boolean[0].lower() == "t"
        else:
            fields[name] = int(number[:-1]) if number.endswith("i") else float(number)
    return match[1], tags, fields, int(match[4])


def _comparable(fields: dict[str, Any], name: str) -> dict[str, Any]:
    kept = {key: value for key, value in fields.items() if key not in OURS_ALONE}
    for key in TEXTS_OF_JSON & kept.keys():
        if isinstance(kept[key], str) and not (name == "waveform" and key == "data"):
            kept[key] = json.loads(kept[key])
            if key == "data":
                kept[key] = {k: v for k, v in kept[key].items() if v is not None}
    if name == "waveform":
        kept["field_count"] = len(kept)
    return {key: (type(value).__name__, value) for key, value in kept.items()}


def _expected(path: Path) -> tuple[str, dict[str, str], dict[str, Any], int]:
    return _line(to_point(decode(path.read_bytes())).to_line_protocol())


def _whole(payload: bytes) -> bytes:
    """As a hub sends it: with every field, compact."""
    return decode(payload).model_dump_json(by_alias=True).encode()


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda p: p.name)
def test_telegraf_writes_the_point_that_our_store_writes(conf: dict[str, Any], path: Path) -> None:
    event = decode(path.read_bytes())
    point = _apply(conf, _whole(path.read_bytes()), event.topic())
    name, tags, fields, at = _expected(path)
    assert (point.name, point.tags, point.time) == (name, tags, at)
    assert _comparable(point.fields, name) == _comparable(fields, name)


def test_what_is_no_event_of_that_topic_is_left_to_ingest(conf: dict[str, Any]) -> None:
    payload = _whole(PAYLOADS[0].read_bytes())
    event = decode(payload)
    for wrong in (b"", b"noise", b"[1]", b'{"event_id": 1}', payload.replace(b'/1"', b'/2"')):
        assert _apply(conf, wrong, event.topic()) is None
    assert _apply(conf, payload, event.topic().replace(event.hub, "next-door")) is None


def test_what_a_family_writes_is_in_no_database_of_results(conf: dict[str, Any]) -> None:
    pinned = ROOT / "tests/wire/pinned"
    private = [
        path
        for kind in ("message", "picture", "pauses", "program_step")
        for path in sorted(pinned.glob(f"*/{kind}-1.m*.json"))
    ]
    assert len(private) >= 4
    for path in private:
        assert _apply(conf, _whole(path.read_bytes()), decode(path.read_bytes()).topic()) is None


def test_what_is_acknowledged_is_what_a_hub_understands(conf: dict[str, Any]) -> None:
    payload = _whole(PAYLOADS[0].read_bytes())
    event = decode(payload)
    point, ack = _apply(conf, payload, event.topic(), ACKNOWLEDGE=True)
    assert (ack.name, ack.tags) == ("ack", {"site": event.site, "hub": event.hub})
    assert point.name == _expected(PAYLOADS[0])[0]
    text = CONF.read_text(encoding="utf-8")
    template = re.search(r"#   template = '(.*)'", text)
    topic = re.search(r"#   topic = '(.*)'", text)
    assert template and topic
    told = template[1].replace('{{ .Field "event_id" }}', ack.fields["event_id"])
    assert Ack.model_validate_json(told).event_ids == (event.event_id,)
    where = topic[1].replace('{{ .Tag "site" }}', event.site).replace('{{ .Tag "hub" }}', event.hub)
    assert where == f"griphub/v1/{event.site}/{event.hub}/ack"


def test_the_lists_of_the_processor_are_those_of_the_store(conf: dict[str, Any]) -> None:
    """A field that is new in the store is named here before anybody misses it in a chart."""
    names: dict[str, Any] = {"load": lambda *_: None}
    exec(compile(conf["processors"]["starlark"][0]["source"], "telegraf.conf", "exec"), names)
    assert {tag: of for of, tag in names["TAGS"].items()} == ours._TAGS
    assert set(names["RESULT"]) == {*ours._RESULT, *ours._CIRCUMSTANCES, "ended_by"}
    assert set(names["SQUEEZE"]) == {*ours._SQUEEZE, *ours._LATER, "ended_by", "event_id"}
    assert set(names["WHOLE"]["activity_done"]) == set(ours._DONE)
    assert set(names["WHOLE"]["feedback"]) == set(ours._SAID)
    assert set(names["WHOLE"]["tool_status"]) == set(ours._SEEN)
    assert names["WHOLE"]["correction"] == []
    known = {name.rsplit("-", 1)[0] for name in EVENTS}
    assert known == {"session_started", "session_ended", "squeeze", "waveform", *names["WHOLE"]}


def test_it_reads_what_hubs_send_and_writes_where_the_dashboard_reads(conf: dict[str, Any]) -> None:
    [consumer] = conf["inputs"]["mqtt_consumer"]
    assert consumer["topics"] == ["griphub/v1/+/+/event/+"]
    assert consumer["qos"] == 1 and consumer["persistent_session"] and consumer["client_id"]
    results, waveforms = conf["outputs"]["influxdb_v2"]
    assert (results["bucket"], waveforms["bucket"]) == ("griphub", "griphub_waveforms")
    assert results["namedrop"] == ["waveform", "ack"] and waveforms["namepass"] == ["waveform"]
    secrets = re.findall(r'^\s*(?:password|token) = "(.*)"', CONF.read_text(encoding="utf-8"), re.M)
    assert secrets and all(secret.startswith("${") for secret in secrets)


@contextmanager
def _mosquitto(folder: Path) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = folder / "mosquitto.conf"
    settings.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nuser root\n")
    process = subprocess.Popen(["mosquitto", "-c", str(settings)], stderr=subprocess.DEVNULL)
    try:
        deadline_s = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert time.monotonic() < deadline_s
        yield port
    finally:
        process.kill()
        process.wait()


def _a_real_telegraf_does_the_same(tmp_path: Path) -> None:
    assert TELEGRAF
    lines = tmp_path / "lines"
    text = CONF.read_text(encoding="utf-8")
    text = (
        text[: text.index("[[outputs")]
        + f'[[outputs.file]]\n  files = ["{lines}"]\n  data_format = "influx"\n'
    )
    acknowledging = re.findall(r"^# (\[\[outputs\.mqtt.*|  .*)$", CONF.read_text(encoding="utf-8"), re.M)
    text += "\n".join(acknowledging)
    (tmp_path / "telegraf.conf").write_text(text.replace("ACKNOWLEDGE = False", "ACKNOWLEDGE = True"))
    with _mosquitto(tmp_path) as port, (tmp_path / "log").open("w") as log:
        environment = {"MQTT_URL": f"tcp://127.0.0.1:{port}", "MQTT_USER": "", "MQTT_PASSWORD": ""}
        process = subprocess.Popen(
            [TELEGRAF, "--config", str(tmp_path / "telegraf.conf")], env=os.environ | environment, stderr=log
        )
        client = paho.Client(CallbackAPIVersion.VERSION2)
        told: set[UUID] = set()
        client.on_message = lambda _c, _u, m: told.update(Ack.model_validate_json(m.payload).event_ids)
        client.connect("127.0.0.1", port)
        client.loop_start()
        client.subscribe("griphub/v1/+/+/ack", qos=1)
        try:
            deadline_s = time.monotonic() + 60
            sent = [(decode(path.read_bytes()), path) for path in PAYLOADS]
            while not lines.exists() or lines.read_text().count("\nack") < 2:  # subscribed
                client.publish(sent[0][0].topic(), _whole(sent[0][1].read_bytes()), qos=1)
                time.sleep(0.5)
                assert time.monotonic() < deadline_s, (tmp_path / "log").read_text()
            for event, path in sent:
                client.publish(event.topic(), b"noise", qos=1)
                client.publish(event.topic(), _whole(path.read_bytes()), qos=1)
            wanted = {(name, at) for name, _, _, at in map(_expected, PAYLOADS)}
            got: list[Any] = []
            ids = {event.event_id for event, _ in sent}
            while {(name, at) for name, _, _, at in got} < wanted or not ids <= told:
                got = [_line(line) for line in lines.read_text().splitlines() if not line.startswith("ack,")]
                time.sleep(0.2)
                assert time.monotonic() < deadline_s, (tmp_path / "log").read_text()
        finally:
            process.terminate()
            process.wait()
            client.disconnect()
            client.loop_stop()
    for path in PAYLOADS:
        name, tags, fields, at = _expected(path)
        same = [
            point
            for point in got
            if (point[0], point[1], point[3]) == (name, tags, at)
            and _comparable(point[2], name) == _comparable(fields, name)
        ]
        assert same, (path.name, [p for p in got if p[0] == name and p[3] == at], _comparable(fields, name))


if TELEGRAF:  # nothing that a package index or Debian has
    test_a_real_telegraf_does_the_same = _a_real_telegraf_does_the_same


def test_the_payloads_are_of_every_kind() -> None:
    assert {path.name.split(".")[0] for path in PAYLOADS} == EVENTS
