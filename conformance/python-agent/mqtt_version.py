"""The choice of the MQTT version, and the meaning of a broker's codes. Brokers that support 3.1.1 only refuse 5."""

from __future__ import annotations

from urllib.parse import urlsplit

LEVELS = {"5": 5, "3.1.1": 4}
SILENCES_TO_FORGET = 3

TAKEN_OVER = 0x8E

# The reactions to codes; return codes of 3.1.1 are below 128.
_RENEW = {4, 5, 0x86, 0x87, 0x9C, 0x9D}
_OTHER_VERSION = {1, 0x84}
_STAND_BACK = {0x88, 0x89, 0x8A, TAKEN_OVER, 0x97, 0x9F}


def wants_renewal(code: int | None) -> bool:
    """Whether to request a new token: not authorized, or the broker has moved.

    The new URL comes from the server only.
    """
    return code in _RENEW


def wants_room(code: int | None) -> bool:
    """Whether to pause longer: the broker is busy, or another device with this address has taken over."""
    return code in _STAND_BACK


def wants_other_version(code: int | None, level: int) -> bool:
    # MQTT 5 has no refusals below 128: the broker speaks 3.1.1.
    return code in _OTHER_VERSION or (level == 5 and code is not None and code < 128)


class VersionChoice:
    """Remembers the version in which each broker answered last.

    The other version is tried once, then the usual pause follows.
    """

    def __init__(self, wanted: str) -> None:
        self._fixed = LEVELS.get(wanted)
        self._address = ""
        self._other_level: int | None = None
        self._known_levels: dict[str, int] = {}
        self._silences = 0

    def begin(self, url: str) -> int:
        self._address = urlsplit(url).netloc
        return self._fixed or self._other_level or self._known_levels.get(self._address, 5)

    def ended(self, level: int, code: int | None, greeted: bool, silent: bool) -> bool:
        """Called with the end of each connection. Returns True to try the other version at once."""
        if silent:
            return self._silent(level)
        if not greeted and wants_other_version(code, level):
            return self._switch_version(level)
        if greeted or code is not None:
            self._known_levels[self._address] = level
            self._silences = 0
        self._other_level = None
        return False

    def _silent(self, level: int) -> bool:
        """The broker closed the connection without a CONNACK, as RabbitMQ before 3.13 does."""
        if self._known_levels.get(self._address) == level:
            self._silences += 1
            if self._silences < SILENCES_TO_FORGET:
                return False
        return self._switch_version(level)

    def _switch_version(self, level: int) -> bool:
        self._known_levels.pop(self._address, None)
        self._silences = 0
        has_switched = self._other_level is not None
        self._other_level = None if has_switched or self._fixed else 9 - level
        return self._other_level is not None
