"""Files of pictures: kept at home under a random name, without what the camera wrote into them."""

import io
from pathlib import Path
from typing import BinaryIO, Final

from PIL import Image, ImageOps, UnidentifiedImageError

from ..config import Config
from ..database.base import random_id
from .errors import ProgramError

FOLDER: Final = "photos"

#: A screen shows no more; a phone's picture has five times as many.
LONGEST_SIDE: Final = 1600
#: Bytes of a picture on its way to the therapist.
MAX_SHARED: Final = 400_000
#: Above this a file is no snapshot but an attack on memory.
MAX_PIXELS: Final = 60_000_000


def keep(config: Config, file: Path | BinaryIO) -> str:
    """Copy a picture into the home's data folder; returns the name under which it is known.

    The picture is encoded anew, so that place, time and device, which cameras write into files, are gone.

    Raises
    ------
    ProgramError
        If it is no picture, or too large for one.
    """
    name = random_id("ph")
    folder = config.data_dir / FOLDER
    try:
        with Image.open(file) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise ProgramError(
                    "photo",
                    "{name} has more than {most} megapixels",
                    name=file.name,
                    most=MAX_PIXELS // 1_000_000,
                )
            upright = ImageOps.exif_transpose(opened).convert("RGB")
        upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        clean = Image.new("RGB", upright.size)
        clean.paste(upright)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = folder / f".{name}"
        clean.save(part, format="JPEG", quality=85)
        part.chmod(0o600)
        part.replace(path_of(config, name))
    except (UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ProgramError(
            "photo", "{name} is no picture that can be read: {error}", name=file.name, error=error
        ) from None
    except OSError as error:
        raise ProgramError("photo", "{name} cannot be kept: {error}", name=file.name, error=error) from None
    return name


def shrunk(config: Config, name: str) -> bytes:
    """A kept picture as it travels: a JPEG file of at most `MAX_SHARED` bytes.

    Raises
    ------
    ProgramError
        If the file is gone or damaged.
    """
    try:
        with Image.open(path_of(config, name)) as opened:
            picture = opened.convert("RGB")
    except (OSError, UnidentifiedImageError) as error:
        raise ProgramError(
            "photo", "{name} cannot be read: {error}", "It stays unshared.", name=name, error=error
        ) from None
    for side, quality in ((LONGEST_SIDE, 85), (LONGEST_SIDE, 70), (1200, 70), (900, 65), (600, 60)):
        picture.thumbnail((side, side))
        made = io.BytesIO()
        picture.save(made, format="JPEG", quality=quality)
        if made.tell() <= MAX_SHARED:
            break  # 600 pixels a side are below it whatever they show
    return made.getvalue()


def is_picture(data: bytes) -> bool:
    """Whether bytes from elsewhere are a JPEG file of bounded size that can be shown."""
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                return False
            opened.load()
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return False
    return True


def discard(config: Config, name: str) -> None:
    """Delete a picture that was kept, and that nobody knows of."""
    path_of(config, name).unlink(missing_ok=True)


def path_of(config: Config, name: str) -> Path:
    """Where a picture is, if it is in this home."""
    return config.data_dir / FOLDER / f"{name}.jpg"
