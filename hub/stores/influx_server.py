"""One InfluxDB 2: what is sent to it, what it is asked, and what its refusals mean."""

# mypy: disable-error-code="no-untyped-call"
# (the client leaves its constructors without annotations)

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

from influxdb_client.client.exceptions import InfluxDBError
from influxdb_client.client.flux_csv_parser import FluxCsvParserException, FluxQueryException
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.domain.bucket_retention_rules import BucketRetentionRules
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from ..config import InfluxConfig
from ..errors import NotReadable, StoreError
from ..records.event import Result
from ..records.session import WaveformSecond
from .influx_points import Record, to_point

log = logging.getLogger(__name__)

#: What to call it in messages.
NAME: Final = "influxdb"
#: Lines in one request: the batch size that InfluxDB's documentation recommends.
LINES = 5_000
TIMEOUT_MS = 10_000
#: Time that the summaries' files cover: years of a few points a day, read as one trend. Against the usual
#: week this made ten years of ten children twice as fast to read.
SHARD = timedelta(weeks=52)
#: The times that InfluxDB can hold, in whole years.
FIRST: Final = datetime(1678, 1, 1, tzinfo=UTC)
LAST: Final = datetime(2262, 1, 1, tzinfo=UTC)

_ADVICE = {
    400: "Compare the message with [store.influxdb] in the configuration.",
    401: "Put a valid token with the rights in docs/influxdb.md into [store.influxdb] token.",
    403: "Give the token the rights in docs/influxdb.md.",
    404: "Check [store.influxdb] org and buckets; docs/influxdb.md says how to make them.",
    429: "The server asks for patience; the hub tries again by itself.",
}


class InfluxServer:
    """A server and its two buckets.

    Attributes
    ----------
    bucket, waveform_bucket : str

    Raises
    ------
    StoreError
        From every method that asks the server; see `InfluxStore`.
    """

    def __init__(self, config: InfluxConfig, keep_waveforms: timedelta) -> None:
        self._keep = keep_waveforms
        self._config = config
        self.bucket = config.bucket
        self.waveform_bucket = config.waveform_bucket
        self._client = InfluxDBClient(
            config.url,
            config.token.get_secret_value(),
            org=config.org,
            timeout=TIMEOUT_MS,
            enable_gzip=True,
        )
        self._writer = self._client.write_api(write_options=SYNCHRONOUS)
        self._reader = self._client.query_api()

    def write(self, events: Sequence[Result]) -> None:
        """Store events; returns when the server has them on its disk."""
        with self._errors():
            for start in range(0, len(events), LINES):
                self._write(events[start : start + LINES])

    def query(self, flux: str, **parameters: object) -> list[Record]:
        """Rows that a Flux query finds; without other parameters, of all times in the bucket of results."""
        given = {"bucket": self.bucket, "since": FIRST, "until": LAST} | parameters
        with self._errors():
            try:
                tables = self._reader.query(flux, params=given)
            except ApiException as error:
                headers = {name.lower(): value for name, value in (error.headers or {}).items()}
                # every answer of an InfluxDB 2 says so; others have no such path, each in its own way
                of_2 = headers.get("x-influxdb-version", "").startswith(("v2", "2"))
                if error.status in (400, 404, 405, 501) and not of_2:
                    raise NotReadable(NAME, self._config.url) from error
                raise
            return [
                {name: value for name, value in record.values.items() if value is not None}
                for table in tables
                for record in table.records
            ]

    def delete(self, predicate: str) -> None:
        """Delete of both buckets what a predicate matches."""
        with self._errors():
            for bucket in (self.bucket, self.waveform_bucket):
                self._client.delete_api().delete(FIRST, LAST, predicate, bucket=bucket, org=self._config.org)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _write(self, events: Sequence[Result]) -> None:
        waveforms = [event for event in events if isinstance(event, WaveformSecond)]
        results = [event for event in events if not isinstance(event, WaveformSecond)]
        self._send(self.bucket, results)
        try:
            self._send(self.waveform_bucket, waveforms)
        except ApiException as error:
            # The server takes the rest of the request. What is too old to be kept is no error: it would
            # have been deleted by now had it come in time.
            if error.status != 422 or "retention policy" not in str(error.body).lower():
                raise
            log.info("Waveforms older than the bucket keeps were left out: %s", error.message)

    def _send(self, bucket: str, events: Sequence[Result]) -> None:
        if not events:
            return
        points = [to_point(event) for event in events]
        try:
            self._writer.write(bucket, record=points)
        except ApiException as error:
            if error.status != 404:
                raise
            self.make_buckets()
            self._writer.write(bucket, record=points)

    def make_buckets(self) -> None:
        """Make what is missing of both: a session without a waveform is read from both as well."""
        buckets = self._client.buckets_api()
        for bucket, keep, shard in (
            (self.bucket, timedelta(0), SHARD),
            (self.waveform_bucket, self._keep, timedelta(0)),
        ):
            rule = BucketRetentionRules(
                type="expire",
                every_seconds=int(keep.total_seconds()),  # 0: for ever
                shard_group_duration_seconds=int(shard.total_seconds()),  # 0: as the server likes
            )
            try:
                if buckets.find_bucket_by_name(bucket) is None:
                    buckets.create_bucket(bucket_name=bucket, retention_rules=[rule])
                    log.info("Made the bucket %s", bucket)
            except InfluxDBError as error:
                raise StoreError(
                    NAME,
                    f"{self._config.org} lacks the bucket {bucket} and cannot be given it ({error.message})",
                    "Make it, and a token for it, as docs/influxdb.md says.",
                ) from error

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except ApiException as error:
            raise StoreError(
                NAME,
                f"{self._config.url} answered {error.status}: {error.message}",
                _ADVICE.get(error.status, "Look into the server's log; the hub tries again by itself."),
                retryable=error.status not in (400, 413, 422),
            ) from error
        except (FluxQueryException, FluxCsvParserException) as error:
            raise StoreError(NAME, str(error), "Look into the server's log.") from error
        except (HTTPError, OSError) as error:
            raise StoreError(
                NAME,
                f"{self._config.url} does not answer ({error})",
                "See that InfluxDB runs and that [store.influxdb] url is right.",
            ) from error
