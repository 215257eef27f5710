"""``griphub join`` at a home, and the invitation that a clinic makes for it."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from .. import config as configuration
from ..errors import BackupError, SetupError
from .common import ConfigOption, err, out, set_up_logging
from .people_common import changing


def join(
    invitation: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="The file that the clinic gave you.")
    ],
    config: ConfigOption = None,
) -> None:
    """Join a clinic: from then on results go there as well, for as long as you agree."""
    from ..invitation import read_invitation
    from ..join import accept, pending
    from ..lock import only_hub
    from .rig import bring_up_to_date

    set_up_logging()
    found = read_invitation(invitation.read_bytes())
    with changing(config) as (settings, work):
        accept(work, settings, found)
    try:
        with only_hub(settings.data_dir):
            bring_up_to_date(settings)
    except SetupError:
        if not pending(settings):
            raise
        out.print(f"{escape(found.clinic)} is joined as soon as `griphub up` has started anew, in a moment.")
        return
    joined = configuration.load(config)
    out.print(f"This home has joined {escape(found.clinic)}, as {joined.site}, {joined.hub}.", soft_wrap=True)
    if found.consent:
        out.print("Nothing is sent before you agree: on the dashboard, *Sharing with the clinic*.")


def invite(
    family: Annotated[str, typer.Argument(metavar="FAMILY", help="Id of the family.")],
    to: Annotated[Path, typer.Option("--to", "-o", help="File to write.", dir_okay=False)],
    url: Annotated[
        str,
        typer.Option(help="Where homes reach the clinic's broker, such as mqtts://mqtt.example.org:8883."),
    ],
    ca: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Who signed its certificate, if not known to all."),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Make the file with which a family's home joins. An earlier one is not valid any more."""
    from ..delivery import broker
    from ..delivery.homes import user_of
    from ..invitation import hub_of
    from ..invitation import invite as make
    from ..private_file import write_private

    with changing(config) as (settings, work):
        site, hub = hub_of(work, family)
        user = user_of(site, hub)
        if settings.broker.host is None:
            password = broker.add_home(settings, site, hub).password or ""
        else:
            password = typer.prompt(f"Password of {user} at the broker", hide_input=True)
        made = make(work, settings, family, url=url, user=user, password=password, ca=ca)
    try:
        write_private(to, made.text())
    except OSError as error:
        raise BackupError(f"{to} cannot be written: {error.strerror}", "Choose another place.") from error
    err.print(
        f"{escape(str(to))} holds a password: hand it over in person, and delete it here.", soft_wrap=True
    )
