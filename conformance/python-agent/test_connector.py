"""Pauses before the agent connects again, when another device with its address may have taken over."""

from __future__ import annotations

import threading
import unittest
from typing import Any
from unittest import mock

from connector import Connector
from links import HttpsLink, MqttLink
from mqtt_version import VersionChoice


def link_of(kind: type, **what: Any) -> mock.Mock:
    """A link that was open and has ended."""
    link = mock.Mock(spec=kind, refused=False, level=4, code=None, greeted=True, silent=False, **what)
    link.closed = threading.Event()
    link.closed.set()
    return link


class ConnectorTest(unittest.TestCase):
    def setUp(self) -> None:
        self.now = 0.0
        clock = mock.patch("connector.time.monotonic", lambda: self.now)
        clock.start()
        self.addCleanup(clock.stop)
        self.connector = Connector(mock.Mock(), "auto", VersionChoice("3.1.1"), None, mock.Mock(), threading.Event())

    def pauses_after(self, link: mock.Mock, lives: list[float]) -> list[float]:
        """Returns the pauses after links that live that long; the server answers on each."""
        pauses: list[float] = []
        remaining = list(lives)

        def live() -> None:
            self.now += remaining.pop(0)
            self.connector.welcomes += 1

        link.open.side_effect = live
        stopping = mock.Mock()
        stopping.is_set.side_effect = lambda: not remaining
        stopping.wait.side_effect = pauses.append
        self.connector._keep("mqtt", lambda _: link, stopping)
        return pauses

    def assert_within(self, pauses: list[float], longest: list[float]) -> None:
        self.assertEqual(len(pauses), len(longest))
        for pause, most in zip(pauses, longest):
            self.assertTrue(most / 2 <= pause <= most, f"{pauses} instead of {longest}")

    def test_a_link_that_the_broker_ends_without_a_word_time_and_again(self) -> None:
        link = link_of(MqttLink, sent_away=True)
        pushed = self.pauses_after(link, [9.0] * 8 + [121.0])
        self.assert_within(pushed, [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0, 0.2])

    def test_https_does_not_stand_in_for_a_device_that_was_pushed_out(self) -> None:
        self.pauses_after(link_of(MqttLink, sent_away=True), [9.0] * 3)
        with mock.patch("connector.threading.Thread") as thread:
            self.connector._fall_back("mqtt", 3)
            thread.assert_not_called()
            self.now += 75.0
            self.connector._fall_back("mqtt", 3)
            thread.assert_called_once()

    def test_a_link_that_breaks(self) -> None:
        self.assert_within(self.pauses_after(link_of(MqttLink, sent_away=False), [9.0] * 6), [0.2] * 6)

    def test_a_session_over_https_that_another_one_replaces(self) -> None:
        link = link_of(HttpsLink, replaced=True)
        self.assert_within(self.pauses_after(link, [9.0] * 5 + [121.0]), [5.0, 10.0, 20.0, 40.0, 60.0, 5.0])

    def test_connections_are_named_by_one_run(self) -> None:
        names = [self.connector._next_name() for _ in range(3)]
        runs, numbers = zip(*(name.rsplit(".", 1) for name in names))
        self.assertEqual((len(set(runs)), numbers), (1, ("1", "2", "3")))


if __name__ == "__main__":
    unittest.main()
