import pytest

from auscult.evidence.ballots import BallotLeaf, is_nonce
from auscult.evidence.canonical import canonical_json, digest
from auscult.evidence.signatures import is_signed, key_fingerprint, load_signing_key, public_key_text, sign

KEY = load_signing_key(bytes(range(32)))


def test_the_order_of_keys_and_the_form_of_numbers_do_not_matter():
    assert canonical_json({"b": 1.0, "a": "é"}) == '{"a":"é","b":1}'.encode()
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**60, {1: "key"}, object()])
def test_what_has_no_canonical_form_is_refused(value):
    with pytest.raises((ValueError, TypeError)):
        canonical_json({"x": value} if not isinstance(value, dict) else value)


def test_a_signature_holds_for_this_value_and_this_key_only():
    value = {"tree_size": 3}
    signature = sign(value, KEY)
    assert is_signed(value, signature, public_key_text(KEY))
    assert not is_signed({"tree_size": 4}, signature, public_key_text(KEY))
    other = public_key_text(load_signing_key(bytes(32)))
    assert not is_signed(value, signature, other)
    assert not is_signed(value, "no base64!", public_key_text(KEY))
    assert key_fingerprint(other) != key_fingerprint(public_key_text(KEY))


def test_a_leaf_hides_its_choice_behind_its_nonce():
    one = BallotLeaf("f", "q1", "yes", "0" * 32)
    two = BallotLeaf("f", "q1", "yes", "1" * 32)
    assert one.hash() != two.hash()
    assert is_nonce(one.nonce)
    assert not is_nonce("g" * 32)
    assert not is_nonce("0" * 31)
