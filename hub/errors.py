"""Errors of the running service; each ends in what to do next."""

from uuid import UUID

from ..firmware_bridge.errors import GripError
from ..firmware_bridge.sentence import Sentence, with_advice


class ConfigError(GripError):
    """The configuration cannot be used.

    Attributes
    ----------
    key : str
        Dotted name of the offending key.
    """

    def __init__(self, key: str, reason: str, source: str = "the configuration") -> None:
        self.key = key
        self.reason = reason
        super().__init__(f"{source}: `{key}` {reason}. Correct it and start again.")


class SetupError(GripError):
    """Something outside the program keeps it from starting: a port, a folder, a missing program."""

    def __init__(self, problem: str, advice: str) -> None:
        self.problem = problem
        self.advice = advice
        super().__init__(f"{problem}. {advice}")


class RegistryError(GripError):
    """The home's list of tools cannot be changed so.

    Parameters
    ----------
    problem, advice : str
        Templates for `fields`, as `Sentence` has them.
    """

    def __init__(self, tool_id: str, problem: str, advice: str, /, **fields: object) -> None:
        self.tool_id = tool_id
        self.problem = Sentence(problem, **fields)
        super().__init__(with_advice(problem, advice, **fields))


class FieldError(GripError):
    """What somebody entered cannot be taken; nothing was changed.

    Parameters
    ----------
    field : str
        Name of the offending field.
    problem, advice : str
        Templates for `fields`, as `Sentence` has them.
    """

    def __init__(self, field: str, problem: str, advice: str, /, **fields: object) -> None:
        self.field = field
        self.problem = Sentence(problem, **fields)
        self.advice = Sentence(advice, **fields)
        super().__init__(f"{field}: {self.problem}. {self.advice}")


class NotAllowed(GripError):
    """Somebody asked for what their role does not do."""

    def __init__(self, command: str, role: str) -> None:
        self.command = command
        self.role = role
        super().__init__(f"{command or 'This'} is not for a {role}. Ask somebody whose role it is.")


class NotFound(GripError):
    """There is no such thing, or none that the asker may see: the two are not told apart."""

    def __init__(self, kind: str, key: str) -> None:
        self.kind = kind
        self.key = key
        super().__init__(f"There is no {kind} {key} here. Look at the list again.")


class StoreError(GripError):
    """The store did not take or give data.

    Attributes
    ----------
    retryable : bool
        Whether the same request may succeed later.
    """

    def __init__(self, store: str, reason: str, advice: str, *, retryable: bool = True) -> None:
        self.store = store
        self.reason = reason
        self.retryable = retryable
        super().__init__(f"The {store} store failed: {reason}. {advice}")


class NotReadable(StoreError):
    """A database that takes results and cannot give them back to the dashboard."""

    def __init__(self, store: str, url: str) -> None:
        super().__init__(
            store,
            f"{url} takes results but is no InfluxDB 2, which alone can be read back",
            "Read it with its own tools, and point the dashboard at an InfluxDB 2 (docs/influxdb.md).",
            retryable=False,
        )


class BackupError(GripError):
    """A backup cannot be made, or not be put back."""

    def __init__(self, problem: str, advice: str) -> None:
        self.problem = problem
        super().__init__(f"{problem}. {advice}")


class PayloadError(GripError):
    """A message that is not one of our events, or not one that this version can read.

    Attributes
    ----------
    reason : str
    event_id : UUID or None
        Of an event that another version of GripHub may be able to read; None where none ever will.
    """

    def __init__(self, reason: str, *, event_id: UUID | None = None) -> None:
        self.reason = reason
        self.event_id = event_id
        super().__init__(f"Not a GripHub event: {reason}. It was set aside in the dead letters.")
