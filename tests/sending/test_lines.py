"""Connections to receivers: what is dialed, how long anything may take, and how little of an answer is read."""

import asyncio
import ssl
from ipaddress import ip_address, ip_network

import pytest

from a_receiver import a_receiver, answer
from gappt_graphql.scheduling.receivers import Receivers
from gappt_graphql.scheduling.webhooks import Attempt
from gappt_graphql.sending.lines import Line, Patience
from gappt_graphql.sending.names import Names
from tls_in_front import certificate

LOOPBACK = Receivers(plain=True, networks=(ip_network("127.0.0.0/8"),))
USUAL = Patience()
QUICK = Patience(connect=0.2, attempt=0.4)
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Zone:
    """A resolver: the answers that it gives, one after another, the last for ever; and what it was asked."""

    def __init__(self, *answers):
        self.answers, self.asked = [[ip_address(text) for text in answer] for answer in answers], []

    async def __call__(self, host, port):
        self.asked.append(host)
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not found:
            raise OSError("no such name")
        return found


HERE = Zone(["127.0.0.1"])


def line_to(url, *, receivers=LOOPBACK, resolve=HERE, tls=NO_TLS, patience=USUAL):
    return Line(receivers.read(url), receivers=receivers, resolve=resolve, tls=tls, patience=patience)


async def post(line, body=b"{}", **headers):
    return await line.post(body, headers or {"webhook-id": "msg_1"})


async def test_a_body_is_posted_with_its_headers():
    async with a_receiver() as receiver:
        line = line_to(receiver.url)

        assert await post(line, b'{"a":1}', **{"webhook-id": "msg_1"}) == Attempt(204)
        line.close()

    [received] = receiver.received
    assert received.line == "POST /hooks/secret-path?of=us HTTP/1.1"
    assert received.body == b'{"a":1}'
    assert received.headers == {"host": f"localhost:{receiver.port}", "webhook-id": "msg_1", "content-length": "7"}


async def test_one_connection_takes_many():
    async with a_receiver() as receiver:
        receiver.answers = lambda received: answer(200, body=b"thanks")
        line = line_to(receiver.url)
        statuses = [(await post(line)).status for _ in range(5)]
        line.close()

    assert statuses == [200] * 5
    assert {one.connection for one in receiver.received} == {1}


async def test_a_connection_that_was_closed_meanwhile_is_made_anew():
    async with a_receiver() as receiver:
        line = line_to(receiver.url)
        assert await post(line) == Attempt(204)
        receiver.cut()
        await asyncio.sleep(0.05)

        assert await post(line) == Attempt(204)
        line.close()
        assert receiver.connections == 2


@pytest.mark.parametrize("address", ["10.0.0.1", "169.254.169.254", "::1", "fd00::1", "64:ff9b::7f00:1"])
async def test_an_address_that_is_not_public_is_not_dialed(address):
    line = line_to("https://inside.example", resolve=Zone([address]))

    assert await post(line) == Attempt(failure="ADDRESS_REFUSED")


async def test_loopback_is_not_dialed_unless_it_is_allowed():
    async with a_receiver() as receiver:
        line = line_to(receiver.url, receivers=Receivers(plain=True))

        assert await post(line) == Attempt(failure="ADDRESS_REFUSED")
        assert receiver.connections == 0


async def test_one_address_that_is_not_fit_spoils_the_whole_answer():
    async with a_receiver() as receiver:
        line = line_to(receiver.url, resolve=Zone(["127.0.0.1", "10.0.0.1"]))

        assert await post(line) == Attempt(failure="ADDRESS_REFUSED")
        assert receiver.connections == 0


async def test_a_name_that_changes_its_mind_is_dialed_where_it_was_looked_at():
    async with a_receiver() as receiver:
        rebinding = Zone(["127.0.0.1"], ["10.0.0.1"])
        # A name that nobody else knows: it can be reached by what was looked up here, or not at all.
        line = line_to(receiver.url.replace("localhost", "rebinding.example"), resolve=rebinding)

        assert await post(line) == Attempt(204)
        assert rebinding.asked == ["rebinding.example"]
        assert await post(line) == Attempt(204)  # by the same connection
        line.close()
        assert await post(line) == Attempt(failure="ADDRESS_REFUSED")
        assert rebinding.asked == ["rebinding.example"] * 2


async def test_addresses_that_nobody_answers_at_are_passed_over():
    async with a_receiver() as receiver:
        line = line_to(receiver.url, resolve=Zone(["127.0.0.2", "127.0.0.1"]))

        assert await post(line) == Attempt(204)
        line.close()


async def test_what_can_not_be_reached_is_told_in_a_word():
    async with a_receiver() as receiver:
        url = receiver.url

    assert await post(line_to(url)) == Attempt(failure="CONNECTION_REFUSED")
    assert await post(line_to(url, resolve=Zone([]))) == Attempt(failure="NAME_NOT_FOUND")


async def test_a_resolver_that_never_answers_holds_nobody_up():
    async def never(host, port):
        await asyncio.Event().wait()

    assert await post(line_to("http://slow.example", resolve=never, patience=QUICK)) == Attempt(failure="TIMEOUT")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(status):
    async with a_receiver() as elsewhere, a_receiver() as receiver:
        receiver.answers = lambda received: answer(status, f"Location: {elsewhere.url}")
        line = line_to(receiver.url)

        assert await post(line) == Attempt(status)
        line.close()
        assert elsewhere.connections == 0


async def test_proxies_of_the_environment_are_not_used(monkeypatch):
    async with a_receiver() as proxy, a_receiver() as receiver:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        line = line_to(receiver.url)

        assert await post(line) == Attempt(204)
        line.close()
        assert proxy.connections == 0


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX: ",
        b"220 mail.example ESMTP\r\n\r\n",
        b"HTTP/1.1 999999 X\r\n\r\n",
        b"\x16\x03\x01" * 9,
    ],
)
async def test_what_is_no_answer_is_a_failure(said):
    async with a_receiver() as receiver:
        receiver.answers = lambda received: said
        line = line_to(receiver.url, patience=QUICK)

        attempt = await post(line)

    assert attempt.status is None
    assert attempt.failure in ("CONNECTION_LOST", "PROTOCOL", "TIMEOUT")


async def test_a_receiver_that_never_answers_is_given_up():
    async with a_receiver() as receiver:
        receiver.answers = lambda received: asyncio.sleep(5, b"")
        line = line_to(receiver.url, patience=QUICK)

        assert await post(line) == Attempt(failure="TIMEOUT")


async def trickle(reader, writer, what):
    try:
        await reader.readuntil(b"\r\n\r\n")
        while True:
            writer.write(what)
            await writer.drain()
            await asyncio.sleep(0)
    except OSError:
        writer.transport.abort()


@pytest.mark.parametrize("what", [b"X: y\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"x" * 65536])
async def test_an_endless_head_is_read_no_further_than_some_bytes(what):
    async def serve(reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\n" if what.startswith(b"X") else b"")
        await trickle(reader, writer, what)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    line = line_to(f"http://localhost:{server.sockets[0].getsockname()[1]}")

    attempt = await post(line)
    server.close()

    assert attempt == Attempt(failure="PROTOCOL")


async def test_an_endless_body_is_not_read():
    async def serve(reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
        await trickle(reader, writer, b"x" * 65536)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    line = line_to(f"http://localhost:{server.sockets[0].getsockname()[1]}")

    assert await post(line) == Attempt(200)
    assert line._open is None
    server.close()


async def test_a_body_that_never_comes_takes_back_no_success():
    async with a_receiver() as receiver:
        receiver.answers = lambda received: b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
        line = line_to(receiver.url, patience=QUICK)

        assert await post(line) == Attempt(200)
        assert await post(line) == Attempt(200)
        line.close()
        assert receiver.connections == 2


async def test_a_receiver_may_say_when_to_come_back():
    async with a_receiver() as receiver:
        receiver.answers = lambda received: answer(503, "Retry-After: 120")
        line = line_to(receiver.url)
        asked = await post(line)
        receiver.answers = lambda received: answer(503, "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT")
        not_understood = await post(line)
        line.close()

    assert (asked.retry_after.total_seconds(), not_understood.retry_after) == (120, None)


@pytest.fixture(scope="module")
def localhost(tmp_path_factory):
    """A certificate for localhost, and who serves with it."""
    file = certificate(tmp_path_factory.mktemp("tls"), "localhost")
    serves = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serves.load_cert_chain(file)
    return file, serves


async def test_tls_is_spoken_with_the_name_at_the_pinned_address(localhost):
    file, serves = localhost
    seen = []
    serves.sni_callback = lambda connection, name, context: seen.append(name)
    async with a_receiver(serves) as receiver:
        line = line_to(receiver.url, tls=ssl.create_default_context(cafile=file))

        assert [await post(line), await post(line)] == [Attempt(204)] * 2
        line.close()

    assert seen == ["localhost"]
    assert receiver.connections == 1


async def test_a_certificate_that_nobody_vouches_for_is_refused(localhost):
    async with a_receiver(localhost[1]) as receiver:
        line = line_to(receiver.url, tls=ssl.create_default_context())

        assert await post(line) == Attempt(failure="CERTIFICATE")
        assert receiver.received == []


async def test_a_certificate_for_another_name_is_refused(localhost):
    file, serves = localhost
    async with a_receiver(serves) as receiver:
        other = receiver.url.replace("localhost", "other.example")
        line = line_to(other, tls=ssl.create_default_context(cafile=file))

        assert await post(line) == Attempt(failure="CERTIFICATE")
        assert receiver.received == []


async def test_who_does_not_speak_tls_is_told_apart():
    async with a_receiver() as receiver:
        line = line_to(receiver.url.replace("http:", "https:"), patience=QUICK)

        assert (await post(line)).failure in ("TLS", "TIMEOUT", "CONNECTION_LOST")


async def test_the_system_is_asked_for_names_in_threads_that_it_may_keep():
    names = Names()

    assert ip_address("127.0.0.1") in await names("localhost", 80)
    assert await names("127.1", 80) == [ip_address("127.0.0.1")]  # as anybody may write it
    with pytest.raises(OSError, match="no name"):
        await names(f"{'x' * 64}.example", 80)  # no label is so long


async def test_a_number_that_stands_for_an_address_is_looked_at_as_that_address():
    for host in ("127.1", "2130706433", "0x7f.1"):
        line = line_to(f"http://{host}", receivers=Receivers(plain=True), resolve=Names())

        assert await post(line) == Attempt(failure="ADDRESS_REFUSED")
