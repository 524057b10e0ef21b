"""An authority of our own and what it signs, made anew for each run: P-256, as SGP.22 §2.6.6 wants."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Pair:
    """Files with a certificate and its key, in PEM."""

    cert: str
    key: str


class Authority:
    """Signs what is asked of it, into files of one directory."""

    def __init__(self, directory, name):
        self._directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        self._certificate = self._signed(self._name, self._key, is_authority=True)
        self.file = str(directory / f"{name}.pem")
        (directory / f"{name}.pem").write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, name):
        """Return a pair that serves on the loopback interface, and that a client may show."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._signed(_name(name), key, is_authority=False)
        pair = Pair(*(str(self._directory / f"{name}.{part}.pem") for part in ("cert", "key")))
        (self._directory / f"{name}.cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        (self._directory / f"{name}.key.pem").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return pair

    def _signed(self, name, key, *, is_authority):
        now = datetime.now(tz=UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - DAY)
            .not_valid_after(now + DAY)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if is_authority:
            usage = x509.KeyUsage(**{**NO_USE, "key_cert_sign": True, "crl_sign": True})
            builder = builder.add_extension(usage, critical=True)
        else:
            names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1")), x509.DNSName("localhost")])
            both_ways = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
            builder = builder.add_extension(names, critical=False).add_extension(both_ways, critical=False)
        return builder.sign(self._key, hashes.SHA256())


NO_USE = dict.fromkeys(
    (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    ),
    False,
)


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
