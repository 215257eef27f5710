"""Secrets that a service manager hands over as files: safer than an environment, which children inherit.

``GRIPHUB_BROKER__PASSWORD_FILE=/run/secrets/mqtt`` gives the content of that file to ``[broker] password``,
and so it is with every secret of the configuration.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import BaseModel, SecretStr

from .errors import ConfigError

_SUFFIX: Final = "_file"

#: A secret is a line. Whoever names a disk image by mistake need not wait for it.
_MAX_BYTES: Final = 65_536


def secrets_of(model: type[BaseModel], prefix: str) -> Iterator[str]:
    """Names in the environment, in lower case, of all secrets in a model and its sections."""
    for name, field in model.model_fields.items():
        kinds: tuple[Any, ...] = (field.annotation, *get_args(field.annotation))
        if SecretStr in kinds:
            yield prefix + name
        for kind in kinds:
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from secrets_of(kind, f"{prefix}{name}__")


def with_files(
    environment: Mapping[str, str | None], model: type[BaseModel], prefix: str
) -> dict[str, str | None]:
    """An environment with the secrets themselves in place of the files that hold them.

    Parameters
    ----------
    environment : mapping
        With names in lower case.

    Raises
    ------
    ConfigError
        If a file cannot be read. Its content is in no message.
    """
    read = dict(environment)
    for name in secrets_of(model, prefix):
        path = read.pop(name + _SUFFIX, None)
        if path is not None and name not in read:
            read[name] = _read(name + _SUFFIX, Path(path))
    return read


def _read(name: str, path: Path) -> str:
    variable = name.upper()
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
        text = content.decode().strip()
    except OSError as error:
        raise ConfigError(
            variable, f"names {path}, which cannot be read ({error.strerror})", "the environment"
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(variable, f"names {path}, which is no text", "the environment") from None
    if not text or len(content) > _MAX_BYTES:
        raise ConfigError(
            variable, f"names {path}, which is {'too long' if text else 'empty'}", "the environment"
        )
    return text
