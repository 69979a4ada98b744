"""Fuzzes the running API from its own description, as a signed-in owner.

    api.py BASE_URL [SECONDS]

Signs up a fresh account, fills it a little, and lets schemathesis call every operation with valid and invalid data. It fails on a server
error, an undocumented status or content type, and an answer that its schema does not describe. The choice of data is the same each run.
"""

import json
import pathlib
import secrets
import subprocess
import sys
import urllib.request

CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
]
# It would end the session of the run; it has a run of its own at the end.
SIGN_OUT = "sessions_sign_out"


def post(url: str, body: dict, token: str | None = None) -> dict:
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(url, data=json.dumps(body).encode(), headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["data"]


def owner(base: str) -> str:
    """The access token of an owner whose account has a site."""
    email = f"fuzz-{secrets.token_hex(6)}@example.com"
    site = {"name": "Fuzz", "domain": "fuzz.example.com", "sectors": [{"name": "One"}, {"name": "Two"}]}
    person = {"account_name": "Fuzz", "name": "Fuzz", "email": email, "password": secrets.token_urlsafe(16), "site": site}
    token = post(f"{base}/api/v1/auth/sign_up/", person)["access_token"]
    post(f"{base}/api/v1/auth/api_keys/", {"name": "Fuzz", "role": "viewer"}, token)
    return token


def fuzz(base: str, token: str, seconds: int, *selection: str) -> int:
    command = [
        pathlib.Path(sys.executable).with_name("schemathesis"), "run", f"{base}/api/v1/openapi.json",
        "--header", f"authorization: Bearer {token}",
        "--checks", ",".join(CHECKS),
        "--phases", "examples,coverage,fuzzing",
        "--max-examples", "25",
        "--max-time", str(seconds),
        "--generation-deterministic",
        "--continue-on-failure",
        "--request-timeout", "20",
        "--warnings", "off",
        "--no-color",
        *selection,
    ]  # fmt: skip
    return subprocess.run(command, check=False).returncode


def main() -> int:
    if len(sys.argv) not in (2, 3):
        print(__doc__)
        return 2
    base, seconds = sys.argv[1].rstrip("/"), int(sys.argv[2]) if len(sys.argv) == 3 else 170
    # Both before the fuzzing, which uses up what an address may sign up and in.
    first, second = owner(base), owner(base)
    failed = fuzz(base, first, seconds, "--exclude-operation-id", SIGN_OUT)
    return fuzz(base, second, 10, "--include-operation-id", SIGN_OUT) or failed


if __name__ == "__main__":
    sys.exit(main())
