"""Secrets of the form that real places have, which let nobody in anywhere."""

import base64
import json

ACCOUNT_KEY = base64.b64encode(b"an account key of nobody").decode()
SAS_TOKEN = "sv=2024-01-01&sig=a%20signature%20of%20nobody"
CERTIFICATE = base64.b64encode(b"-----BEGIN CERTIFICATE-----\na certificate of nobody\n").decode()
SERVICE_ACCOUNT = json.dumps(
    {
        "type": "service_account",
        "client_email": "raven@nobody.example",
        "private_key_id": "17",
        "private_key": "-----BEGIN PRIVATE KEY-----\na private key of nobody\n-----END PRIVATE KEY-----\n",
    }
)
SAMPLES: dict[str, str] = {
    "url": "ftp://archive.example/of/ours",
    "custom_server_url": "https://minio.example:9000",
    "account_name": "ravenofours",
    "account_key": ACCOUNT_KEY,
    "sas_token": SAS_TOKEN,
    "certificate": CERTIFICATE,
    "credentials": SERVICE_ACCOUNT,
    "storage_class": "GLACIER_IR",
}
"""By field of a destination: what it may hold, where not any name will do."""
