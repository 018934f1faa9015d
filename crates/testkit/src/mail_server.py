"""A mail server for tests: aiosmtpd, told by the recipient's name what to answer.

Usage: mail_server.py PORT MODE CERTIFICATE KEY USER PASSWORD MAILBOX
MODE is plain, starttls or tls; an empty USER means that nobody logs in. Port 0 takes a
free one. Prints the port when it listens. Each mail taken is one line of JSON in MAILBOX.
"""

import asyncio
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

port, mode, certificate, key, user, password, mailbox = sys.argv[1:]
silenced = set()


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        name = address.split("@")[0]
        if name.startswith("nobody"):
            return "550 5.1.1 No such mailbox"
        if name.startswith("busy"):
            return "451 4.7.1 Try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if any(address.startswith("toolarge") for address in envelope.rcpt_tos):
            return "552 5.3.4 Too large"
        login = session.auth_data.decode() if session.auth_data else None
        mail = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "encrypted": session.ssl is not None or mode == "tls",
            "user": login,
            "content": envelope.content.decode("ascii"),
        }
        with open(mailbox, "a", encoding="utf-8") as file:
            file.write(json.dumps(mail) + "\n")
        silent = [address for address in envelope.rcpt_tos if address.startswith("silent")]
        once = {address for address in silent if address.startswith("silentonce")}
        if any(address not in silenced for address in silent):
            silenced.update(once)
            # The mail is taken, and the sender never learns it.
            await asyncio.sleep(3600)
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    good = (data.login.decode(), data.password.decode()) == (user, password)
    return AuthResult(success=good, auth_data=data.login if good else None, handled=False)


async def main():
    context = None
    if mode != "plain":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)

    def protocol():
        return SMTP(
            Handler(),
            hostname="mail.test",
            tls_context=context if mode == "starttls" else None,
            require_starttls=mode == "starttls",
            auth_required=bool(user),
            auth_require_tls=mode == "starttls",
            authenticator=authenticate if user else None,
        )

    loop = asyncio.get_running_loop()
    tls = context if mode == "tls" else None
    server = await loop.create_server(protocol, "127.0.0.1", int(port), ssl=tls)
    print(server.sockets[0].getsockname()[1], flush=True)
    # Ends with the test, however that ends.
    await loop.run_in_executor(None, sys.stdin.read)


try:
    asyncio.run(main())
except KeyboardInterrupt:
    pass
