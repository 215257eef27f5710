"""People of a site, as those see them who look after them: families, accounts, caseloads."""

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from ...hub.database.actor import Role
from ...hub.database.work import Work
from ...hub.people import caseload, places
from ...hub.people.household import is_household
from ...hub.people.model import Account, Child, Family, Site


@dataclass(frozen=True, slots=True)
class Held:
    """A role that an account has."""

    membership_id: str
    role: Role
    site: str
    family: str | None


@dataclass(frozen=True, slots=True)
class Person:
    """An account.

    Attributes
    ----------
    household : bool
        It is opened with the home's access key, not with a password.
    children : tuple of str
        Ids of the children on its caseload.
    """

    id: str
    name: str
    login: str
    closed: bool
    household: bool
    roles: tuple[Held, ...]
    children: tuple[str, ...]

    @property
    def treats(self) -> bool:
        """Whether it is a therapist's."""
        return any(held.role is Role.THERAPIST for held in self.roles)


@dataclass(frozen=True, slots=True)
class People:
    """Everybody whom an admin looks after."""

    sites: tuple[Site, ...]
    families: tuple[Family, ...]
    children: tuple[Child, ...]
    accounts: tuple[Person, ...]

    def of_family(self, family_id: str) -> list[Child]:
        """Children of a family, by name."""
        return [child for child in self.children if child.family_id == family_id]

    def child(self, child_id: str) -> Child | None:
        """One child."""
        return next((child for child in self.children if child.id == child_id), None)


def people(work: Work) -> People:
    """Everybody whom the actor looks after, in a handful of statements however many they are."""
    sites, families, children = places.sites(work), places.families(work), places.children(work)
    names = {site.id: site.name for site in sites}
    family_names = {family.id: family.name for family in families}
    treated: dict[str, list[str]] = defaultdict(list)
    for entry in caseload.caseload(work):
        treated[entry.account_id].append(entry.child_id)
    accounts = work.scalars(
        select(Account).options(selectinload(Account.memberships)).order_by(Account.name, Account.id)
    ).all()
    return People(
        tuple(sites),
        tuple(families),
        tuple(children),
        tuple(
            Person(
                account.id,
                account.name,
                account.login,
                account.disabled_at is not None,
                is_household(account),
                tuple(
                    Held(
                        member.id,
                        member.role,
                        names.get(member.site_id, member.site_id),
                        family_names.get(member.family_id, "") if member.family_id else None,
                    )
                    for member in account.memberships
                    if member.until is None and member.site_id in names
                ),
                tuple(treated[account.id]),
            )
            for account in accounts
        ),
    )
