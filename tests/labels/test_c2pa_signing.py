"""C2PA manifests by a certificate of the user's own, validated by the package itself."""

from __future__ import annotations

import datetime as dt
import sys

import pytest

from facechain_ext.errors import InputError
from facechain_ext.labels import Label, labelled_packet, read_packet, write_packet
from facechain_ext.labels.c2pa_signing import read_manifest, sign
from tests.labels.pictures import encoded

PACKET = labelled_packet(Label("compositeWithTrainedAlgorithmicMedia"))


@pytest.fixture(scope="module")
def certificate():
    """A chain of two certificates, as C2PA wants it, and the key of the first."""
    pytest.importorskip("c2pa")
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def name(text):
        return x509.Name(
            [x509.NameAttribute(NameOID.COMMON_NAME, text), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test")]
        )

    def build(subject, issuer, key, issuer_key, *, ca):
        now = dt.datetime.now(dt.timezone.utc)
        usage = x509.KeyUsage(
            digital_signature=not ca, key_cert_sign=ca, crl_sign=ca, content_commitment=False, key_encipherment=False,
            data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        builder = (
            x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer))
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        )  # fmt: skip
        if not ca:
            builder = builder.add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
            )
        return builder.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    root, leaf = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    chain = build("leaf", "root", leaf, root, ca=False) + build("root", "root", root, root, ca=True)
    key = leaf.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return chain, key


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF"])
def test_a_signed_file_validates_and_keeps_its_label(kind, certificate):
    content = write_packet(encoded(kind), PACKET)
    signed = sign(content, PACKET, *certificate)
    store = read_manifest(signed)
    assert store["validation_state"] == "Valid"  # "Trusted" only for certificates of C2PA's list
    manifest = store["manifests"][store["active_manifest"]]
    (actions,) = [one["data"]["actions"] for one in manifest["assertions"] if one["label"].startswith("c2pa.actions")]
    assert actions[0]["action"] == "c2pa.created"
    assert actions[0]["digitalSourceType"].endswith("/compositeWithTrainedAlgorithmicMedia")
    assert read_packet(signed) == PACKET


def test_a_change_after_signing_is_noticed(certificate):
    signed = bytearray(sign(write_packet(encoded("JPEG"), PACKET), PACKET, *certificate))
    signed[-40] ^= 1
    assert read_manifest(bytes(signed))["validation_state"] == "Invalid"


def test_a_wrong_key_is_refused_with_a_sentence(certificate):
    with pytest.raises(InputError, match="cannot be signed"):
        sign(write_packet(encoded("PNG"), PACKET), PACKET, certificate[0], b"no key")


def test_without_the_package_the_sentence_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "c2pa", None)  # as if it were not installed
    with pytest.raises(InputError, match=r"c2pa-python\. Run: pip install.*c2pa"):
        sign(encoded("PNG"), PACKET, b"", b"")
    assert read_manifest(encoded("PNG")) is None
