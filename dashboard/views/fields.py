"""Fields of a form that keep what is entered at once, and say below themselves what is wrong with it.

A field writes into a plain dictionary as soon as it changes, also when the next click leads to another page.
What it shows is taken from there when it is drawn for the first time.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final, Literal

import streamlit as st

Width = int | Literal["stretch"]

#: Stands for None among options.
_NONE: Final = "\N{EMPTY SET}"


class Fields:
    """Fields of one dictionary.

    Parameters
    ----------
    values : dict
        Where the fields write.
    key : str
        Begins the widgets' keys.
    problems : mapping of str to str
        What is wrong, by dotted name of the field.
    where : str
        The dotted name of `values` itself.
    """

    def __init__(
        self, values: dict[str, Any], key: str, problems: Mapping[str, str] | None = None, where: str = ""
    ) -> None:
        self.values = values
        self._key = key
        self._problems = problems or {}
        self._where = where

    def inside(self, name: str) -> "Fields":
        """Fields of a dictionary within this one."""
        return self.of(self.values[name], name, self._dotted(name))

    def of(self, values: dict[str, Any], name: str, where: str) -> "Fields":
        """Fields of another dictionary, with a name for their keys and one for their problems."""
        return Fields(values, self.key(name), self._problems, where)

    def key(self, name: str) -> str:
        """Key of a field's widget."""
        return f"{self._key}.{name}"

    def words(self, name: str, label: str, *, most: int, lines: int = 1, help: str | None = None) -> None:
        """Text; of several lines with room for them."""
        if lines > 1:
            st.text_area(
                label,
                self._text(name),
                max_chars=most,
                height=28 * lines + 24,
                help=help,
                **self._kept(name, str.strip),
            )
        else:
            st.text_input(label, self._text(name), max_chars=most, help=help, **self._kept(name, str.strip))
        self.problem(name)

    def lines(self, name: str, label: str, *, help: str | None = None) -> None:
        """A list of sentences, one in a line."""
        st.text_area(
            label,
            "\n".join(self.values[name]),
            help=help,
            height=100,
            **self._kept(name, lambda text: [line.strip() for line in text.splitlines() if line.strip()]),
        )
        self.problem(name)

    def whole(
        self, name: str, label: str, low: int, high: int, *, width: Width = "stretch", help: str | None = None
    ) -> None:
        """A whole number."""
        kept = self._kept(name, int)
        st.number_input(label, low, high, int(self.values[name]), 1, help=help, width=width, **kept)
        self.problem(name)

    def seconds(self, name: str, label: str, high: float, step: float, *, width: Width = "stretch") -> None:
        """A length of time from nothing on."""
        kept, value = self._kept(name, float), float(self.values[name])
        st.number_input(label, 0.0, high, value, step, format="%g", width=width, **kept)
        self.problem(name)

    def choice(
        self,
        name: str,
        label: str,
        options: Sequence[Any],
        named: Callable[[Any], str] = str,
        *,
        width: Width = "stretch",
        help: str | None = None,
    ) -> None:
        """One of a few, of which one may be None."""

        # a select box shows None as if nobody had chosen yet
        def shown(value: Any) -> Any:
            return _NONE if value is None else value

        st.selectbox(
            label,
            [shown(one) for one in options],
            index=list(options).index(self.values.get(name)),
            format_func=lambda one: named(_from_shown(one)),
            help=help,
            width=width,
            **self._kept(name, _from_shown),
        )
        self.problem(name)

    def several(
        self,
        name: str,
        label: str,
        options: Sequence[str],
        named: Callable[[str], str] = str,
        *,
        most: int | None = None,
        help: str | None = None,
    ) -> None:
        """Some of a few."""
        st.multiselect(
            label,
            options,
            self.values[name],
            format_func=named,
            max_selections=most,
            help=help,
            **self._kept(name, list),
        )
        self.problem(name)

    def pills(self, name: str, label: str, options: Sequence[str], named: Callable[[str], str]) -> None:
        """Some of a few, in the order of the options, all of them in sight."""

        def ordered(chosen: Sequence[str]) -> list[str]:
            return [one for one in options if one in chosen]

        chosen, kept = self.values[name], self._kept(name, ordered)
        st.pills(label, options, default=chosen, format_func=named, selection_mode="multi", **kept)
        self.problem(name)

    def span(self, name: str, label: str, low: int, high: int, step: int, *, help: str | None = None) -> None:
        """From where to where."""
        value, kept = tuple(self.values[name]), self._kept(name, list)
        st.slider(label, low, high, value, step, format="%d %%", help=help, **kept)
        self.problem(name)

    def yes(self, name: str, label: str, *, help: str | None = None) -> None:
        """Yes or no."""
        st.checkbox(label, bool(self.values[name]), help=help, **self._kept(name, bool))
        self.problem(name)

    def day(self, name: str, label: str, first: date | None, *, help: str | None = None) -> None:
        """A date, or none."""
        value, kept = self.values[name], self._kept(name, _same)
        st.date_input(label, value, min_value=first, help=help, **kept)
        self.problem(name)

    def wrong(self, *names: str) -> bool:
        """Whether something is wrong with one of these fields, or within it."""
        begins = tuple(self._dotted(name) for name in names)
        return any(field.startswith(begins) for field in self._problems)

    def problem(self, name: str = "") -> None:
        """Say what is wrong with a field, or with all of them."""
        if reason := self._problems.get(self._dotted(name)):
            st.error(f"{reason}.")

    def _dotted(self, name: str) -> str:
        return ".".join(part for part in (self._where, name) if part)

    def _text(self, name: str) -> str:
        return self.values.get(name) or ""

    def _kept(self, name: str, read: Callable[[Any], Any]) -> dict[str, Any]:
        # what a field shows at first is its own default, never put into the session's state: a browser that
        # misses the run in which that was sent would answer with the least number, as if somebody chose it
        key = self.key(name)
        return {"key": key, "on_change": _keep, "args": (self.values, name, key, read)}


def _from_shown(value: Any) -> Any:
    return None if value == _NONE else value


def _same(value: Any) -> Any:
    return value


def _keep(values: dict[str, Any], name: str, key: str, read: Callable[[Any], Any]) -> None:
    value = st.session_state.get(key)
    values[name] = None if value is None else read(value)
