"""The log of changes in words: what was changed, by whom, from what to what."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any, Final

from sqlalchemy import Date

from ..hub.database.actor import Role
from ..hub.database.audit import HIDDEN, Did
from ..hub.database.base import UtcDateTime
from ..hub.database.tables import metadata
from ..hub.people.credentials import Purpose
from ..hub.people.log import Change
from ..hub.people.model import Child
from . import words
from .i18n import N_, _

_DID: Final = {Did.INSERT: N_("added"), Did.UPDATE: N_("changed"), Did.DELETE: N_("deleted")}

ROLE: Final = {
    Role.PARENT: N_("Parent"),
    Role.THERAPIST: N_("Therapist"),
    Role.ADMIN: N_("Admin"),
    Role.MACHINE: N_("Computer"),
}

#: What a row of a table is; every table has its word.
THINGS: Final[Mapping[str, str]] = {
    "accounts": N_("Account"),
    "annotations": N_("Note on the chart"),
    "audit": N_("Log"),
    "caseload": N_("Child of a caseload"),
    "children": N_("Child"),
    "consent_texts": N_("Text of the consent"),
    "consent_texts_out": N_("Text of the consent on its way to a home"),
    "consents": N_("Consent"),
    "consents_elsewhere": N_("Consent told by the other end"),
    "credentials": N_("Password"),
    "days_heard": N_("Days told by a home"),
    "families": N_("Family"),
    "family_notes": N_("Message"),
    "family_slots": N_("Time of a family's day"),
    "identities": N_("Sign-in through the clinic"),
    "letters_out": N_("Post to a home"),
    "letters_seen": N_("Post from the clinic"),
    "memberships": N_("Role"),
    "messages_read": N_("Message that was read"),
    "one_time_tokens": N_("Link for a password"),
    "own_activities": N_("The clinic's own activity"),
    "parent_training": N_("What parents learned"),
    "photo_parts": N_("Piece of a picture"),
    "photos": N_("Picture"),
    "program_drafts": N_("Draft of a program"),
    "program_pauses": N_("Pause"),
    "program_versions": N_("Version of a program"),
    "settings": N_("Settings"),
    "sign_ins": N_("Sign-in"),
    "sites": N_("Site"),
    "statements_posted": N_("Correction on its way to a home"),
    "suggestions_declined": N_("Suggestion that was declined"),
    "throttles": N_("Wrong passwords"),
    "visits": N_("Visit"),
}

#: What a column holds. Those of clinical tables are no admin's; those of `SAID_ELSEWHERE` are left out.
VALUES: Final[Mapping[str, str]] = {
    "account_id": N_("account"),
    "activity_id": N_("activity"),
    "at": N_("time"),
    "birth_month": N_("month of birth"),
    "blocked_until": N_("no try until"),
    "calm": N_("calm pages"),
    "child_id": N_("child"),
    "decided_at": N_("decided"),
    "disabled_at": N_("closed"),
    "document": N_("content"),
    "dominant_hand": N_("hand for writing"),
    "ended_at": N_("ended"),
    "expires_at": N_("valid until"),
    "failed_at": N_("last try"),
    "failures": N_("tries"),
    "family_id": N_("family"),
    "first_hand": N_("hand that stands first"),
    "force_unit": N_("unit of force"),
    "given": N_("agreed"),
    "given_by": N_("given by"),
    "given_on": N_("given on"),
    "goal": N_("squeezes in a session"),
    "hash": N_("password"),
    "heard_at": N_("heard"),
    "hub": N_("hub"),
    "issuer": N_("identity provider"),
    "language": N_("language"),
    "left_at": N_("no longer here since"),
    "linked_at": N_("linked"),
    "login": N_("name to sign in with"),
    "name": N_("name"),
    "published_at": N_("published"),
    "purpose": N_("for"),
    "role": N_("role"),
    "seen_at": N_("seen"),
    "serial": N_("number"),
    "sent_at": N_("sent"),
    "sent_to": N_("sent to"),
    "sex": N_("sex"),
    "since": N_("since"),
    "site_id": N_("site"),
    "slot": N_("part of the day"),
    "subject": N_("name at the provider"),
    "taken_at": N_("came there"),
    "text": N_("text"),
    "until": N_("until"),
    "used_at": N_("used"),
    "version": N_("version"),
    "withdrawn_at": N_("taken back"),
    "withdrawn_by": N_("taken back by"),
    "withdrawn_on": N_("taken back on"),
}

#: Keys, and what the entry itself says: when and by whom.
SAID_ELSEWHERE: Final = frozenset({"id", "digest", "created_at", "recorded_at", "changed_at", "by"})

_PURPOSE: Final = {Purpose.INVITATION: N_("an invitation"), Purpose.RESET: N_("a new password")}
#: More of a text would hide the rest of its line.
_LONGEST: Final = 60


@dataclass(frozen=True, slots=True)
class Names:
    """What the viewer calls children, accounts, families and sites, by id; and the viewer's time zone."""

    children: Mapping[str, str]
    accounts: Mapping[str, str]
    families: Mapping[str, str]
    sites: Mapping[str, str]
    zone: tzinfo

    def of(self, column: str, key: str) -> str:
        """What a key in a column is called, or the key."""
        known = {
            "account_id": self.accounts,
            "child_id": self.children,
            "family_id": self.families,
            "site_id": self.sites,
        }
        return known.get(column, {}).get(key, key)


def line(one: Change, names: Names) -> dict[str, str]:
    """One entry, by headings."""
    child = one.row if one.table == Child.__tablename__ else one.child_id
    return {
        _("When"): words.day_time(one.at, names.zone),
        _("Who"): _actor(one.actor, names),
        _("As"): _(ROLE[one.role]),
        _("What"): f"{_(THINGS.get(one.table, one.table))}: {_(_DID[one.did])}",
        _("Child"): names.of("child_id", child) if child else "–",
        _("From what to what"): _values(one, names) or "–",
        _("By command"): one.command or "–",
    }


def _actor(name: str, names: Names) -> str:
    kind, _colon, rest = name.partition(":")
    if kind == "owner":
        return _("{name} at this computer").format(name=rest)
    return _("GripHub itself") if kind == "griphub" else names.accounts.get(name, name)


def _values(one: Change, names: Names) -> str:
    before, after = one.before or {}, one.after or {}
    told = []
    for column in [*after, *(name for name in before if name not in after)]:
        if column in SAID_ELSEWHERE or (column == "child_id" and one.child_id):
            continue
        was, now = (_value(one.table, column, values.get(column), names) for values in (before, after))
        what = _(VALUES[column]) if column in VALUES else column.replace("_", " ")
        if one.did is Did.UPDATE and HIDDEN in (before.get(column), after.get(column)):
            told.append(_("{what}: changed, not kept here").format(what=what))
        elif one.did is Did.UPDATE:
            told.append(f"{what}: {was} → {now}")
        else:
            told.append(f"{what}: {now if one.did is Did.INSERT else was}")
    return " · ".join(told)


def _value(table: str, column: str, value: Any, names: Names) -> str:
    """A value of the log, which keeps it as JSON does."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, dict):
        return str(value.get("title") or "…")
    if value == HIDDEN:
        return _("not kept here")
    return _moment(table, column, str(value), names.zone) or _named(column, str(value), names)


def _moment(table: str, column: str, text: str, zone: tzinfo) -> str:
    """A date or time as the viewer reads it; empty if it is none."""
    kept = metadata.tables[table].columns.get(column)
    kind = None if kept is None else kept.type
    if isinstance(kind, UtcDateTime):
        return words.day_time(datetime.fromisoformat(text), zone)
    return words.date_of(date.fromisoformat(text)) if isinstance(kind, Date) else ""


def _named(column: str, text: str, names: Names) -> str:
    """A word or a key as people call it."""
    if column == "role":
        return _(ROLE[Role(text)])
    if column == "purpose":
        return _(_PURPOSE[Purpose(text)])
    if column in {"dominant_hand", "first_hand"}:
        return words.hand(text)
    named = names.of(column, text)
    return named if len(named) <= _LONGEST else f"{named[:_LONGEST]} …"
