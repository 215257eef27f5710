"""``griphub people``: sites, families, accounts, caseloads, consent, and the log of every change."""

from typing import Annotated, Any

import typer

from ..database.actor import Role
from . import children, consent, join
from .common import ConfigOption, JsonOption
from .here import ChildArgument
from .people_common import changing, columns, done, reading, show

app = typer.Typer(help="Who belongs here, in which role, and who agreed to what.", no_args_is_help=True)
site = typer.Typer(help="Clinics, and homes that stand alone.", no_args_is_help=True)
family = typer.Typer(help="Families, each with its hub.", no_args_is_help=True)
account = typer.Typer(help="Who can sign in, and in which role.", no_args_is_help=True)
caseload = typer.Typer(help="Which therapist looks after which child.", no_args_is_help=True)
for _name, _app in {
    "site": site,
    "family": family,
    "child": children.app,
    "account": account,
    "caseload": caseload,
    "consent": consent.app,
}.items():
    app.add_typer(_app, name=_name)
app.command("audit")(consent.audit)

NameOption = Annotated[str, typer.Option(help="What people call it.")]
SiteOption = Annotated[str, typer.Option("--site", help="Id of the site.")]
AccountArgument = Annotated[str, typer.Argument(metavar="ACCOUNT", help="Id of the account.")]
RoleOption = Annotated[Role, typer.Option(help="parent, therapist or admin.")]
FamilyOption = Annotated[str | None, typer.Option("--family", help="Id of the family, of a parent.")]

_FAMILY = ("id", "name", "site_id", "hub")
_ENTRY = ("account_id", "child_id", "since", "until")


@site.command("add")
def add_site(
    site_id: Annotated[str, typer.Argument(metavar="SITE", help="Id, as its hubs say it in their topics.")],
    name: NameOption,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a site."""
    from ..people import places

    with changing(config) as (_, work):
        made = places.add_site(work, site_id=site_id, name=name)
        row = columns(made, ("id", "name"))
    done(row, as_json, f"The site {made.id} is here now.")


@site.command("list")
def list_sites(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the sites."""
    from ..people import places

    with reading(config) as work:
        rows = [columns(one, ("id", "name")) for one in places.sites(work)]
    show(rows, as_json, "There are no sites yet. `griphub people site add` adds one.")


@family.command("add")
def add_family(
    name: NameOption,
    site_id: SiteOption,
    hub: Annotated[str | None, typer.Option(help="What its hub calls itself in its topics.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a family, under a random id."""
    from ..people import places

    with changing(config) as (_, work):
        made = places.add_family(work, site_id=site_id, name=name, hub=hub)
        row = columns(made, _FAMILY)
    done(row, as_json, f"{made.name} is here now, as {made.id}.")


@family.command("list")
def list_families(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the families."""
    from ..people import places

    with reading(config) as work:
        rows = [columns(one, _FAMILY) for one in places.families(work)]
    show(rows, as_json, "There are no families yet. `griphub people family add` adds one.")


family.command("invite")(join.invite)


@account.command("invite")
def invite(
    login: Annotated[str, typer.Argument(help="What they sign in with, such as an email address.")],
    name: NameOption,
    role: RoleOption,
    site_id: SiteOption,
    family_id: FamilyOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make an account and a token with which its owner sets a password. The token is shown once."""
    from ..people import accounts

    with changing(config) as (_, work):
        made = accounts.invite(work, login=login, name=name, role=role, site_id=site_id, family_id=family_id)
        row = _token(made)
    done(row, as_json, _told(made))


@account.command("reset-password")
def reset_password(
    account_id: AccountArgument, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Make a token with which the owner sets a new password. The token is shown once."""
    from ..people import accounts

    with changing(config) as (_, work):
        made = accounts.reset_password(work, account_id)
        row = _token(made)
    done(row, as_json, _told(made))


@account.command("grant")
def grant(
    account_id: AccountArgument,
    role: RoleOption,
    site_id: SiteOption,
    family_id: FamilyOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give an account one more role."""
    from ..people import accounts

    with changing(config) as (_, work):
        given = accounts.grant(work, account_id, role=role, site_id=site_id, family_id=family_id)
        work.flush()
        row = columns(given, ("id", "account_id", "role", "site_id", "family_id"))
    done(row, as_json, f"{account_id} is {role} now; the role is called {given.id}.")


@account.command("revoke")
def revoke(
    membership: Annotated[str, typer.Argument(help="Id of the role, as `account list` shows it.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a role away, at once."""
    from ..people import accounts

    with changing(config) as (_, work):
        taken = accounts.revoke(work, membership)
        row = columns(taken, ("id", "account_id", "role", "until"))
    done(row, as_json, f"{taken.account_id} is {taken.role} there no more.")


@account.command("disable")
def disable(account_id: AccountArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Close an account; it is signed out everywhere."""
    from ..people import accounts

    with changing(config) as (_, work):
        closed = accounts.disable(work, account_id)
        row = columns(closed, ("id", "login", "disabled_at"))
    done(row, as_json, f"{closed.login} is closed.")


@account.command("enable")
def enable(account_id: AccountArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Open a closed account again."""
    from ..people import accounts

    with changing(config) as (_, work):
        opened = accounts.enable(work, account_id)
        row = columns(opened, ("id", "login", "disabled_at"))
    done(row, as_json, f"{opened.login} is open.")


@account.command("list")
def list_accounts(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the accounts with their roles."""
    from ..people import accounts

    with reading(config) as work:
        rows = []
        for one in accounts.accounts(work):
            row = columns(one, ("id", "login", "name", "disabled_at"))
            held = [m for m in one.memberships if m.until is None]
            row["roles"] = (
                [columns(m, ("id", "role", "site_id", "family_id")) for m in held]
                if as_json
                else ", ".join(f"{m.role} of {m.family_id or m.site_id} ({m.id})" for m in held)
            )
            rows.append(row)
    show(rows, as_json, "There are no accounts yet. `griphub people account invite` makes one.")


@caseload.command("assign")
def assign(
    account_id: AccountArgument, name: ChildArgument, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Put a child on a therapist's caseload."""
    from ..people import caseload as commands
    from ..program.home import child_id_of

    with changing(config) as (settings, work):
        made = commands.assign(work, account_id=account_id, child_id=child_id_of(work, settings, name))
        row = columns(made, _ENTRY)
    done(row, as_json, f"{account_id} looks after {made.child_id} now.")


@caseload.command("unassign")
def unassign(
    account_id: AccountArgument, name: ChildArgument, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Take a child off a therapist's caseload, at once."""
    from ..people import caseload as commands
    from ..program.home import child_id_of

    with changing(config) as (settings, work):
        ended = commands.unassign(work, account_id=account_id, child_id=child_id_of(work, settings, name))
        row = columns(ended, _ENTRY)
    done(row, as_json, f"{account_id} does not look after {ended.child_id} any more.")


@caseload.command("list")
def list_caseload(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List who looks after whom."""
    from ..people import caseload as commands

    with reading(config) as work:
        rows = [columns(one, _ENTRY) for one in commands.caseload(work)]
    show(rows, as_json, "Nobody looks after anybody yet.")


def _token(made: Any) -> dict[str, Any]:
    return {
        **columns(made.account, ("id", "login", "name")),
        "token": made.token,
        "expires_at": made.expires_at.isoformat(timespec="seconds"),
    }


def _told(made: Any) -> str:
    return (
        f"{made.account.login} ({made.account.id}) sets a password with this token until "
        f"{made.expires_at:%Y-%m-%d %H:%M} UTC. It is shown only now:\n{made.token}"
    )
