"""What is particular to the InfluxDB store: lines that a database takes, and errors that it gives."""

import json
import os
import shutil
import socket
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.domain.permission import Permission
from influxdb_client.domain.permission_resource import PermissionResource
from pydantic import SecretStr

from griphub.hub.config import InfluxConfig
from griphub.hub.errors import NotReadable, StoreError
from griphub.hub.stores.influx import InfluxStore


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as response:
        return response.read().decode()


@pytest.fixture(scope="module")
def victoria(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A VictoriaMetrics, which speaks the same line protocol and is a Debian package."""
    binary = shutil.which("victoria-metrics")
    if binary is None:
        pytest.skip("needs Debian's victoria-metrics: apt-get install victoria-metrics")
    url = f"127.0.0.1:{free_port()}"
    process = subprocess.Popen(
        [
            binary,
            f"-storageDataPath={tmp_path_factory.mktemp('victoria')}",
            f"-httpListenAddr={url}",
            "-retentionPeriod=100y",
            "-dedup.minScrapeInterval=1ms",  # one value per point and time, as InfluxDB has it
            "-loggerLevel=ERROR",
        ],
        stderr=subprocess.PIPE,
    )
    while True:
        try:
            get(f"http://{url}/health")
            break
        except OSError:
            assert process.poll() is None, process.stderr.read().decode()
    yield f"http://{url}"
    process.terminate()
    process.communicate(timeout=20)


def exported(victoria: str, child: str) -> dict[str, tuple[dict[str, str], list[float], list[int]]]:
    """All series of a child: name → tags, values, times in ms."""
    get(f"{victoria}/internal/force_flush")
    query = urllib.parse.urlencode({"match[]": f'{{child="{child}"}}'})
    series = {}
    for line in get(f"{victoria}/api/v1/export?{query}").splitlines():
        row = json.loads(line)
        series[row["metric"].pop("__name__")] = (row["metric"], row["values"], row["timestamps"])
    return series


def test_points_arrive_with_their_tags_and_the_time_of_measurement(victoria, make_session):
    made = make_session(started_at=datetime(2025, 10, 26, 0, 59, 59, 123_000, tzinfo=UTC))
    store = InfluxStore(InfluxConfig(url=victoria))
    for _ in range(2):  # a replay
        store.write(made.events)
    store.close()

    series = exported(victoria, made.point.child_id)
    tags, values, times = series["squeeze_peak"]
    assert tags == {
        "site": "home", "hub": "hub", "child": made.point.child_id, "tool": "ball-01",
        "tool_kind": "ball", "hand": "left", "source": "simulated", "unit": "kPa",
    }  # fmt: skip
    assert values == pytest.approx([squeeze.peak for squeeze in made.squeezes])
    assert times == [round(squeeze.measured_at.timestamp() * 1e3) for squeeze in made.squeezes]
    for name, value in [("squeezes", 3), ("goal", 15), ("received", 400), ("lost", 200)]:
        assert series[f"session_{name}"] == (tags, [value], [round(made.point.started_at.timestamp() * 1e3)])
    per_second = np.split(made.values, len(made.waveform))
    assert series["waveform_max"][1] == pytest.approx([np.nanmax(second) for second in per_second])
    assert series["waveform_min"][1] == pytest.approx([np.nanmin(second) for second in per_second])
    assert {labels.get("session_id") for labels, *_ in series.values()} == {None}, "without end: no tag"


def test_what_was_done_and_said_and_how_tools_are_arrive_as_numbers(
    victoria, make_activity, make_feedback, make_status
):
    store = InfluxStore(InfluxConfig(url=victoria))
    done, said = make_activity("c-told", hand=None), make_feedback("c-told")
    store.write(
        [
            done,
            make_activity("c-told", hand="left", days_ago=3),
            said,
            make_status("ball-vm", at=done.measured_at),
        ]
    )
    series = exported(victoria, "c-told")
    tags, values, _ = series["activity_done_minutes"]
    # one set of tags for all of a measurement, whatever an event leaves out: InfluxDB 3 asks for that
    assert tags == {"site": "home", "hub": "hub", "child": "c-told", "source": "real", "item": "putty"}
    assert values == [10, 10]
    assert series["feedback_pain_after"][1] == [4]
    query = urllib.parse.urlencode({"match[]": '{tool="ball-vm"}'})
    assert '"tool_status_battery_percent"' in get(f"{victoria}/api/v1/export?{query}")
    store.close()


def test_what_cannot_be_read_back_says_so_in_a_sentence(victoria, answering):
    for url in (victoria, answering(404, version="3.10.0").url):  # of InfluxDB 3
        store = InfluxStore(InfluxConfig(url=url))
        with pytest.raises(NotReadable, match=r"takes results but is no InfluxDB 2.*docs/influxdb\.md"):
            store.children()
        store.close()


class Answers:
    """A server that answers every request with the next of the given statuses."""

    def __init__(self, *statuses: int, message: str = "because", version: str = "v2.7.12") -> None:
        self.asked: list[str] = []
        left = list(statuses)
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked.append(self.path)
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                body = json.dumps({"code": "x", "message": message}).encode()
                self.send_response(left.pop(0) if len(left) > 1 else left[0])
                self.send_header("X-Influxdb-Version", version)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self) -> None:
                self.do_POST()

            def log_message(self, *_: object) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def answering() -> Iterator[Callable[..., Answers]]:
    servers: list[Answers] = []

    def make(*statuses: int, **options: str) -> Answers:
        servers.append(Answers(*statuses, **options))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


@pytest.mark.parametrize(
    ("status", "retryable", "advice"),
    [
        (400, False, "configuration"),
        (401, True, "token"),
        (403, True, "rights"),
        (413, False, "log"),
        (422, False, "log"),
        (429, True, "patience"),
        (500, True, "tries again"),
        (503, True, "tries again"),
    ],
)
def test_a_refusal_says_whether_to_try_again_and_what_to_do(
    answering, make_session, status, retryable, advice
):
    server = answering(status)
    store = InfluxStore(InfluxConfig(url=server.url))
    with pytest.raises(StoreError, match=f"answered {status}: because.*{advice}") as caught:
        store.write(make_session().events)
    assert caught.value.retryable is retryable
    with pytest.raises(StoreError, match=str(status)):
        store.children()
    store.close()


def test_waveforms_older_than_the_bucket_keeps_do_not_hold_up_the_rest(answering, make_session):
    made = make_session()
    store = InfluxStore(
        InfluxConfig(url=answering(204, 422, message="partial write: points beyond retention policy").url)
    )
    store.write(made.events)
    with pytest.raises(StoreError, match="retention policy"):  # a summary is never too old
        store.write([made.ended])
    store.close()


def test_a_missing_bucket_that_may_not_be_made_is_named(answering, make_session):
    store = InfluxStore(InfluxConfig(url=answering(404).url, bucket="grips", org="clinic"))
    with pytest.raises(StoreError, match=r"clinic lacks the bucket grips.*docs/influxdb\.md") as caught:
        store.write(make_session().events)
    assert caught.value.retryable
    store.close()


def test_a_server_that_is_away_is_worth_another_try(make_session):
    store = InfluxStore(InfluxConfig(url=f"http://127.0.0.1:{free_port()}"))
    for use in (lambda: store.write(make_session().events), store.children):
        with pytest.raises(StoreError, match=r"does not answer.*\[store.influxdb\] url") as caught:
            use()
        assert caught.value.retryable
    store.close()


if "GRIPHUB_TEST_INFLUXDB" in os.environ:

    def admin(config: InfluxConfig) -> InfluxDBClient:
        return InfluxDBClient(config.url, config.token.get_secret_value(), org=config.org)

    @pytest.mark.influxdb
    def test_missing_buckets_are_made_and_waveforms_kept_for_ninety_days(influx_config, make_session):
        store = InfluxStore(influx_config)
        with pytest.raises(StoreError, match="404"):
            store.children()
        quick = make_session(seconds=0)
        store.write(quick.events)
        assert store.session(quick.id).point == quick.point
        made = make_session(started_at=datetime.now(UTC) - timedelta(days=200))
        store.write(made.events)
        detail = store.session(made.id)
        assert (detail.point, list(detail.squeezes)) == (made.point, made.squeezes)
        assert detail.t_s.size == 0, "too old to be kept"
        store.close()

        token = influx_config.token.get_secret_value()
        with InfluxDBClient(influx_config.url, token, org=influx_config.org) as client:
            (forever,), (short,) = (
                client.buckets_api().find_bucket_by_name(bucket).retention_rules
                for bucket in (influx_config.bucket, influx_config.waveform_bucket)
            )
        assert (forever.every_seconds, short.every_seconds) == (0, 90 * 86_400)

    @pytest.mark.influxdb
    def test_each_program_needs_only_the_rights_that_the_docs_give_it(influx_config, make_session):
        made = make_session()
        whole = InfluxStore(influx_config)
        whole.write(made.events)  # makes the buckets
        with admin(influx_config) as client:
            org = client.organizations_api().find_organizations(org=influx_config.org)[0].id
            names = influx_config.bucket, influx_config.waveform_bucket
            ids = [client.buckets_api().find_bucket_by_name(name).id for name in names]

            def with_rights(*actions: str) -> InfluxStore:
                rights = [
                    Permission(
                        action=action, resource=PermissionResource(type="buckets", id=bucket, org_id=org)
                    )
                    for action in actions
                    for bucket in ids
                ]
                token = client.authorizations_api().create_authorization(org_id=org, permissions=rights).token
                return InfluxStore(influx_config.model_copy(update={"token": SecretStr(token)}))

            ingest, dashboard, eraser = (
                with_rights("write"),
                with_rights("read"),
                with_rights("read", "write"),
            )
        ingest.write(make_session(child_id=made.point.child_id).events)
        with pytest.raises(StoreError):
            ingest.trend(made.point.child_id)
        assert len(dashboard.trend(made.point.child_id)) == 2
        assert dashboard.session(made.id).t_s.size
        for attempt in (lambda: dashboard.write(made.events), lambda: dashboard.erase_child("c-1")):
            with pytest.raises(StoreError, match=r"40[134]"):
                attempt()
        eraser.erase_child(made.point.child_id)
        assert eraser.count_child(made.point.child_id) == {}
        for store in (whole, ingest, dashboard, eraser):
            store.close()
