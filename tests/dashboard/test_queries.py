"""What the pages ask, against a real store."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from griphub.dashboard.queries import sessions as queries
from griphub.firmware_bridge.samples import ToolKind, Unit
from griphub.hub.records.vocabulary import Hand, Source
from griphub.hub.stores import open_store

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def store(config):
    opened = []

    def open_it():
        opened.append(open_store(config, read_only=True))
        return opened[-1]

    yield open_it
    for each in opened:
        each.close()


def test_series_are_never_joined_across_hands_tools_units_or_sources(config, fill, store, session_events):
    day = timedelta(days=1)
    variants = [
        {},
        {"hand": Hand.RIGHT},
        {"tool": "ball-09"},
        {"unit": Unit.KILOPASCAL},
        {"source": Source.REAL},
        {"kind": ToolKind.PUTTY, "tool": "putty-01"},
    ]
    for i, variant in enumerate(variants):
        for n in range(2):
            fill(session_events(f"{i}:{n}", NOW - (2 * i + n + 1) * day, **variant))
    panels = queries.trend(store(), "c-ada", NOW)
    assert [(p.source, p.tool_kind, p.unit, len(p.series)) for p in panels] == [
        (Source.REAL, ToolKind.BALL, Unit.NEWTON, 1),
        (Source.SIMULATED, ToolKind.BALL, Unit.NEWTON, 3),
        (Source.SIMULATED, ToolKind.BALL, Unit.KILOPASCAL, 1),
        (Source.SIMULATED, ToolKind.PUTTY, Unit.NEWTON, 1),
    ]
    for panel in panels:
        for series in panel.series:
            assert len(series.points) == 2
            assert series.points[0].started_at < series.points[1].started_at
            assert {(p.hand, p.tool_id, p.unit, p.source) for p in series.points} == {
                (series.hand, series.tool_id, panel.unit, panel.source)
            }


def test_the_period_is_eight_weeks(fill, store, session_events):
    fill(session_events("old", NOW - timedelta(weeks=8, minutes=1)))
    fill(session_events("in", NOW - timedelta(weeks=8) + timedelta(minutes=1)))
    (panel,) = queries.trend(store(), "c-ada", NOW)
    assert len(panel.series[0].points) == 1


def test_a_gap_stays_a_gap(fill, store, session_events):
    events = session_events("gap", NOW, peaks=(30.0,) * 15, gap_s=(11.2, 12.1))
    fill(events)
    detail = store().session(events[0].session_id)
    shown = queries.waveform(detail, 0.0, 31.0)
    assert shown.gaps == (pytest.approx((11.19, 12.10)),)
    (hole,) = np.flatnonzero(np.isnan(shown.values))
    assert shown.t_s[hole - 1] < 11.2 < shown.t_s[hole] < 12.1 <= shown.t_s[hole + 1] + 1e-9
    assert queries.lost_share(detail.point) == pytest.approx(90 / 3100)

    part = queries.waveform(detail, 13.0, 20.0)
    assert part.gaps == () and part.t_s[0] >= 13.0 and part.t_s[-1] <= 20.0


samples = st.lists(
    st.one_of(st.floats(-1e3, 1e3, width=32), st.just(float("nan"))), min_size=0, max_size=400
).map(np.array)


@given(values=samples, columns=st.integers(1, 60))
def test_thinning_keeps_measured_samples_in_order_with_the_extremes(values, columns):
    values = values.astype(float)
    t_s = np.arange(values.size) * 0.01
    kept_t, kept = queries.thin(t_s, values, columns)
    assert kept_t.size == kept.size <= max(2 * columns, 0) or kept.size == values.size
    assert (np.diff(kept_t) > 0).all()
    at = np.searchsorted(t_s, kept_t)
    np.testing.assert_array_equal(values[at], kept)
    if values.size and not np.isnan(values).all():
        assert np.nanmax(kept) == np.nanmax(values)
        assert np.nanmin(kept) == np.nanmin(values)


def test_a_one_sample_spike_in_twenty_minutes_still_shows():
    t_s = np.arange(120_000) / 100
    values = np.zeros(t_s.size)
    values[77_777] = 50.0
    kept_t, kept = queries.thin(t_s, values, queries.COLUMNS)
    assert kept.max() == 50.0 and kept_t[kept.argmax()] == t_s[77_777]
    assert kept.size <= 2 * queries.COLUMNS


@pytest.mark.parametrize("jitter_s", [0.0, 0.003])
def test_jitter_is_no_gap_and_one_lost_packet_is(jitter_s):
    t_s = np.arange(200) * 0.01 + np.random.default_rng(1).uniform(0, jitter_s, 200)
    assert queries.find_gaps(t_s) == ()
    without = np.delete(t_s, slice(100, 105))
    assert queries.find_gaps(without) == ((float(t_s[99]), float(t_s[105])),)
