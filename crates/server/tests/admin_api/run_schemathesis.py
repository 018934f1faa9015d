"""Schemathesis, told where the names under localhost are (RFC 6761, 6.3)."""

import socket
import sys

from schemathesis.cli import schemathesis

RESOLVE = socket.getaddrinfo


def resolve(host, *rest, **options):
    local = isinstance(host, str) and host.endswith(".localhost")
    return RESOLVE("127.0.0.1" if local else host, *rest, **options)


socket.getaddrinfo = resolve
sys.exit(schemathesis())
