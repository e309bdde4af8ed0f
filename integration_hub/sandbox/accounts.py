"""The credentials every landscape accepts. They open nothing but a simulator on the loopback interface.

They are constants on purpose: a rehearsal, a demo and a test all connect without exchanging secrets first. The two
private keys are derived from constants, so no key file lies about; `POST /_control/certificates` registers others.
"""

from __future__ import annotations

from functools import cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

SALESFORCE_CONSUMER_KEY = "3MVG9landscape.throughline.console"
SALESFORCE_CONSUMER_SECRET = "landscape-consumer-secret"  # noqa: S105
SALESFORCE_USERNAME = "integration@landscape.example"
SALESFORCE_ORGANIZATION_ID = "00D5e000000LndsEAC"
SALESFORCE_AUDIENCES = ("https://login.salesforce.com", "https://test.salesforce.com")

KANTATA_TOKEN = "landscape-kantata-personal-token"  # noqa: S105
KANTATA_USER_ID = "1"

NETSUITE_ACCOUNT_ID = "TSTDRV1234567"
NETSUITE_CLIENT_ID = "landscape-netsuite-client"
NETSUITE_CERTIFICATE_ID = "landscape-es256"
"""`kid` of the P-256 key (ES256)."""
NETSUITE_RSA_CERTIFICATE_ID = "landscape-ps256"
"""`kid` of the RSA key (PS256)."""
NETSUITE_SCOPE = "rest_webservices"

AVATAX_ACCOUNT_ID = "2000000001"
AVATAX_LICENSE_KEY = "landscape-avatax-license"
AVATAX_BEARER_TOKEN = "landscape-avatax-bearer"  # noqa: S105
AVATAX_COMPANY_CODE = "DEFAULT"

HARVEST_TOKEN = "landscape-harvest-personal-token"  # noqa: S105
HARVEST_ACCOUNT_ID = "240001"
HARVEST_USER_ID = 1

CLOCKIFY_KEY = "landscape-clockify-api-key"
CLOCKIFY_WORKSPACE_ID = "64a0000000000000000000f1"
CLOCKIFY_USER_ID = "5f0000000000000000000001"

JIRA_EMAIL = "integration@landscape.example"
JIRA_API_TOKEN = "landscape-jira-api-token"  # noqa: S105
JIRA_ACCOUNT_ID = "557058:00000000-0000-4000-8000-000000000001"
TEMPO_TOKEN = "landscape-tempo-token"  # noqa: S105
WEBHOOK_SECRET = "whsec_bGFuZHNjYXBlLXdlYmhvb2stY29uc3VtZXItc2VjcmV0"  # noqa: S105

IRONCLAD_CLIENT_ID = "landscape-ironclad-client"
IRONCLAD_CLIENT_SECRET = "landscape-ironclad-secret"  # noqa: S105
IRONCLAD_USER_EMAIL = "integration@landscape.example"
IRONCLAD_USER_ID = "5f0375c4cdc1927a3c5edcd3"

DOCUSIGN_INTEGRATION_KEY = "7c2b8d7e-83c3-4940-af5e-cda8a50dd73f"
DOCUSIGN_USER_ID = "c9a9d0b1-3e5f-4c7d-8a6b-2f1e0d9c8b7a"
DOCUSIGN_ACCOUNT_ID = "96bf0f4e-1d2c-4b3a-9e8d-7c6b5a493827"

DYNAMICS_TENANT_ID = "6f1d3c1e-0a52-4a7f-9d0b-3f5f0f6a9c11"
DYNAMICS_CLIENT_ID = "b0a9c1de-7a54-4a66-8f0e-2f4b7f7d1c22"
DYNAMICS_CLIENT_SECRET = "landscape-dynamics-secret"  # noqa: S105

CHARGEBEE_SITE = "landscape-test"
CHARGEBEE_KEY = "test_landscapeThroughlineFull"
CHARGEBEE_READ_KEY = "test_landscapeThroughlineRead"
"""A key that may read and not write."""

SAP_USER = "THROUGHLINE_COMM"
SAP_PASSWORD = "landscape-sap-password"  # noqa: S105

STRIPE_ACCOUNT_ID = "acct_1Landscape"
STRIPE_KEY = "sk_test_landscapeThroughline"
STRIPE_LIVE_KEY = "sk_live_landscapeThroughline"
STRIPE_RESTRICTED_KEY = "rk_test_landscapeThroughline"
"""A key that may do everything except what the setting `restricted_lacks` names."""

_P256_SECRET = int("7d1f2ca1c0d84b6c9a5b6c3ef0d2a4b816f95d3720e84c1ba3f6d9082c7e5b41", 16)
_RSA_P = int(
    "e035e686ab2a7281f28cd4946dfe4cee60b9abdd343df2d985dcabacc91b0803e5271da8b99151ba8aae347c4d9ea348"
    "7ce82cd5075e1be1d1cf4665fc4484402ca21d2d3ab8052348d479c6daea4f88e822aca276accc0cde17d7f6acac410c"
    "3bc364003438c2abf3644b08c7366e45778927df14d03d98b390baf73f651a35",
    16,
)
_RSA_Q = int(
    "b7f80308184ac364ca2a4ce47f9e459b67c267b1044a86dccf4b7af042afb73c0126ded897f4417843c36f4f53fa54cf"
    "75e39e0ff149ec269bf04d84a18d2ac4a5315bd421472304a9d00a5090d01ea7179a9ef3a5327a2bfe2e90b717d07f9b"
    "a9906e1e9e3458d975daf268764544d1538df3d1d5297f6b93bee4aa662f78d7",
    16,
)


@cache
def _elliptic() -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(_P256_SECRET, ec.SECP256R1())


@cache
def _rsa() -> rsa.RSAPrivateKey:
    exponent = 65537
    private = pow(exponent, -1, (_RSA_P - 1) * (_RSA_Q - 1))
    return rsa.RSAPrivateNumbers(
        p=_RSA_P,
        q=_RSA_Q,
        d=private,
        dmp1=private % (_RSA_P - 1),
        dmq1=private % (_RSA_Q - 1),
        iqmp=pow(_RSA_Q, -1, _RSA_P),
        public_numbers=rsa.RSAPublicNumbers(exponent, _RSA_P * _RSA_Q),
    ).private_key()


def _private_pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _public_pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def netsuite_private_key() -> str:
    """PEM of the P-256 key; sign with ES256 and `kid` NETSUITE_CERTIFICATE_ID."""
    return _private_pem(_elliptic())


def rsa_private_key() -> str:
    """PEM of the RSA key: PS256 for NetSuite (`kid` NETSUITE_RSA_CERTIFICATE_ID), RS256 for Salesforce's JWT flow."""
    return _private_pem(_rsa())


def netsuite_certificates() -> dict[str, str]:
    """The public keys NetSuite knows from the start, by certificate id."""
    return {NETSUITE_CERTIFICATE_ID: _public_pem(_elliptic()), NETSUITE_RSA_CERTIFICATE_ID: _public_pem(_rsa())}


def ironclad_public_key() -> str:
    """What Ironclad's webhooks are verified with: the public half of `rsa_private_key`."""
    return _public_pem(_rsa())


def docusign_public_key() -> str:
    """What the assertions of the integration are verified with."""
    return _public_pem(_rsa())


def salesforce_certificates() -> dict[str, str]:
    """The public key of the Salesforce app, by consumer key."""
    return {SALESFORCE_CONSUMER_KEY: _public_pem(_rsa())}
