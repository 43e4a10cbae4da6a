"""Certificates are read when a connection needs them."""

import gc
import ssl
import weakref
from datetime import UTC, datetime, timedelta

import certifi
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pytest_llmtrace._capture.wire.lazy_tls import lazy_certificates


@pytest.fixture
def authority(tmp_path):
    """A certificate of `localhost` that signs itself, as a bundle and with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    plain = serialization.NoEncryption()
    (tmp_path / "ca.pem").write_bytes(pem)
    (tmp_path / "both.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain) + pem
    )
    return tmp_path


def handshake(client, certificate):
    """Shake hands in memory; raises what the client finds wrong."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate)
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = client.wrap_bio(down, up, server_hostname="localhost")
    there = server.wrap_bio(up, down, server_side=True)
    for _ in range(5):
        for side in (here, there):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return here.version()


def trusting(folder):
    """A context as HTTP clients make it; not by `ssl.create_default_context`, which test suites patch to save time."""
    return context_of(str(folder / "ca.pem"))


def context_of(cafile=None, **more):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.load_verify_locations(cafile, **more)
    return made


def test_only_the_first_client_reads_the_certificates(authority):
    """A later one reads them when something depends on them, and then it is as if it had read them at once."""
    with lazy_certificates():
        first, second = trusting(authority), trusting(authority)
        waiting = [bool(vars(one)) for one in (first, second)]
    assert (waiting, len(second.get_ca_certs()), vars(second)) == ([False, True], 1, {})
    assert second.cert_store_stats() == first.cert_store_stats()


def test_a_real_connection_trusts_the_bundle_and_nothing_else(authority):
    """The handshake succeeds with a certificate of the bundle, and fails with another one, as it would."""
    with lazy_certificates():
        for _ in range(2):
            assert handshake(trusting(authority), authority / "both.pem") == "TLSv1.3"
            with pytest.raises(ssl.SSLCertVerificationError):
                handshake(context_of(certifi.where()), authority / "both.pem")


def test_a_bundle_that_changed_is_read_and_one_that_is_gone_is_remembered(authority):
    """A context trusts what its bundle said when it was made; a file that is missing is an error at once."""
    with lazy_certificates():
        trusting(authority)
        late = trusting(authority)
        (authority / "ca.pem").write_text("nothing")
        with pytest.raises(ssl.SSLError):
            trusting(authority)
        (authority / "ca.pem").unlink()
        with pytest.raises(FileNotFoundError):
            trusting(authority)
        assert handshake(late, authority / "both.pem") == "TLSv1.3"


def test_contexts_of_others_and_certificates_as_text_are_read_at_once(authority):
    """Libraries have subclasses that encrypt in their own ways."""

    class Other(ssl.SSLContext):
        pass

    with lazy_certificates():
        made = [Other(ssl.PROTOCOL_TLS_CLIENT) for _ in range(2)]
        for one in made:
            one.load_verify_locations(str(authority / "ca.pem"))
        made += [context_of(cadata=(authority / "ca.pem").read_text()) for _ in range(2)]
    assert [(vars(one), len(one.get_ca_certs())) for one in made] == [({}, 1)] * 4


def test_a_context_goes_away_with_its_client(authority):
    """What is put off holds nothing alive."""
    with lazy_certificates():
        trusting(authority)
        context = trusting(authority)
    gone = weakref.ref(context)
    gc.disable()
    try:
        del context
        assert gone() is None
    finally:
        gc.enable()


def test_nothing_is_put_off_afterwards():
    """When the run is over, Python's own method is back."""
    with lazy_certificates():
        pass
    assert "load_verify_locations" not in vars(ssl.SSLContext)
