"""Releases: comparing versions, and verifying signatures by the keys that the device was given."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from itertools import zip_longest
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

_PEM = re.compile(rb"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----", re.DOTALL)

# A number or a word in a form that compares: words come before numbers, and a missing part counts as 0.
Part = tuple[int, int, str]
_MISSING: Part = (1, 0, "")


def _parts(text: str) -> list[Part]:
    found = re.findall(r"[0-9]+|[^0-9.\-_]+", text)
    return [(1, int(it), "") if it.isdigit() else (0, 0, it.casefold()) for it in found]


def _compare(one: str, other: str) -> int:
    for left, right in zip_longest(_parts(one), _parts(other), fillvalue=_MISSING):
        if left != right:
            return 1 if left > right else -1
    return 0


def is_newer(version: str, than: str) -> bool:
    one, one_before, one_pre = version.partition("+")[0].partition("-")
    other, other_before, other_pre = than.partition("+")[0].partition("-")
    release = _compare(one, other)
    if release:
        return release > 0
    if bool(one_before) != bool(other_before):
        return not one_before  # a pre-release comes before its release
    return _compare(one_pre, other_pre) > 0


def from_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def thumbprint(public: bytes) -> str:
    """Returns the JWK thumbprint of a key (RFC 7638), by which the manifest names the signing key."""
    x = base64.urlsafe_b64encode(public).rstrip(b"=").decode()
    canonical = json.dumps({"crv": "Ed25519", "kty": "OKP", "x": x}, separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(hashlib.sha256(canonical.encode()).digest()).rstrip(b"=").decode()


_PRIME = 2**255 - 19
# The y coordinates of the points of small order, as libsodium's ge25519_has_small_order lists them.
_SMALL_ORDER = {0, 1, _PRIME - 1} | {
    int.from_bytes(bytes.fromhex(it), "little")
    for it in (
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    )
}


def is_weak(public: bytes) -> bool:
    """Whether a key must not be trusted: of small order, where a signature proves nothing, or not canonical."""
    if len(public) != 32:
        return True
    y = int.from_bytes(public, "little") & (2**255 - 1)  # the highest bit is the sign of x
    return y >= _PRIME or y in _SMALL_ORDER


class ReleaseKeys:
    """The public keys that the device was given, by their thumbprints. The file is PEM, a JWK or a JWK set."""

    def __init__(self, file: Path | None) -> None:
        publics: list[bytes] = []
        content = file.read_bytes() if file else b'{"keys":[]}'
        if b"-----BEGIN" in content:
            for pem in _PEM.findall(content):
                key = load_pem_public_key(pem)
                if isinstance(key, Ed25519PublicKey):
                    publics.append(key.public_bytes(Encoding.Raw, PublicFormat.Raw))
        else:
            value = json.loads(content)
            jwks = value if isinstance(value, list) else value.get("keys", [value])
            publics = [from_base64url(it["x"]) for it in jwks if it.get("crv") == "Ed25519"]
        if file and not publics:
            raise ValueError(f"{file} holds no public Ed25519 key")
        if any(is_weak(it) for it in publics):
            raise ValueError(f"{file} holds a weak key: anybody can sign for it")
        self._keys = {thumbprint(it): Ed25519PublicKey.from_public_bytes(it) for it in publics}

    def knows(self, key_id: str) -> bool:
        return key_id in self._keys

    def verifies(self, key_id: str, signature: str, model: str, version: str, size: int, sha256: str) -> bool:
        signed = f"tillkeeper-release-v1\n{model}\n{version}\n{size}\n{sha256}\n"
        try:
            self._keys[key_id].verify(from_base64url(signature), signed.encode())
        except (InvalidSignature, ValueError):
            return False
        return True
