"""``griphub broker``: run the MQTT broker, and say which homes may log in to it."""

import json
from typing import Annotated

import typer

from .. import config as configuration
from ..supervisor import exec_with_supervisor
from .common import ConfigOption, Exit, JsonOption, err, out

app = typer.Typer(help="Run the MQTT broker of a home or a clinic, and say which homes may log in.")

SiteArgument = Annotated[str, typer.Argument(metavar="SITE", help="`site` of that home's configuration.")]
HubArgument = Annotated[str, typer.Argument(metavar="HUB", help="`hub` of that home's configuration.")]


@app.callback(invoke_without_command=True)
def broker(context: typer.Context, config: ConfigOption = None) -> None:
    """Run the MQTT broker in place of this process."""
    if context.invoked_subcommand:
        return
    from ..delivery import broker as nats

    exec_with_supervisor(nats.command(configuration.load(config)))


@app.command("add-home")
def add_home(
    site: SiteArgument, hub: HubArgument, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Let a home log in, and print what goes into its configuration; again, to give it a new password."""
    from ..delivery import broker as nats

    settings = configuration.load(config)
    login = nats.add_home(settings, _id(site, "SITE"), _id(hub, "HUB"))
    if as_json:
        out.print_json(json.dumps({"site": site, "hub": hub, "user": login.user, "password": login.password}))
        return
    scheme = "mqtts" if settings.broker.certificate else "mqtt"
    text = (
        f'site = "{site}"\nhub = "{hub}"\n\n[clinic]\n'
        f'url = "{scheme}://BROKER:{settings.broker.port}"  # the name in the broker\'s certificate\n'
        f'user = "{login.user}"\npassword = "{login.password}"'
    )
    err.print("For the griphub.toml of that home; the password is shown this once:\n")
    out.print(text, markup=False, soft_wrap=True)


@app.command("remove-home")
def remove_home(site: SiteArgument, hub: HubArgument, config: ConfigOption = None) -> None:
    """Let a home log in no more, and end its connection."""
    from ..delivery import broker as nats

    if not nats.remove_home(configuration.load(config), site, hub):
        err.print(f"No home {site} with a hub {hub} may log in here; `griphub broker homes` lists them.")
        raise typer.Exit(Exit.FAILED)


@app.command("homes")
def list_homes(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the homes that may log in."""
    from ..delivery import homes

    known = sorted(homes.load(configuration.load(config).data_dir / "broker"))
    if as_json:
        out.print_json(json.dumps([{"site": site, "hub": hub} for site, hub in known]))
        return
    for site, hub in known:
        out.print(f"{site}  {hub}")
    if not known:
        out.print("None yet. Add one with `griphub broker add-home SITE HUB`.")


def _id(text: str, what: str) -> str:
    from pydantic import TypeAdapter, ValidationError

    from ..records.ids import Id

    try:
        return TypeAdapter(Id).validate_python(text)
    except ValidationError:
        raise typer.BadParameter("only a-z, 0-9, - and _ are allowed", param_hint=what) from None
