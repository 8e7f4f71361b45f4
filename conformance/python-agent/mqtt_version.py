"""Which version of MQTT to speak, and what a broker means by its codes. Brokers that know 3.1.1 only refuse 5."""

from __future__ import annotations

from urllib.parse import urlsplit

LEVELS = {"5": 5, "3.1.1": 4}
SILENCES_TO_FORGET = 3

TAKEN_OVER = 0x8E

# What to do about a code: those of 3.1.1 are below 128.
_RENEW = {4, 5, 0x86, 0x87, 0x9C, 0x9D}
_OTHER_VERSION = {1, 0x84}
_STAND_BACK = {0x88, 0x89, 0x8A, TAKEN_OVER, 0x97, 0x9F}


def wants_renewal(code: int | None) -> bool:
    """Not authorized; or it has moved, and the server says where to, not the broker."""
    return code in _RENEW


def wants_room(code: int | None) -> bool:
    """The broker has too much to do, or another device has come as this one."""
    return code in _STAND_BACK


def wants_other_version(code: int | None, level: int) -> bool:
    # MQTT 5 has no refusals below 128: this is a broker of 3.1.1.
    return code in _OTHER_VERSION or (level == 5 and code is not None and code < 128)


class VersionChoice:
    """Remembers what the broker at an address spoke last. The other version is tried once, then the usual pause follows."""

    def __init__(self, wanted: str) -> None:
        self._fixed = LEVELS.get(wanted)
        self._address = ""
        self._instead: int | None = None
        self._spoken: dict[str, int] = {}
        self._silences = 0

    def begin(self, url: str) -> int:
        self._address = urlsplit(url).netloc
        return self._fixed or self._instead or self._spoken.get(self._address, 5)

    def ended(self, level: int, code: int | None, greeted: bool, silent: bool) -> bool:
        """Told how each connection ended. True: try the other version at once."""
        if silent:
            return self._silent(level)
        if not greeted and wants_other_version(code, level):
            return self._turn(level)
        if greeted or code is not None:
            self._spoken[self._address] = level
            self._silences = 0
        self._instead = None
        return False

    def _silent(self, level: int) -> bool:
        """The broker closed the connection and had not said a word, as RabbitMQ before 3.13 does."""
        if self._spoken.get(self._address) == level:
            self._silences += 1
            if self._silences < SILENCES_TO_FORGET:
                return False
        return self._turn(level)

    def _turn(self, level: int) -> bool:
        self._spoken.pop(self._address, None)
        self._silences = 0
        turned = self._instead is not None
        self._instead = None if turned or self._fixed else 9 - level
        return self._instead is not None
