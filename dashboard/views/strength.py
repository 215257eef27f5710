"""A child's strength tests: what each series shows, and every test with its trials."""

from collections.abc import Sequence

import streamlit as st

from ...hub.records import Source, StrengthTested
from ...hub.trends import Finding, Verdict
from .. import words
from . import layout


def show_tests(tests: Sequence[StrengthTested], findings: Sequence[Finding]) -> None:
    """Draw the tests of the last year, latest first."""
    st.subheader("Strength tests", anchor=False)
    st.markdown("\n".join(f"- {_sentence(finding)}" for finding in findings) or "No test has a score yet.")
    st.caption(
        "Tests compare only with the same protocol, hand, tool, firmware, calibration and handle. "
        "Nothing here says how hard a child tried."
    )
    rows = [_row(test) for test in tests]
    st.dataframe(
        rows,
        hide_index=True,
        column_config={
            "When": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm", timezone=str(layout.zone())),
            "CV": st.column_config.NumberColumn(format="%.1f %%", help="Spread of the trials that count."),
        },
    )


def _sentence(finding: Finding) -> str:
    key = finding.key
    _, at, value = finding.results[-1]
    text = f"**{words.hand(key.side)}**, {key.measure} ({key.tool}{', simulated' if key.simulated else ''}): "
    text += f"latest {words.value(value, key.unit)} on {words.day(at, layout.zone())}."
    if finding.broke:
        text += f" A new series: {words.listed(finding.broke)} changed."
    basis = f" {finding.error}" if finding.trend.verdict is not Verdict.TOO_FEW else ""
    return f"{text} **{finding.statement}**{basis}"


def _row(test: StrengthTested) -> dict[str, object]:
    outcome = test.outcome
    trials = [
        f"{words.value(trial.peak, test.unit)}{' (practice)' if trial.practice else ''}"
        f"{f' ({words.reasons(trial.faults)})' if trial.faults else ''}"
        for trial in test.trials
    ]
    return {
        "When": test.measured_at,
        "Hand": words.hand(test.hand),
        "Protocol": test.protocol,
        "Tool": test.tool_id + (" (simulated)" if test.source is Source.SIMULATED else ""),
        "Score": words.value(outcome.score, test.unit),
        "CV": outcome.cv_percent,
        "Trials": "; ".join(trials),
        "Why no score": outcome.because,
        "Pain before, after": words.pain(test.pain_before, test.pain_after),
    }
