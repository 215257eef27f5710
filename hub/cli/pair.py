"""``griphub pair``: a tool becomes the home's, as a parent does it."""

import json
from typing import Annotated, Any

import typer
from rich.markup import escape

from .. import config as configuration
from ..config import ChildConfig, Config
from ..errors import ConfigError
from ..people.home import with_children
from ..records.vocabulary import Hand
from .common import ConfigOption, Exit, JsonOption, out, run_until_stopped, set_up_logging

#: Problems that have to be mended on this machine.
_SETUP = ("adapter_missing", "adapter_off", "no_permission")


def pair(
    config: ConfigOption = None,
    tool: Annotated[str | None, typer.Option(help="Name of the tool; otherwise choose from a list.")] = None,
    child: Annotated[str | None, typer.Option(help="Id or name of the child who uses it.")] = None,
    hand: Annotated[Hand | None, typer.Option(help="The hand that holds it.")] = None,
    passkey: Annotated[
        int | None, typer.Option(min=0, max=999_999, help="The six digits on the tool, if it has any.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Answer every question with yes.")] = False,
    as_json: JsonOption = False,
    radio: Annotated[
        str | None, typer.Option(help="Radio to use instead of the configured one, where no hub runs.")
    ] = None,
) -> None:
    """Take a tool into the home: find it, see it blink, check it, and say who uses it."""
    from ..control.answers import ControlError
    from .ask import Asker
    from .guide import Guide
    from .own_radio import hub_or_own_radio

    set_up_logging()
    settings = with_children(configuration.load(config))
    if radio is not None:
        settings = settings.model_copy(update={"radio": radio})
    asked = not (yes or as_json)
    if not asked and (tool is None or hand is None or (child is None and len(settings.children) > 1)):
        raise typer.BadParameter("--tool, --child and --hand are needed where nobody is asked")
    asker = Asker() if asked else None
    guide = Guide(settings, tool, _child(settings, child), hand, passkey, as_json, asker)

    async def run() -> dict[str, Any] | None:
        async with hub_or_own_radio(settings) as client:
            return await guide.run(client)

    try:
        done = run_until_stopped(run())
    except ControlError as error:
        if as_json:
            out.print_json(json.dumps({"problem": error.problem or error.kind, "message": str(error)}))
        else:
            out.print(escape(str(error)), soft_wrap=True)
        raise typer.Exit(Exit.SETUP if error.problem in _SETUP else Exit.FAILED) from None
    if done is None:
        raise typer.Exit(Exit.FAILED)
    if as_json:
        out.print_json(json.dumps(done))


def _child(config: Config, name: str | None) -> ChildConfig | None:
    if not config.children:
        raise ConfigError("children", "names nobody yet; add a child with `griphub child add`")
    if name is None:
        return config.children[0] if len(config.children) == 1 else None
    for child in config.children:
        if name.casefold() in (child.id, child.alias.casefold()):
            return child
    known = ", ".join(child.alias for child in config.children)
    raise typer.BadParameter(f"there is no child {name}; choose from {known}", param_hint="--child")
