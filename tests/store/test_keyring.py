"""Values at rest (A6): an envelope opens with its key, in its row, and nowhere else."""

import pytest

from daytwo_store.keyring import KeyId, KeyRing, NotSealed, Row, SealBroken, UnknownKey, derived

OLD, NEW = KeyId("k-old"), KeyId("k-new")
RING = KeyRing(NEW, {OLD: b"o" * 32, NEW: b"n" * 32})
HERE = Row(purpose="input", identity=("s_1", "r_1", "password"))


def test_what_was_sealed_opens_and_names_its_key() -> None:
    kid, envelope = RING.seal("pässword".encode(), HERE)
    assert kid == NEW
    assert RING.open(envelope, HERE) == "pässword".encode()
    assert b"ssword" not in envelope
    assert envelope != RING.seal("pässword".encode(), HERE)[1], "a nonce is never used twice"


@pytest.mark.parametrize(
    "there",
    [
        Row(purpose="credential", identity=("s_1", "r_1", "password")),
        Row(purpose="input", identity=("s_2", "r_1", "password")),
        Row(purpose="input", identity=("s_1", "r_2", "password")),
        Row(purpose="input", identity=("s_1", "r_1", "other")),
        Row(purpose="input", identity=("s_1", "r_1p", "assword")),
    ],
    ids=("purpose", "row", "run", "field", "border"),
)
def test_it_does_not_open_in_another_row(there: Row) -> None:
    _, envelope = RING.seal(b"password", HERE)
    with pytest.raises(SealBroken):
        RING.open(envelope, there)


def test_every_changed_byte_is_noticed() -> None:
    _, envelope = RING.seal(b"password", HERE)
    for at in range(len(envelope)):
        changed = envelope[:at] + bytes([envelope[at] ^ 1]) + envelope[at + 1 :]
        with pytest.raises((SealBroken, NotSealed, UnknownKey)):
            RING.open(changed, HERE)
    for end in range(len(envelope)):
        with pytest.raises((SealBroken, NotSealed, UnknownKey)):
            RING.open(envelope[:end], HERE)


@pytest.mark.parametrize("plain", [b"", b"password", b"\x00daytwo\x01", b"\x00daytwo\x01\x05k-new", b"{}" * 100])
def test_what_is_not_encrypted_is_refused(plain: bytes) -> None:
    with pytest.raises(NotSealed, match="is not encrypted"):
        RING.open(plain, HERE)


def test_a_key_that_is_missing_is_named_and_can_come_back() -> None:
    _, envelope = KeyRing(OLD, RING.keys).seal(b"password", HERE)
    with pytest.raises(UnknownKey, match="k-old") as missing:
        KeyRing(NEW, {NEW: RING.keys[NEW]}).open(envelope, HERE)
    assert missing.value.retryable
    assert RING.open(envelope, HERE) == b"password"
    with pytest.raises(UnknownKey, match="No key is configured"):
        KeyRing(None, {}).seal(b"password", HERE)


def test_keys_stand_in_no_text() -> None:
    ring = derived(b"d" * 32)
    assert "dddd" not in repr(ring)
    assert ring.active != derived(b"e" * 32).active, "another secret file is another key"
