"""Every page: its address, its name, and whose it is. The router shows nobody any other."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ..hub.database.actor import Role
from .i18n import N_
from .views import (
    audit,
    caseload,
    child,
    consent,
    delivery,
    exercise,
    how,
    messages,
    our_progress,
    pair,
    people,
    program,
    report,
    session,
    settings,
    simulators,
    today,
    tools,
)

PARENT, THERAPIST, ADMIN = Role.PARENT, Role.THERAPIST, Role.ADMIN


@dataclass(frozen=True, slots=True)
class Page:
    """One page.

    Attributes
    ----------
    path : str
        Last part of its address.
    title : str
        In English; shown in the viewer's language.
    icon : str
        One sign, drawn by the system's own font.
    roles : tuple of Role
        Who may open it.
    draw : callable
        The view.
    tabs : tuple of Role or None
        In whose bar it stands, None: of all these roles; the others reach it from a page.
    """

    path: str
    title: str
    icon: str
    roles: tuple[Role, ...]
    draw: Callable[[], None]
    tabs: tuple[Role, ...] | None = None

    def tab(self, role: Role) -> bool:
        """Whether it stands in the bar of a role."""
        return role in (self.roles if self.tabs is None else self.tabs)


#: In the order of the bar; the first of a role is where it starts.
PAGES: Final = (
    Page("today", N_("Today"), "☀️", (PARENT,), today.page),
    Page("exercise", N_("Exercise"), "✊", (PARENT,), exercise.page),
    Page("how", N_("How it went"), "💬", (PARENT,), how.page, tabs=()),
    Page("caseload", N_("Caseload"), "📋", (THERAPIST,), caseload.page),
    Page("child", N_("Child"), "🧒", (THERAPIST,), child.page),
    Page("progress", N_("Progress"), "📈", (PARENT,), our_progress.page),
    Page("session", N_("Session"), "〰️", (THERAPIST, PARENT), session.page, tabs=(THERAPIST,)),
    Page("program", N_("Program"), "📝", (THERAPIST,), program.page),
    Page("report", N_("Report"), "📄", (THERAPIST, PARENT), report.page, tabs=(THERAPIST,)),
    Page("messages", N_("Messages"), "✉️", (PARENT, THERAPIST), messages.page, tabs=(PARENT,)),
    Page("pair", N_("Pair a tool"), "🔗", (PARENT, ADMIN), pair.page, tabs=()),
    Page("tools", N_("Tools"), "🔧", (ADMIN, PARENT), tools.page, tabs=(ADMIN,)),
    Page("people", N_("People"), "👥", (ADMIN,), people.page),
    Page("consent", N_("Consent"), "🤝", (ADMIN,), consent.page),
    Page("sharing", N_("Sharing with the clinic"), "🤝", (PARENT, THERAPIST), consent.page, tabs=()),
    Page("audit", N_("Log"), "📜", (ADMIN,), audit.page),
    Page("delivery", N_("Delivery"), "📬", (ADMIN,), delivery.page),
    Page("simulators", N_("Simulators"), "🧪", (ADMIN,), simulators.page, tabs=()),
    Page("settings", N_("Settings"), "⚙️", (PARENT, THERAPIST, ADMIN), settings.page, tabs=()),
)


def of(role: Role) -> list[Page]:
    """Pages of a role."""
    return [page for page in PAGES if role in page.roles]
