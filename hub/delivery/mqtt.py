"""One way to make an MQTT client, for hub, ingest and dashboard, and what it says when it cannot connect."""

import logging
import queue
import secrets
import socket
import ssl
import sys
from collections.abc import Callable
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ..config import Config
from ..errors import SetupError
from ..private_file import write_private
from .broker import Role, credentials

log = logging.getLogger(__name__)

#: Reconnect waits, seconds: at once after a restart of the broker, seldom when it stays away.
RECONNECT_MIN_S, RECONNECT_MAX_S = 1, 30

KEEPALIVE_S = 20


def make_client(
    config: Config,
    role: Role,
    name: str,
    *,
    connected: Callable[[paho.Client], None],
    disconnected: Callable[[], object] = lambda: None,
    tell: Callable[[str | None], None] = lambda _: None,
    durable: bool = False,
    manual_ack: bool = False,
) -> paho.Client:
    """Make a client that connects in the background and comes back by itself.

    Set ``on_message``, then call `start`. Callbacks run on paho's own thread.

    Parameters
    ----------
    name : str
        What the client is called; its client id is this and something that nobody can guess.
    connected : callable
        Called at each connection that the broker accepts: the place to subscribe.
    disconnected : callable
        Called when a connection is lost or refused.
    tell : callable
        Told in a sentence why there is no connection, and None when there is one.
    durable : bool
        Keep the session at the broker while the client is away.
    manual_ack : bool
        Messages are acknowledged by ``client.ack`` once they are safe, not on arrival.

    Raises
    ------
    SetupError
        If a certificate, key or CA file cannot be used.
    """
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        client_id=f"{name}-{_identity(config)}",
        clean_session=not durable,
        protocol=paho.MQTTv311,
        manual_ack=manual_ack,
    )
    said, section = "", config.broker.section
    refused = ""  # by the socket, in paho's words: why a connection ended at once

    def hindered(reason: str) -> None:
        nonlocal said
        sentence = f"The {role} is not connected to {_whose(config)}: {reason}"
        if sentence != said:  # once, not at every try of a long night
            log.warning("%s", sentence)
        said = sentence
        tell(sentence)

    def on_connect(
        client: paho.Client,
        userdata: object,
        flags: paho.ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        nonlocal said
        if reason.is_failure:
            hindered(f"it answered «{reason}». Check [{section}] user and password.")
            return
        said = ""
        tell(None)
        connected(client)

    def on_connect_fail(client: paho.Client, userdata: object) -> None:
        error = sys.exception()  # paho calls this where it caught it
        hindered(explain(error, config) if error else "it does not answer.")

    def on_log(client: paho.Client, userdata: object, level: int, message: str) -> None:
        nonlocal refused
        if level == paho.MQTT_LOG_ERR:
            refused = message

    def on_disconnect(
        client: paho.Client,
        userdata: object,
        flags: paho.DisconnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        nonlocal refused
        if "certificate required" in refused or "bad certificate" in refused:
            hindered(f"it wants a certificate that it knows. Name one in [{section}] certificate and key.")
        elif reason.is_failure and not said:
            hindered("the connection was lost.")
        refused = ""
        disconnected()

    client.on_connect = on_connect
    client.on_connect_fail = on_connect_fail
    client.on_disconnect = on_disconnect
    client.on_log = on_log
    login = credentials(config, role)
    if login.user is not None:
        client.username_pw_set(login.user, login.password)
    if context := _tls(config):
        client.tls_set_context(context)
        client.tls_insecure_set(not context.check_hostname)  # else paho looks at the name itself
    client.reconnect_delay_set(RECONNECT_MIN_S, RECONNECT_MAX_S)
    return client


def start(client: paho.Client, config: Config) -> None:
    """Begin connecting; a broker that is away is tried again."""
    client.connect_async(config.broker.address, config.broker.port, KEEPALIVE_S)
    client.loop_start()


def stop(client: paho.Client) -> None:
    """Say goodbye and end paho's thread."""
    client.disconnect()
    client.loop_stop()


#: What is wrong with a broker's certificate, by a word of OpenSSL's message.
_CERTIFICATE = {
    "expired": "has expired. Let whoever runs the broker renew it.",
    "not yet valid": "is not valid yet. See that this computer's clock is right.",
    "mismatch": "is made out to another name. Correct [{}] url.",
    "": "is signed by nobody that is known here. Name the broker's authority in [{}] ca_file.",
}


def try_login(config: Config, role: Role, timeout_s: float = 8.0) -> str | None:
    """Log in once and leave: None if the broker lets us in, else a sentence why not.

    Raises
    ------
    SetupError
        If a certificate, key or CA file cannot be used.
    """
    answers: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    client = make_client(config, role, f"griphub-try-{role}", connected=lambda _: None, tell=answers.put)
    start(client, config)
    try:
        return answers.get(timeout=timeout_s)
    except queue.Empty:
        return f"The {role} is not connected to {_whose(config)}: {explain(TimeoutError(), config)}"
    finally:
        stop(client)


def explain(error: BaseException, config: Config) -> str:
    """Why a connection could not be made, and what to do, in a sentence."""
    host, url = config.broker.address, f"[{config.broker.section}] url"
    where = f"{host}:{config.broker.port}"
    match error:
        case ssl.SSLCertVerificationError(verify_message=said):
            fault = next(fault for word, fault in _CERTIFICATE.items() if word in said)
            what = f"the certificate of {where} {fault.format(config.broker.section)}"
        case ssl.SSLError():
            what = f"{where} speaks no TLS that can be used ({error}). Check {url}: mqtt or mqtts."
        case ConnectionRefusedError():
            what = f"nothing listens on {where}. See that the broker runs and that {url} is right."
        case socket.gaierror():
            what = f"there is no computer called {host}. Check {url} and the network."
        case TimeoutError():
            what = f"{where} does not answer. Check the network and {url}."
        case _:
            what = f"{where}: {error}. Check the network and {url}."
    return what


def _whose(config: Config) -> str:
    return "the broker" if config.broker.section == "broker" else "the clinic's broker"


def _identity(config: Config) -> str:
    """What nobody else knows of this installation's client ids.

    Whoever may log in and connects with a client id ends the session that has it. With many homes on a broker
    an id is therefore as secret as a password.
    """
    path = config.data_dir / "broker" / "client-id"
    try:
        if path.exists() and (known := path.read_text().strip()):
            return known
        drawn = secrets.token_hex(12)
        write_private(path, drawn)
    except OSError as error:
        raise SetupError(f"{path} cannot be written ({error.strerror})", "Mend the data folder.") from None
    return drawn


class _Socket(ssl.SSLSocket):
    """Closes after a handshake that failed, which paho forgets: each try would leave a file open."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


def _tls(config: Config) -> ssl.SSLContext | None:
    broker = config.broker
    here = broker.host is None
    if not (broker.tls or (here and broker.certificate)):
        return None
    if not here:
        return client_context(config)
    # our own broker's certificate is made out to the name that others use: trust it alone, by any name
    context = _context(broker.section, broker.certificate)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def client_context(config: Config) -> ssl.SSLContext:
    """What TLS to somebody else's broker trusts and shows, by ``[broker]``.

    Raises
    ------
    SetupError
        If a certificate, key or CA file cannot be used.
    """
    broker = config.broker
    return _context(broker.section, broker.ca_file, broker.certificate, broker.key)


def _context(
    section: str, trusted: Path | None, certificate: Path | None = None, key: Path | None = None
) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=trusted)
        context.sslsocket_class = _Socket
        if certificate:
            context.load_cert_chain(certificate, key)
    except OSError as error:  # ssl.SSLError is one
        raise SetupError(
            f"A certificate of [{section}] cannot be used ({error})",
            "Check ca_file, certificate and key: PEM files that the user who runs griphub can read.",
        ) from None
    return context
