"""``griphub pictures``: what a family took, shares and takes back, and what came to a therapist."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from .common import ConfigOption, JsonOption, out
from .here import ChildArgument, here

app = typer.Typer(help="Pictures of what was done, and who may see them.", no_args_is_help=True)

PictureArgument = Annotated[
    str, typer.Argument(metavar="PICTURE", help="As `griphub pictures list` shows it.")
]

_SHARED = {"no": "not shared", "on_its_way": "on its way to the therapist", "there": "the therapist sees it"}


@app.command("list")
def list_pictures(child: ChildArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List a child's pictures, and which of them are shared."""
    from ..program.home import child_id_of
    from ..program.pictures import pictures

    with here(config) as home, home.database.reading(home.actor) as work:
        found = pictures(work, home.config, child_id_of(work, home.config, child))
    if as_json:
        out.print_json(json.dumps([asdict(one) for one in found], default=str))
        return
    for one in found:
        out.print(f"{one.picture_id}  {one.taken_on}  {_SHARED[one.shared]}")
    if not found:
        out.print("There are none.")


@app.command("share")
def share(child: ChildArgument, picture: PictureArgument, config: ConfigOption = None) -> None:
    """Let the therapist see a picture; at a clinic elsewhere it arrives by itself."""
    from ..program.home import child_id_of
    from ..program.pictures import share_photo

    with here(config) as home, home.database.work(home.actor) as work:
        share_photo(work, child_id_of(work, home.config, child), picture)
    out.print("Shared. `griphub pictures unshare` takes it back at any time.")


@app.command("unshare")
def unshare(child: ChildArgument, picture: PictureArgument, config: ConfigOption = None) -> None:
    """Take a picture back: it stays here, and the clinic deletes it."""
    from ..program.home import child_id_of
    from ..program.pictures import unshare_photo

    with here(config) as home, home.database.work(home.actor) as work:
        unshare_photo(work, child_id_of(work, home.config, child), picture)
    out.print("Taken back. The clinic deletes it as soon as it hears of it.")


@app.command("save")
def save(
    child: ChildArgument,
    picture: PictureArgument,
    file: Annotated[Path, typer.Argument(dir_okay=False, help="Where to write the JPEG file.")],
    config: ConfigOption = None,
) -> None:
    """Write a picture into a file."""
    from ..errors import SetupError
    from ..program.home import child_id_of
    from ..program.pictures import picture as picture_of

    with here(config) as home, home.database.reading(home.actor) as work:
        data = picture_of(work, home.config, child_id_of(work, home.config, child), picture)
    try:
        file.write_bytes(data)
    except OSError as error:
        raise SetupError(f"{file} cannot be written ({error.strerror})", "Choose another place.") from None
    out.print(f"{file}: {len(data)} bytes.")
