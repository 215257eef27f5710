"""A clinic's invitation to a home: one file, handed over in person, with all that the home needs to join.

It holds a password and the first names that the clinic knows the children by, so that a parent recognises
them. It is never sent over the broker, and made anew it ends the one before.
"""

from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import select

from .config import ClinicConfig, Config
from .database.actor import Role
from .database.commands import command
from .database.work import Work
from .errors import FieldError, SetupError
from .people.model import ConsentText, Family, Site
from .program.keys import shown, signing_key
from .records.ids import Id

#: With a certificate and a text of consent it has some kilobytes.
MAX_BYTES: Final = 100_000


class Agreement(BaseModel):
    """What parents are asked to agree to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Id
    text: str = Field(min_length=1)
    language: str | None = None


class Invitation(BaseModel):
    """What a home is given.

    Attributes
    ----------
    clinic : str
        What the clinic calls itself.
    site, hub : Id
        What the home is called in the clinic's topics.
    url, user, password : str
        The clinic's broker.
    ca : str or None
        Who signed the broker's certificate, PEM; None: whom this system trusts.
    key : str
        With which the clinic signs programs.
    children : dict of Id to str
        Whom the clinic expects to train there, and what it calls them.
    consent : Agreement or None
        Without one nobody is asked.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_: Literal["invitation/1"] = Field("invitation/1", alias="schema")
    clinic: str
    site: Id
    hub: Id
    url: str
    user: str
    password: str = Field(repr=False)
    ca: str | None = None
    key: str
    children: dict[Id, str]
    consent: Agreement | None = None

    def text(self) -> str:
        """As it stands in the file."""
        return self.model_dump_json(by_alias=True, indent=1) + "\n"


@command(Role.ADMIN, reads=True)
def hub_of(work: Work, family_id: str) -> tuple[str, str]:
    """Site and hub of a family.

    Raises
    ------
    FieldError
        If it has no hub.
    NotFound
    """
    family = work.need(Family, family_id)
    if family.hub is None:
        raise FieldError("family", "{name} has no hub", "Add the family anew, with --hub.", name=family.name)
    return family.site_id, family.hub


@command(Role.ADMIN, reads=True)
def invite(
    work: Work, config: Config, family_id: str, *, url: str, user: str, password: str, ca: Path | None
) -> Invitation:
    """Make the invitation of a family whose hub may log in at the clinic's broker already.

    Raises
    ------
    FieldError
        If the family has no hub, or is this installation's own.
    NotFound, SetupError
    """
    site, hub = hub_of(work, family_id)
    if (site, hub) == (config.site, config.hub):
        raise FieldError("family", "lives in this very installation", "It needs no invitation.")
    texts = select(ConsentText).where(ConsentText.site_id == site).order_by(ConsentText.published_at.desc())
    text = work.scalar(texts.limit(1))
    children = work.need(Family, family_id).children
    try:
        signer = ca.read_text() if ca else None
    except OSError as error:
        raise SetupError(f"{ca} cannot be read ({error.strerror})", "Name a PEM file.") from None
    return Invitation(
        clinic=work.need(Site, site).name,
        site=site,
        hub=hub,
        url=url,
        user=user,
        password=password,
        ca=signer,
        key=shown(signing_key(config).public_key()),
        children={child.id: child.name for child in children if child.left_at is None},
        consent=text and Agreement(version=text.version, text=text.text, language=text.language),
    )


def read_invitation(text: str | bytes) -> Invitation:
    """Read what a clinic handed over.

    Raises
    ------
    SetupError
        If it is no invitation, or a newer GripHub made it.
    """
    try:
        found = Invitation.model_validate_json(text)
        ClinicConfig(url=found.url)
    except ValidationError:
        raise SetupError(
            "This is no invitation from a clinic, or one of another version of GripHub",
            "Take the file as the clinic gave it to you, or ask them for a new one.",
        ) from None
    return found
