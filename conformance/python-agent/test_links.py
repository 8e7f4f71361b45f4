"""The link over MQTT 5, against a broker whose answers the tests set byte by byte."""

from __future__ import annotations

import base64
import json
import re
import socket
import threading
import time
import unittest

from unittest import mock

from agent import Agent
from links import HttpsLink, Link, LinkFailed, MqttLink
from password import session_of
from web import NoAnswer, Refused

SUBACK = [0x90, 9, 0, 1, 0, 1, 1, 1, 1, 1, 1]
ADDRESS = "T12345678-T0001-D3632400"
ACCEPTED = [0x20, 3, 0, 0, 0]


class ScriptedBroker:
    """Answers CONNECT and the first SUBSCRIBE, records every PUBLISH, and acknowledges none."""

    def __init__(self, connack: list[int] | None) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.published: list[bytes] = []
        self.connected_with, self.subscribed_to = b"", b""
        self.level: int | None = None
        self._connack = connack
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def say(self, *packet: int) -> None:
        assert self._socket
        self._socket.sendall(bytes(packet))

    def cut(self) -> None:
        assert self._socket
        self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()
        if self._socket:
            self._socket.close()

    def _serve(self) -> None:
        self._socket, _ = self._listener.accept()
        with self._socket.makefile("rb") as stream:
            while head := stream.read(1):
                length, shift = 0, 0
                while True:
                    digit = stream.read(1)[0]
                    length, shift = length + ((digit & 127) << shift), shift + 7
                    if digit < 128:
                        break
                body = stream.read(length)
                if head[0] >> 4 == 1:
                    self.level, self.connected_with = body[6], body
                    if self._connack is None:
                        self._socket.shutdown(socket.SHUT_RDWR)
                        return
                    self.say(*self._connack)
                elif head[0] >> 4 == 8:
                    self.subscribed_to = body
                    self.say(*SUBACK)
                elif head[0] >> 4 == 3:
                    self.published.append(body)


def password_answer(url: str) -> dict[str, str]:
    who = {"terminal_id": "T12345678-T0001", "address": ADDRESS, "username": ADDRESS, "client_id": ADDRESS}
    return {**who, "mqtt_url": url, "password": "secret"}


def texts(body: bytes) -> list[str]:
    """The parts of a packet that have the form of an address or a topic."""
    return [it.decode() for it in re.findall(rb"(?:tillkeeper/v1/)?T\d{8}-T\d{4}(?:-D\d+)?(?:/[a-z_#+]+)?", body)]


class Heard:
    def __init__(self) -> None:
        self.messages: list[tuple[str, dict]] = []

    def opened(self, link: Link) -> None:
        pass

    def heard(self, channel: str, payload: bytes) -> None:
        self.messages.append((channel, json.loads(payload)))


class LinkOfChoiceTest(unittest.TestCase):
    """The choice between two links when HTTPS connects just after MQTT did."""

    def setUp(self) -> None:
        self.agent = Agent.__new__(Agent)
        self.agent._link, self.agent._links, self.agent._terminal_id = None, [], "T12345678-T0001"
        self.agent._outdated = False
        self.agent._rules, self.agent._inbox = mock.Mock(), mock.Mock()
        self.events: list[str] = []
        self.agent.emit = lambda event, **fields: self.events.append(" ".join([event, fields.get("transport", "")]))

    def link(self, transport: str) -> mock.Mock:
        link = mock.Mock(transport=transport, session=transport)
        self.agent._take_link(link)
        return link

    def test_mqtt_stays(self) -> None:
        mqtt, https = self.link("mqtt"), self.link("https")
        self.agent.send("heartbeat", {})
        mqtt.send.assert_called_once()
        self.agent._lose_link(https)
        self.agent.send("heartbeat", {})
        self.assertEqual([mqtt.send.call_count, https.send.call_count], [2, 0])
        self.assertEqual(self.events, ["connected mqtt"])

    def test_https_goes_on_when_mqtt_breaks_and_mqtt_takes_over_when_it_is_back(self) -> None:
        first, https = self.link("mqtt"), self.link("https")
        self.agent._lose_link(first)
        self.agent.send("heartbeat", {})
        https.send.assert_called_once()
        second = self.link("mqtt")
        self.agent._lose_link(https)
        self.agent.send("heartbeat", {})
        second.send.assert_called_once()
        self.assertEqual(self.events, ["connected mqtt", "disconnected ", "connected https", "connected mqtt"])


class MqttLinkTest(unittest.TestCase):
    def link(self, connack: list[int] | None, level: int = 5) -> tuple[MqttLink, ScriptedBroker, Heard]:
        broker, listener = ScriptedBroker(connack), Heard()
        self.addCleanup(broker.close)
        url = f"mqtt://127.0.0.1:{broker.port}"
        session = session_of(password_answer(url), "http://127.0.0.1")
        link = MqttLink("run.1", session, level, None, listener)
        self.addCleanup(link.close)
        return link, broker, listener

    def refused(self, connack: list[int] | None, level: int = 5) -> MqttLink:
        link, broker, _ = self.link(connack, level)
        with self.assertRaises(LinkFailed):
            link.open()
        self.assertEqual(broker.level, level)
        return link

    def test_it_knows_how_a_broker_refuses_the_version(self) -> None:
        in_so_many_words = self.refused([0x20, 2, 0, 1])
        self.assertEqual((in_so_many_words.code, in_so_many_words.silent), (0x84, False))
        without_a_word = self.refused(None)
        self.assertEqual((without_a_word.code, without_a_word.silent), (None, True))

    def test_it_knows_why_it_is_refused(self) -> None:
        link = self.refused([0x20, 3, 0, 0x87, 0])
        self.assertEqual((link.code, link.refused, link.silent), (0x87, True, False))
        old = self.refused([0x20, 2, 0, 5], 4)
        self.assertEqual((old.code, old.refused), (5, True))

    def test_it_knows_why_it_is_sent_away_though_the_broker_says_no_more_than_a_code(self) -> None:
        for packet in ([0xE0, 1, 0x8E], [0xE0, 2, 0x8E, 0]):
            link, broker, _ = self.link(ACCEPTED)
            link.open()
            broker.say(*packet)
            broker.close()
            self.assertTrue(link.closed.wait(5))
            self.assertEqual((link.code, link.refused, link.greeted), (0x8E, False, True))

    def test_it_knows_that_it_is_sent_away_without_a_word(self) -> None:
        link, broker, _ = self.link(ACCEPTED)
        link.open()
        broker.cut()
        self.assertTrue(link.closed.wait(5))
        self.assertEqual((link.code, link.sent_away, link.silent), (None, True, False))
        own = self.link(ACCEPTED)[0]
        own.open()
        own.close()
        self.assertFalse(own.sent_away)

    def test_it_has_no_more_under_way_than_the_broker_takes(self) -> None:
        link, broker, _ = self.link([0x20, 6, 0, 0, 3, 0x21, 0, 3])
        link.open()
        for _ in range(10):
            link.send("delivered", {})
        self.wait_for(lambda: len(broker.published) == 3)
        broker.say(0x40, 2, 0, 2)
        self.wait_for(lambda: len(broker.published) == 4)

    def test_what_is_too_large_for_the_broker_is_not_sent_and_the_link_lives_on(self) -> None:
        link, broker, _ = self.link([0x20, 8, 0, 0, 5, 0x27, 0, 0, 8, 0])
        link.open()
        link.send("result", {"operation_id": "one", "result": "x" * 2048})
        link.send("result", {"operation_id": "two", "result": "x" * 1024})
        self.wait_for(lambda: len(broker.published) == 1)
        self.assertIn(b"two", broker.published[0])
        self.assertFalse(link.closed.is_set())

    def test_a_sign_of_life_may_be_thrown_away_and_a_report_never(self) -> None:
        link, broker, _ = self.link(ACCEPTED)
        link.open()
        link.send("probe_answer", {})
        link.send("result", {})
        self.wait_for(lambda: len(broker.published) == 2)
        expiring = [bytes([5, 2, 0, 0, 0, 3]) in it for it in broker.published]
        self.assertEqual(expiring, [True, False])

    def test_user_name_client_id_and_topics_are_the_address(self) -> None:
        link, broker, _ = self.link(ACCEPTED)
        link.open()
        link.send("hello", {})
        self.wait_for(lambda: len(broker.published) == 1)
        topics = f"tillkeeper/v1/{ADDRESS}/"
        self.assertEqual(texts(broker.connected_with), [ADDRESS, topics + "gone", ADDRESS])
        down = ["welcome", "command", "receipt", "cancel", "memory", "rejection", "probe"]
        self.assertEqual(texts(broker.subscribed_to), [topics + it for it in down])
        self.assertEqual(texts(broker.published[0]), [topics + "hello"])

    def test_over_https_a_password_goes_with_the_address(self) -> None:
        session = session_of(password_answer("mqtt://127.0.0.1"), "http://127.0.0.1")
        identity = mock.Mock(current=lambda: session)
        with mock.patch("links.Web") as web:
            web.return_value.post.side_effect = NoAnswer("away")
            with self.assertRaises(LinkFailed):
                HttpsLink("run.1", identity, session.https_url, None, Heard()).open()
            _, _, headers = web.return_value.post.call_args.args
        basic = headers["Authorization"].removeprefix("Basic ")
        self.assertEqual(base64.b64decode(basic).decode(), f"{ADDRESS}:secret")

    def test_over_https_it_knows_that_another_session_has_its_place(self) -> None:
        session = session_of(password_answer("mqtt://127.0.0.1"), "http://127.0.0.1")
        identity = mock.Mock(current=lambda: session)
        for status, expected in ((409, (False, True)), (401, (True, False))):
            with mock.patch("links.Web") as web:
                web.return_value.post.side_effect = Refused(status, "code", "message", None)
                link = HttpsLink("run.1", identity, session.https_url, None, Heard())
                with self.assertRaises(LinkFailed):
                    link.open()
            self.assertEqual((link.refused, link.replaced), expected)

    def wait_for(self, condition) -> None:
        ends = time.monotonic() + 5
        while not condition():
            self.assertLess(time.monotonic(), ends)
            time.sleep(0.005)


if __name__ == "__main__":
    unittest.main()
