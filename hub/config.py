"""The one configuration file, ``griphub.toml``, with ``GRIPHUB_…`` overrides from the environment.

Nested keys take a double underscore: ``GRIPHUB_BROKER__PORT=1884`` sets ``[broker] port``.
"""

import json
import os
import tomllib
from datetime import time
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import platformdirs
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from .errors import ConfigError
from .records.ids import Id
from .records.vocabulary import Hand
from .secret_files import with_files

#: In the data folder of a home that has joined a clinic: what it is called there, and where the clinic is.
JOINED: Final = "clinic.json"

Port = Annotated[int, Field(ge=1, le=65535)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ChildConfig(_Section):
    """A child that uses tools here. The alias stays in this file: it is never sent."""

    id: Id
    alias: str = Field(min_length=1, max_length=40)
    goal: int = Field(15, ge=1, le=500, description="squeezes asked for in a session")


class ToolConfig(_Section):
    """A tool, by its serial number, and who uses it with which hand."""

    id: Id
    child: Id
    hand: Hand


#: What the scheme of a broker's URL means: TLS or not, and the port that goes without saying.
_SCHEMES = {"mqtt": (False, 1883), "mqtts": (True, 8883)}


class BrokerConfig(_Section):
    """The MQTT broker. Without a host, a supervised nats-server runs here."""

    section: ClassVar = "broker"  #: what it is called in the file

    url: str | None = Field(None, description="short for host, port and tls: mqtts://mqtt.example.org:8883")
    host: str | None = None
    port: Port = 18830
    tls: bool = False
    user: str | None = None
    password: SecretStr | None = None
    ca_file: Path | None = Field(None, description="who signs the broker's certificate; else the system's")
    certificate: Path | None = Field(None, description="shown to the broker; or by it, when it runs here")
    key: Path | None = Field(None, description="of `certificate`")
    listen: str = Field("127.0.0.1", description="address of the broker that runs here")

    @model_validator(mode="before")
    @classmethod
    def _from_url(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.get("url") is None:
            return given
        parts = urlsplit(str(given["url"]))
        try:
            (tls, usual), port = _SCHEMES[parts.scheme], parts.port
        except (KeyError, ValueError):
            raise ValueError("url must look like mqtts://mqtt.example.org:8883") from None
        if not parts.hostname or parts.username or parts.path.strip("/"):
            raise ValueError("url must hold a host and a port only; user and password have keys of their own")
        return given | {"host": parts.hostname, "port": port or usual, "tls": tls}

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key go together")
        if self.host is None and not self.local and self.certificate is None:
            raise ValueError(
                f"listen = {self.listen!r} is open to others and needs TLS: name a certificate and its key"
            )
        return self

    @property
    def local(self) -> bool:
        """Whether the broker that runs here can be reached from this computer only."""
        try:
            return ip_address(self.listen).is_loopback
        except ValueError:
            return self.listen == "localhost"

    @property
    def elsewhere(self) -> bool:
        """Whether what is sent leaves this computer."""
        if self.host is None:
            return False
        try:
            return not ip_address(self.host).is_loopback
        except ValueError:
            return self.host != "localhost"

    @property
    def address(self) -> str:
        """Where this computer's own processes reach the broker."""
        if self.host is not None:
            return self.host
        try:
            unspecified = ip_address(self.listen).is_unspecified
        except ValueError:
            return self.listen
        return "127.0.0.1" if unspecified else self.listen


class ClinicConfig(BrokerConfig):
    """The broker of the clinic that a home has joined, to which its results go as well."""

    section: ClassVar = "clinic"

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.host is None:
            raise ValueError(
                "url is missing: where the clinic's broker is, as `griphub broker add-home` says"
            )
        if "listen" in self.model_fields_set:
            raise ValueError("listen belongs into [broker]: the clinic's broker does not run here")
        return self


class InfluxConfig(_Section):
    """An InfluxDB 2 server."""

    url: str = "http://localhost:8086"
    org: str = "griphub"
    token: SecretStr = SecretStr("")
    bucket: str = "griphub"
    waveform_bucket: str = "griphub_waveforms"


class StoreConfig(_Section):
    """Where results are kept."""

    kind: Literal["sqlite", "influxdb"] = "sqlite"
    waveform_days: int | None = Field(
        None,
        ge=1,
        description="how long force curves are kept; by default for ever in SQLite, 90 in InfluxDB",
    )
    influxdb: InfluxConfig = InfluxConfig()


class DatabaseConfig(_Section):
    """Where people and programs are kept."""

    url: SecretStr | None = Field(
        None, description="`postgresql://…` of a clinic; without one, the file people.db in the data folder"
    )


class OidcConfig(_Section):
    """A clinic's identity provider: who may vouch for its people."""

    issuer: str = Field("", description="`iss` of its ID tokens; empty: nobody signs in that way")
    client_id: str = Field("", description="what GripHub is called there, `aud` of its ID tokens")
    client_secret: SecretStr | None = Field(None, description="GripHub's password there")


class DashboardConfig(_Section):
    """The dashboard's address; bound to localhost unless told otherwise."""

    host: str = "127.0.0.1"
    port: Port = 8501


class HomeAssistantConfig(_Section):
    """The family's tools in Home Assistant: docs/home-assistant.md."""

    enabled: Literal["auto"] | bool = Field(
        "auto", description="auto: once Home Assistant is heard on a broker of the family's own"
    )
    prefix: str = Field("homeassistant", pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$")


class IngestConfig(_Section):
    """How ingest takes events from the broker: by MQTT, or as one of many workers from a NATS cluster."""

    jetstream: tuple[str, ...] = Field((), description="nats:// or tls:// addresses of the cluster's servers")
    replicas: int = Field(3, ge=1, le=5, description="servers that keep each event; less than it has, or all")

    @field_validator("jetstream")
    @classmethod
    def _addresses(cls, servers: tuple[str, ...]) -> tuple[str, ...]:
        for server in servers:
            parts = urlsplit(server)
            if parts.scheme not in ("nats", "tls") or not parts.hostname or parts.username:
                raise ValueError(f"{parts.hostname or server!r} must look like tls://nats1.example.org:4222")
        return servers


class SessionConfig(_Section):
    """When a session is over."""

    resume_s: float = Field(60, gt=0, description="a lost link may come back within this time")


class RemindersConfig(_Section):
    """When a family is left alone, also over midnight; none if both are the same."""

    quiet_from: time = time(20, 0)
    quiet_to: time = time(7, 0)


class Config(BaseSettings):
    """Everything the hub, ingest and dashboard need to know."""

    model_config = SettingsConfigDict(
        env_prefix="GRIPHUB_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    site: Id = "home"
    hub: Id = "hub"
    data_dir: Path = Path(platformdirs.user_data_dir("griphub"))
    radio: str | tuple[str, ...] = Field(
        "system",
        description="`system` for this machine's Bluetooth, `system:hci1` for one of several, or an HCI "
        "transport; or a list of them",
    )
    broker: BrokerConfig = BrokerConfig()
    clinic: ClinicConfig | None = None
    store: StoreConfig = StoreConfig()
    database: DatabaseConfig = DatabaseConfig()
    oidc: OidcConfig = OidcConfig()
    dashboard: DashboardConfig = DashboardConfig()
    ingest: IngestConfig = IngestConfig()
    session: SessionConfig = SessionConfig()
    homeassistant: HomeAssistantConfig = HomeAssistantConfig()
    reminders: RemindersConfig = RemindersConfig()
    time_zone: str | None = Field(
        None,
        description="where the family's days begin and end, such as `Europe/Berlin`; default: this machine's",
    )
    children: tuple[ChildConfig, ...] = ()
    tools: tuple[ToolConfig, ...] = ()

    @property
    def radios(self) -> tuple[str, ...]:
        """The radio or radios, as a sequence."""
        return (self.radio,) if isinstance(self.radio, str) else self.radio

    @property
    def at_clinic(self) -> Self | None:
        """The same with the clinic's broker in place of the home's; None where no clinic was joined."""
        return self.model_copy(update={"broker": self.clinic}) if self.clinic else None

    @property
    def leaves(self) -> bool:
        """Whether results leave this computer."""
        return self.clinic is not None or self.broker.elsewhere

    def child(self, child_id: str) -> ChildConfig:
        """The child of this id; a tool's child is always there."""
        return next(child for child in self.children if child.id == child_id)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file, whose contents come as init arguments."""
        if isinstance(env_settings, EnvSettingsSource):
            env_settings.env_vars = with_files(env_settings.env_vars, settings_cls, "griphub_")
        return env_settings, init_settings

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, folder: Path) -> Path:
        """Take ``~`` for the home folder, not for a name."""
        return folder.expanduser()

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        try:
            return name and ZoneInfo(name).key
        except (ValueError, OSError, KeyError):  # a bad name, a folder's, one that there is not
            raise ValueError(f"is {name}, which is no time zone such as Europe/Berlin") from None

    @field_validator("radio")
    @classmethod
    def _different_radios(cls, radio: str | tuple[str, ...]) -> str | tuple[str, ...]:
        if not isinstance(radio, str) and (not radio or len(set(radio)) != len(radio)):
            raise ValueError("must name at least one radio, and none twice")
        return radio

    @model_validator(mode="after")
    def _known_children(self) -> Self:
        known = {child.id for child in self.children}
        if len(known) != len(self.children):
            raise ValueError("two children have the same id")
        if len({tool.id for tool in self.tools}) != len(self.tools):
            raise ValueError("two tools have the same id")
        for tool in self.tools:
            if tool.child not in known:
                raise ValueError(f"tool {tool.id} is used by {tool.child}, who is not in [[children]]")
        return self


def default_path() -> Path:
    """Where the configuration is looked for when nobody names a file."""
    return Path(platformdirs.user_config_dir("griphub")) / "griphub.toml"


def load(path: Path | None = None) -> Config:
    """Read and check the configuration.

    Parameters
    ----------
    path : Path, optional
        The file; by default ``GRIPHUB_CONFIG`` or the user's configuration folder, where it may be absent.

    Raises
    ------
    ConfigError
        Naming the first key that is wrong.

    Notes
    -----
    What a home took from a clinic's invitation stands in its data folder; the file wins.
    """
    named = path or (Path(env) if (env := os.environ.get("GRIPHUB_CONFIG")) else None)
    file = named or default_path()
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if named:
            raise ConfigError(str(file), "does not exist") from None
        values = {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(str(file), f"cannot be read: {error}") from None
    try:
        config = Config(**values)
        joined = config.data_dir / JOINED
        return Config(**(json.loads(joined.read_text()) | values)) if joined.exists() else config
    except (OSError, json.JSONDecodeError) as error:
        raise ConfigError(JOINED, f"cannot be read: {error}", "the data folder") from None
    except SettingsError as error:  # a list or table that is no JSON; the message only names the field
        variable = "GRIPHUB_" + str(error).split('"')[1].upper()
        raise ConfigError(variable, "is not the JSON that it must be", "the environment") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"]) or "configuration"
        raise ConfigError(key, first["msg"].removeprefix("Value error, "), str(file)) from None
