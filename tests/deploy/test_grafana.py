"""The Grafana dashboard asks for what the store writes, and for nothing else."""

import json
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from influxdb_client.client.influxdb_client import InfluxDBClient

from griphub.firmware_bridge.samples import Unit
from griphub.hub import wire
from griphub.hub.config import InfluxConfig
from griphub.hub.records.event import Event, Result, decode
from griphub.hub.records.session import SqueezeCounted
from griphub.hub.stores.influx import InfluxStore
from griphub.hub.stores.influx_points import to_point

ROOT = Path(__file__).parents[2]
DASHBOARD = json.loads((ROOT / "docs/deploy/grafana-dashboard.json").read_text(encoding="utf-8"))
SERVER = os.environ.get("GRIPHUB_TEST_INFLUXDB")


def _events() -> list[Event]:
    kinds = {m.name for m in wire.MESSAGES if m.model in get_args(Result)}
    paths = (ROOT / "tests/wire/pinned").glob("*/*.maximal.json")
    return [decode(path.read_bytes()) for path in sorted(paths) if path.name.split(".")[0] in kinds]


def _written() -> tuple[dict[str, set[str]], dict[str, set[str]], dict[str, str]]:
    """Fields, tags and bucket of each measurement."""
    fields: dict[str, set[str]] = {}
    tags: dict[str, set[str]] = {}
    buckets: dict[str, str] = {}
    config = InfluxConfig()
    for event in _events():
        point = to_point(event)
        name = point._name
        fields.setdefault(name, set()).update(point._fields)
        tags.setdefault(name, set()).update(point._tags)
        buckets[name] = config.waveform_bucket if name == "waveform" else config.bucket
    return fields, tags, buckets


FIELDS, TAGS, BUCKETS = _written()
QUERIES = {panel["title"]: target["query"] for panel in DASHBOARD["panels"] for target in panel["targets"]}


@pytest.mark.parametrize("title", QUERIES)
def test_a_panel_asks_for_what_is_written(title: str) -> None:
    query = QUERIES[title]
    [measurement] = set(re.findall(r'r\._measurement == "(\w+)"', query))
    [bucket] = re.findall(r'from\(bucket: "(\w+)"\)', query)
    assert bucket == BUCKETS[measurement]
    asked = set(re.findall(r'r\._field == "(\w+)"', query))
    assert asked - FIELDS[measurement] == set()
    lists = re.findall(r"(?:columns|rowKey): (\[[^\]]*\])", query)
    columns = set(re.findall(r"\br\.(\w+)", query)) | {name for one in lists for name in json.loads(one)}
    made = {"_measurement", "_field", "_value", "_time", "series"}
    assert columns - made - TAGS[measurement] - FIELDS[measurement] == set()


@pytest.mark.parametrize("title", [t for t in QUERIES if t != "Tools"])
def test_a_childs_panel_shows_one_child_and_never_mixes_real_and_simulated(title: str) -> None:
    assert 'r.child == "${child}" and r.source == "${source}"' in QUERIES[title]


def test_peaks_of_two_units_are_never_in_one_chart() -> None:
    for title, query in QUERIES.items():
        if 'r._field == "peak"' in query:
            [unit] = re.findall(r'r\.unit == "(\w+)"', query)
            assert title.endswith(unit)


def test_the_dashboard_holds_together() -> None:
    names = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    assert set(re.findall(r"\$\{(\w+)\}", json.dumps(DASHBOARD))) <= names
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    assert all(panel["description"] for panel in DASHBOARD["panels"])
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        place = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not place & taken, f"{panel['title']} covers another panel"
        taken |= place


def _filled_in(query: str, event: SqueezeCounted) -> str:
    values = {
        "v.timeRangeStart": "-30d",
        "v.timeRangeStop": "now()",
        "${child}": event.child_id,
        "${source}": event.source,
        "${zone}": "Europe/Berlin",
    }
    for name, value in values.items():
        query = query.replace(name, value)
    return query


def _every_query_runs_on_a_real_server() -> None:
    assert SERVER
    org, token = os.environ["GRIPHUB_TEST_INFLUXDB_ORG"], os.environ["GRIPHUB_TEST_INFLUXDB_TOKEN"]
    config = InfluxConfig(url=SERVER, org=org, token=token, bucket="dash", waveform_bucket="dash_waveforms")
    store = InfluxStore(config)
    events: list[Any] = _events()
    [squeeze] = [event for event in events if isinstance(event, SqueezeCounted)]
    yesterday = datetime.now(UTC) - timedelta(days=1)  # a curve of last year is not kept
    here = {
        "measured_at": yesterday,
        "child_id": squeeze.child_id,
        "source": squeeze.source,
        "unit": squeeze.unit,
    }
    placed: list[Event] = []
    for event in events:
        has = {key: value for key, value in here.items() if hasattr(event, key)}
        units = [{"unit": unit} for unit in (Unit.NEWTON, Unit.KILOPASCAL)] if "unit" in has else [{}]
        placed += [event.model_copy(update=has | unit) for unit in units]
    store.write(placed)
    try:
        with InfluxDBClient(SERVER, token, org=org) as client:
            for title, query in QUERIES.items():
                asked = _filled_in(query, squeeze).replace('"griphub', '"dash')
                tables = client.query_api().query(asked)
                assert any(table.records for table in tables), title
    finally:
        store.close()
        with InfluxDBClient(SERVER, token, org=org) as client:
            for bucket in ("dash", "dash_waveforms"):
                if found := client.buckets_api().find_bucket_by_name(bucket):
                    client.buckets_api().delete_bucket(found)


if SERVER:  # which CI does not have: tests/stores/conftest.py says so
    test_every_query_runs_on_a_real_server = _every_query_runs_on_a_real_server
