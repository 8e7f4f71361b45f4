"""The two transports: MQTT, and HTTPS where MQTT does not get through. A link is opened once, and has one session."""

from __future__ import annotations

import json
import logging
import queue
import socket
import threading
from typing import Any, Protocol
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from credentials import Identity, Session
from messages import DOWN, LONGEST, Message
from mqtt_version import wants_renewal
from web import NoAnswer, Refused, Web, tls_context

log = logging.getLogger("agent.links")

KEEPALIVE = 12
PATIENCE = 10.0
LONGEST_WAIT = 20
MOST_AT_ONCE = 50


# Message expiry in seconds: a broker may drop an older message of these channels. Reports have no expiry.
EXPIRY = {"heartbeat": 60, "probe_answer": 3}
# Room for topic and header of a message, more than they take.
OVERHEAD = 256


class LinkFailed(Exception):
    pass


class Listener(Protocol):
    def opened(self, link: Link) -> None: ...

    def heard(self, channel: str, payload: bytes) -> None: ...


class Link(Protocol):
    transport: str
    session: str
    closed: threading.Event
    refused: bool
    """Whether the broker or server has refused the credential."""

    def open(self) -> None:
        """Returns once messages flow in both directions, or raises LinkFailed. Called once."""

    def send(self, channel: str, message: Message) -> None: ...

    def close(self) -> None:
        """Ends the link; messages sent before get a moment to arrive. Never raises."""


class _Client(mqtt.Client):
    """A client that reads a DISCONNECT with a reason code and nothing else, as most are: paho 1.6 overlooks those."""

    farewell: int | None = None

    def _handle_disconnect(self) -> Any:
        packet = bytes(self._in_packet["packet"])
        self.farewell = packet[0] if packet else 0
        self._loop_rc_handle(mqtt.MQTT_ERR_CONN_LOST)
        return mqtt.MQTT_ERR_SUCCESS


class MqttLink:
    transport = "mqtt"

    def __init__(self, name: str, session: Session, level: int, ca: str | None, listener: Listener) -> None:
        self.session = name
        self.closed, self.refused = threading.Event(), False
        self.level = level
        # Whether the broker accepted the connection; whether it closed it without a CONNACK.
        self.greeted, self.silent = False, False
        # Whether the broker accepted the connection and ended it later without a DISCONNECT.
        self.sent_away = False
        # The return or reason code by which the broker refused or ended the connection.
        self.code: int | None = None
        self._listener, self._credential = listener, session
        self._topics = f"tillkeeper/v1/{session.address}/"
        self._answered = threading.Event()
        self._failure: LinkFailed | None = None
        self._last: mqtt.MQTTMessageInfo | None = None
        self._largest = float("inf")
        # A new client for each connection: it must not send again the messages of an older one (see "The traps").
        self._client = client = _Client(
            session.mqtt_client_id,
            clean_session=True if level == 4 else None,
            protocol=mqtt.MQTTv5 if level == 5 else mqtt.MQTTv311,
            reconnect_on_failure=False,
        )
        client.username_pw_set(session.mqtt_username, session.mqtt_password)
        client.will_set(self._topics + "gone", json.dumps({"session": self.session}), qos=1, retain=False)
        client.max_inflight_messages_set(200)
        client.on_socket_open = self._without_delay
        client.on_connect, client.on_disconnect = self._connected, self._disconnected
        client.on_subscribe, client.on_message = self._subscribed, self._message
        if session.mqtt_url.startswith("mqtts:"):
            client.tls_set_context(tls_context(ca))

    def open(self) -> None:
        address = urlsplit(self._credential.mqtt_url)
        port = address.port or (8883 if address.scheme == "mqtts" else 1883)
        only_5: dict[str, Any] = {"clean_start": True, "properties": self._wishes()} if self.level == 5 else {}
        try:
            self._client.connect(address.hostname or "", port, keepalive=KEEPALIVE, **only_5)
        except (OSError, ValueError) as cause:
            self.closed.set()
            raise LinkFailed(str(cause)) from cause
        self._client.loop_start()
        if not self._answered.wait(PATIENCE):
            self._failure = LinkFailed("the broker does not answer")
        if self._failure:
            self.close()
            raise self._failure

    def send(self, channel: str, message: Message) -> None:
        payload = json.dumps(message)
        if len(payload) + OVERHEAD > self._largest:
            log.error("a %s has more than the %s bytes that the broker takes", channel, self._largest)
            return
        properties = None
        if self.level == 5 and channel in EXPIRY:
            properties = Properties(PacketTypes.PUBLISH)
            properties.MessageExpiryInterval = EXPIRY[channel]
        self._last = self._client.publish(self._topics + channel, payload, qos=1, retain=False, properties=properties)

    def close(self) -> None:
        if self._last and not self.closed.is_set():
            try:
                self._last.wait_for_publish(1.0)
            except (RuntimeError, ValueError):
                pass
        self._client.disconnect()
        self.closed.wait(1.0)  # set by the client's thread, which then ends
        self.closed.set()

    def _wishes(self) -> Properties:
        wishes = Properties(PacketTypes.CONNECT)
        wishes.SessionExpiryInterval = 0
        wishes.MaximumPacketSize = LONGEST
        return wishes

    def _without_delay(self, client: mqtt.Client, userdata: Any, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _connected(self, client: mqtt.Client, userdata: Any, flags: Any, code: Any, properties: Any = None) -> None:
        number = int(getattr(code, "value", code))
        if number != mqtt.CONNACK_ACCEPTED:
            self.code = number
            self._fail(f"the broker refuses the connection: {mqtt.connack_string(number) if number < 128 else code}")
            return
        self.greeted = True
        # paho ignores the broker's limits: more unacknowledged or larger messages would end the connection.
        client.max_inflight_messages_set(min(200, getattr(properties, "ReceiveMaximum", 200)))
        self._largest = getattr(properties, "MaximumPacketSize", self._largest)
        how: Any = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND) if self.level == 5 else 1
        client.subscribe([(self._topics + channel, how) for channel in DOWN])

    def _subscribed(self, client: mqtt.Client, userdata: Any, mid: int, granted: Any, properties: Any = None) -> None:
        if any(int(getattr(it, "value", it)) > 2 for it in granted):
            self._fail("the broker refuses a subscription")
            return
        self._listener.opened(self)
        self._answered.set()

    def _message(self, client: mqtt.Client, userdata: Any, message: mqtt.MQTTMessage) -> None:
        if message.topic.startswith(self._topics):
            self._listener.heard(message.topic[len(self._topics) :], message.payload)

    def _disconnected(self, client: _Client, userdata: Any, code: Any, properties: Any = None) -> None:
        self.code = self.code or client.farewell
        lost = int(getattr(code, "value", code)) != mqtt.MQTT_ERR_SUCCESS
        self.silent = lost and not self.greeted and self.code is None
        self.sent_away = self.greeted and self.code is None and code == mqtt.MQTT_ERR_CONN_LOST
        if not self._failure:
            why = f"the broker ended the link: {self.code:#x}" if self.code else "the link broke"
            self._failure = LinkFailed(why)
        self.refused = wants_renewal(self.code)
        self.closed.set()
        self._answered.set()

    def _fail(self, why: str) -> None:
        self._failure = LinkFailed(why)
        self.refused = wants_renewal(self.code)
        self._answered.set()


class HttpsLink:
    """A link over HTTPS: one request waits for messages at all times, a second one sends messages."""

    transport = "https"

    def __init__(self, name: str, credentials: Identity, address: str, ca: str | None, listener: Listener) -> None:
        self.session = name
        self.closed, self.refused = threading.Event(), False
        self.replaced = False
        """Whether another session with this address has taken over."""
        self._listener, self._credentials = listener, credentials
        self._asking = Web(address, ca, LONGEST_WAIT + 10)
        self._saying = Web(address, ca, PATIENCE)
        self._outgoing: queue.SimpleQueue[tuple[str, Message] | None] = queue.SimpleQueue()
        self._sender: threading.Thread | None = None

    def open(self) -> None:
        try:
            heard = self._exchange(self._saying, [], 0)
        except LinkFailed:
            self._end()
            raise
        self._listener.opened(self)
        self._hand_over(heard)
        self._sender = threading.Thread(target=self._say, name="https-say", daemon=True)
        self._sender.start()
        threading.Thread(target=self._ask, name="https-ask", daemon=True).start()

    def send(self, channel: str, message: Message) -> None:
        self._outgoing.put((channel, message))

    def close(self) -> None:
        self._outgoing.put(None)
        if self._sender:
            self._sender.join(2.0)
        self._end()

    def _end(self) -> None:
        self.closed.set()
        self._outgoing.put(None)
        self._asking.abort()

    def _ask(self) -> None:
        while not self.closed.is_set():
            try:
                self._hand_over(self._exchange(self._asking, [], LONGEST_WAIT))
            except LinkFailed as failure:
                self._broken(failure)

    def _say(self) -> None:
        while not self.closed.is_set():
            first = self._outgoing.get()
            if first is None:
                return
            batch, last = [first], False
            while len(batch) < MOST_AT_ONCE and not self._outgoing.empty():
                following = self._outgoing.get()
                if following is None:
                    last = True
                    break
                batch.append(following)
            try:
                self._hand_over(self._exchange(self._saying, batch, 0))
            except LinkFailed as failure:
                self._broken(failure)
            if last:
                return

    def _broken(self, failure: LinkFailed) -> None:
        if not self.closed.is_set():
            log.warning("the link over HTTPS broke: %s", failure)
        self._end()

    def _exchange(self, web: Web, batch: list[tuple[str, Message]], wait: int) -> list[Any]:
        session = self._credentials.current()
        if session is None:
            raise LinkFailed("stopped")
        body: Message = {
            "session": self.session,
            "messages": [{"channel": channel, "message": message} for channel, message in batch],
        }
        if wait:
            body["wait_seconds"] = wait
        try:
            answer = web.post("/v1/device/messages", body, {"Authorization": session.authorization})
        except Refused as refusal:
            self.refused, self.replaced = refusal.status == 401, refusal.status == 409
            raise LinkFailed(str(refusal)) from refusal
        except NoAnswer as failure:
            raise LinkFailed(str(failure)) from failure
        messages = answer.get("messages")
        return messages if isinstance(messages, list) else []

    def _hand_over(self, messages: list[Any]) -> None:
        for it in messages:
            if isinstance(it, dict) and isinstance(it.get("channel"), str):
                self._listener.heard(it["channel"], json.dumps(it.get("message")).encode())

