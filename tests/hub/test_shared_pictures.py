"""A picture that a family shares: from its file to the therapist, in pieces, taken back, and erased."""

import base64
import hashlib
import io
import random
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import func, select
from typer.testing import CliRunner

from griphub.hub.child.relational import DatabasePlace
from griphub.hub.cli.main import app
from griphub.hub.config import Config
from griphub.hub.database.actor import Actor, Role
from griphub.hub.delivery.outbox import Outbox
from griphub.hub.errors import NotFound
from griphub.hub.people import accounts, caseload, consent, places
from griphub.hub.people.model import Child
from griphub.hub.program import commands, home, photos
from griphub.hub.program.errors import ProgramError
from griphub.hub.program.picture_post import pieces_of, take_piece
from griphub.hub.program.pictures import Picture, Shared, picture, pictures, share_photo, unshare_photo
from griphub.hub.program.tables import Photo, PhotoPart
from griphub.hub.records.event import encode
from griphub.hub.records.post import MAX_PIECE, PicturePiece
from griphub.hub.stores import open_store

from .conftest import Broker
from .test_conversation import End, hub, ingest, joined, until

__all__ = ["joined"]

OWNER = Actor.part("test")
DAY = date(2026, 11, 25)


def camera(folder: Path, side: int = 1400) -> Path:
    """A photograph: as noisy as they come, with the place in it."""
    noise = np.random.default_rng(1).integers(0, 255, (side, side, 3), dtype=np.uint8)
    made = Image.fromarray(noise)
    exif = Image.Exif()
    exif[0x9286] = "Maple Street 7"
    file = folder / "camera.jpg"
    made.save(file, quality=95, exif=exif)
    return file


def taken(end: End, file: Path, *, shared: bool = True) -> str:
    name = photos.keep(end[0], file)
    with end[1].work(OWNER) as work:
        commands.add_photo(work, "c-1", name, taken_on=DAY, shared=shared)
    return name


def seen(end: End, actor: Actor = OWNER) -> list[Picture]:
    with end[1].reading(actor) as work:
        return pictures(work, end[0], "c-1")


def fetched(end: End, name: str, actor: Actor = OWNER) -> bytes:
    with end[1].reading(actor) as work:
        return picture(work, end[0], "c-1", name)


def account(end: End, role: Role, login: str, child_id: str | None = "c-1") -> Actor:
    with end[1].work(OWNER) as work:
        child = places.child(work, "c-1")
        family = child.family_id if role is Role.PARENT else None
        made = accounts.invite(
            work, login=login, name=login, role=role, site_id="home", family_id=family
        ).account
        if role is Role.THERAPIST and child_id:
            caseload.assign(work, account_id=made.id, child_id=child_id)
        return Actor.account(made.id, role)


@pytest.mark.usefixtures("quickly")
async def test_it_reaches_the_therapist_and_can_be_taken_back(
    clinic: End, joined: End, running_broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("griphub.hub.program.carrying.POLL_S", 0.05)
    name = taken(joined, camera(tmp_path))
    private = taken(joined, camera(tmp_path, 300), shared=False)
    assert [one.shared for one in seen(joined)] == [Shared.ON_ITS_WAY, Shared.NO]
    therapist = account(clinic, Role.THERAPIST, "t")
    with ingest(clinic[0]) as journal:
        async with hub(joined[0]):
            await until(lambda: bool(seen(clinic, therapist)))
            await until(lambda: seen(joined)[0].shared is Shared.THERE)
            (there,) = seen(clinic, therapist)
            assert (there.picture_id, there.taken_on, there.shared) == (name, DAY, Shared.THERE)
            data = fetched(clinic, name, therapist)
            assert MAX_PIECE < len(data) <= photos.MAX_SHARED
            with Image.open(io.BytesIO(data)) as shown:
                assert shown.format == "JPEG" and min(shown.size) >= 600 and not shown.getexif()
            await until(lambda: not any(b"picture/1" in payload for _, payload in journal.read(0, 1000)))
            with pytest.raises(NotFound):
                fetched(clinic, private)
            # a therapist who does not look after the child sees nothing of it
            stranger = account(clinic, Role.THERAPIST, "s", child_id=None)
            with pytest.raises(NotFound):
                fetched(clinic, name, stranger)
            with joined[1].work(OWNER) as work:
                unshare_photo(work, "c-1", name)
            await until(lambda: not seen(clinic))
            with pytest.raises(NotFound):
                fetched(clinic, name, therapist)
            with clinic[1].reading(OWNER) as work:
                assert work.scalar(select(func.count()).select_from(PhotoPart)) == 0
            assert [one.shared for one in seen(joined)] == [Shared.NO, Shared.NO]
            assert fetched(joined, name), "the family keeps it"
            with joined[1].work(OWNER) as work:
                share_photo(work, "c-1", name)
            await until(lambda: bool(seen(clinic, therapist)))
    assert fetched(clinic, name) == data
    DatabasePlace(clinic[0]).erase("c-1")
    with clinic[1].reading(OWNER) as work:
        assert work.scalars(select(PhotoPart)).all() == [] == work.scalars(select(Photo)).all()


def made(end: End, name: str) -> list[PicturePiece]:
    with end[1].reading(OWNER) as work:
        return pieces_of(end[0], work.need(Photo, name))


def take(end: End, *pieces: PicturePiece) -> None:
    with end[1].work(OWNER) as work:
        for piece in pieces:
            take_piece(work, piece, work.need(Child, "c-1"))


def test_pieces_in_any_order_and_twice_make_the_picture(clinic: End, joined: End, tmp_path: Path) -> None:
    name = taken(joined, camera(tmp_path))
    pieces = made(joined, name)
    assert len(pieces) > 3 and all(len(encode(piece)) < 1 << 16 for piece in pieces)
    assert made(joined, name) == pieces, "made again they are the same events"
    shuffled = [*pieces, *pieces]
    random.Random(4).shuffle(shuffled)
    for piece in shuffled:
        take(clinic, piece)
    whole = b"".join(base64.b64decode(piece.data) for piece in pieces)
    assert fetched(clinic, name) == whole


def test_what_was_taken_back_stays_away_whatever_comes_late(clinic: End, joined: End, tmp_path: Path) -> None:
    name = taken(joined, camera(tmp_path))
    pieces = made(joined, name)
    with joined[1].work(OWNER) as work:
        unshare_photo(work, "c-1", name)
    (back,) = made(joined, name)
    assert back.parts == 0
    take(clinic, pieces[0], back, *pieces, back)
    assert seen(clinic) == []
    with clinic[1].reading(OWNER) as work:
        assert work.scalars(select(PhotoPart)).all() == []
    later = [piece.model_copy(update={"measured_at": back.measured_at + timedelta(1)}) for piece in pieces]
    take(clinic, *later, back)  # shared anew, and the end of the first sharing once more
    assert [one.shared for one in seen(clinic)] == [Shared.THERE]


def test_what_is_no_picture_or_does_not_fit_is_left_out(clinic: End, joined: End, tmp_path: Path) -> None:
    name = taken(joined, camera(tmp_path, 300))
    pieces = made(joined, name)
    page = b"<script>alert(1)</script>"
    forged = pieces[0].model_copy(
        update={
            "picture_id": "ph-forged", "parts": 1, "part": 1,
            "sha256": hashlib.sha256(page).hexdigest(), "data": base64.b64encode(page).decode(),
        }
    )  # fmt: skip
    broken = pieces[0].model_copy(update={"picture_id": "ph-broken", "data": "no base64!"})
    other = pieces[0].model_copy(update={"picture_id": "ph-other", "part": 9})
    take(clinic, forged, broken, other, forged)
    with clinic[1].reading(OWNER) as work:
        assert work.scalars(select(PhotoPart)).all() == []
    for picture_id in ("ph-forged", "ph-broken", "ph-other"):
        with pytest.raises(NotFound):
            fetched(clinic, picture_id)
    # nor does a home reach the picture of another one's child by its name
    with clinic[1].work(OWNER) as work:
        family = places.add_family(work, site_id="home", name="Neighbours", hub="hub2").id
        ben = places.add_child(work, family_id=family, name="Ben").id
    take(clinic, *pieces)
    with clinic[1].work(OWNER) as work:
        for piece in pieces:
            take_piece(work, piece.model_copy(update={"parts": 0}), work.need(Child, ben))
    assert [one.picture_id for one in seen(clinic) if one.shared is Shared.THERE] == [name]


async def test_a_file_that_is_gone_is_not_shared(
    joined: End, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, running_broker: Broker
) -> None:
    monkeypatch.setattr("griphub.hub.program.carrying.POLL_S", 0.05)
    name = taken(joined, camera(tmp_path, 300))
    photos.path_of(joined[0], name).unlink()
    async with hub(joined[0]):
        await until(lambda: seen(joined)[0].shared is Shared.NO)


def test_in_one_installation_a_therapist_sees_what_is_shared_while_there_is_consent(
    config: Config, tmp_path: Path
) -> None:
    with home.opened(config) as database:
        here = (config, database)
        parent, therapist = account(here, Role.PARENT, "p"), account(here, Role.THERAPIST, "t")
        name = taken(here, camera(tmp_path, 300), shared=False)
        assert seen(here, therapist) == []
        assert [one.shared for one in seen(here, parent)] == [Shared.NO]
        with database.work(parent) as work:
            share_photo(work, "c-1", name)
        assert [one.shared for one in seen(here, therapist)] == [Shared.THERE]
        assert fetched(here, name, therapist) == fetched(here, name, parent)
        with database.work(OWNER) as work:
            consent.publish_text(work, site_id="home", version="v1", text="What you agree to")
        with pytest.raises(NotFound):
            fetched(here, name, therapist)
        assert fetched(here, name, parent)
        other = taken(here, camera(tmp_path, 300), shared=False)
        with pytest.raises(ProgramError, match="no consent"), database.work(parent) as work:
            share_photo(work, "c-1", other)
        with database.work(parent) as work:
            consent.give(work, "c-1", version="v1", given_by="A parent")
            share_photo(work, "c-1", other)
            unshare_photo(work, "c-1", name)
        assert [one.picture_id for one in seen(here, therapist)] == [other]


def test_the_commands_list_share_take_back_and_save(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "griphub.toml"
    file.write_text(f'data_dir = "{config.data_dir}"\n[[children]]\nid = "c-1"\nalias = "Mia"\n')
    monkeypatch.setenv("GRIPHUB_CONFIG", str(file))
    run = CliRunner()
    with home.opened(config) as database:
        name = taken((config, database), camera(tmp_path, 300), shared=False)
    open_store(config, read_only=False).close()
    Outbox(config.data_dir / "outbox.db").close()
    for command, said in (
        (["list", "Mia"], "not shared"),
        (["share", "Mia", name], "Shared."),
        (["list", "Mia"], "the therapist sees it"),
        (["unshare", "Mia", name], "Taken back."),
        (["list", "Mia"], "not shared"),
        (["save", "Mia", name, str(tmp_path / "out.jpg")], "bytes"),
    ):
        done = run.invoke(app, ["pictures", *command])
        assert done.exit_code == 0, done.output
        assert said in done.output
    with Image.open(tmp_path / "out.jpg") as saved:
        assert saved.size == (300, 300)
    assert isinstance(run.invoke(app, ["pictures", "save", "Mia", "ph-x", "x"]).exception, NotFound)


def test_whatever_it_shows_a_shared_picture_is_small(joined: End, tmp_path: Path) -> None:
    name = taken(joined, camera(tmp_path, 1600))
    assert len(photos.shrunk(joined[0], name)) <= photos.MAX_SHARED
    assert not photos.is_picture(b"\xff\xd8" + b"x" * 100)
