"""Pictures of what was done: kept at home under a random name, without what the camera wrote into them."""

from pathlib import Path
from typing import BinaryIO, Final

from PIL import Image, ImageOps, UnidentifiedImageError

from ..config import Config
from ..database.base import random_id
from .errors import ProgramError

FOLDER: Final = "photos"

#: A screen shows no more; a phone's picture has five times as many.
LONGEST_SIDE: Final = 1600
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
                raise ProgramError("photo", f"{file.name} has more than {MAX_PIXELS // 1_000_000} megapixels")
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
        raise ProgramError("photo", f"{file.name} is no picture that can be read: {error}") from None
    except OSError as error:
        raise ProgramError("photo", f"{file.name} cannot be kept: {error}") from None
    return name


def discard(config: Config, name: str) -> None:
    """Delete a picture that was kept, and that nobody knows of."""
    path_of(config, name).unlink(missing_ok=True)


def path_of(config: Config, name: str) -> Path:
    """Where a picture is, if it is in this home."""
    return config.data_dir / FOLDER / f"{name}.jpg"
