from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gappt_graphql.scheduling.receivers import BadReceiver, Receiver, Receivers

USUAL = Receivers()
PLAIN = Receivers(plain=True)


def networks(*texts):
    return Receivers(networks=tuple(map(ip_network, texts)))


@pytest.mark.parametrize(
    ("url", "receiver"),
    [
        ("https://Example.org", Receiver("https", "example.org", 443, "/")),
        ("https://example.org:8443/a/b?c=d", Receiver("https", "example.org", 8443, "/a/b?c=d")),
        ("https://93.184.215.14/x", Receiver("https", "93.184.215.14", 443, "/x")),
        ("https://[2606:2800:21f:cb07::1]:2000", Receiver("https", "2606:2800:21f:cb07::1", 2000, "/")),
        ("https://xn--bcher-kva.example/?", Receiver("https", "xn--bcher-kva.example", 443, "/")),
    ],
)
def test_a_url_is_taken_apart(url, receiver):
    assert USUAL.read(url) == receiver


def test_the_host_is_named_as_requests_do():
    urls = ["https://a.example", "https://a.example:443", "https://a.example:8443", "https://[2600::1]:8443"]

    assert [USUAL.read(url).authority for url in urls] == [
        "a.example",
        "a.example",
        "a.example:8443",
        "[2600::1]:8443",
    ]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://example.org", "must be https"),
        ("ftp://example.org", "whole https"),
        ("//example.org/x", "whole https"),
        ("https:///x", "whole https"),
        ("https://[::1", "whole https"),
        ("https://example.org:x", "whole https"),
        ("https://example.org:99999", "whole https"),
        ("https://me:secret@example.org", "no user name"),
        ("https://@example.org", "no user name"),
        ("https://example.org/#part", "no fragment"),
        ("https://example.org/#", "no fragment"),
        ("https://example.org:25", "port must be 443"),
        ("https://example.org:80", "port must be 443"),
        ("https://example.org/a b", "characters"),
        ("https://example.org/\r\nX: y", "characters"),
        ("https://exam\tple.org/", "characters"),
        ("https://example.org\\@evil.example/", "characters"),
        ("https://bücher.example", "characters"),
        ("https://-a.example", "no name"),
        ("https://a..example", "no name"),
        ("https://%31.example", "no name"),
        (f"https://example.org/{'x' * 2000}", "too long"),
        ("https://127.0.0.1", "not public"),
        ("https://[::ffff:10.0.0.1]", "not public"),
        ("https://[fe80::1%25eth0]", "not public"),
    ],
)
def test_what_nothing_is_sent_to_is_refused_with_the_reason(url, why):
    with pytest.raises(BadReceiver, match=why):
        USUAL.read(url)


def test_http_is_taken_where_it_is_allowed():
    assert PLAIN.read("http://example.org") == Receiver("http", "example.org", 80, "/")
    with pytest.raises(BadReceiver, match="port must be 80"):
        PLAIN.read("http://example.org:25")


@given(st.text(max_size=60))
def test_whatever_is_given_is_taken_apart_or_refused(text):
    for url in (text, f"https://{text}", f"https://example.org/{text}"):
        try:
            receiver = USUAL.read(url)
        except BadReceiver:
            continue
        assert receiver.target.startswith("/")
        assert all("!" <= character <= "~" for character in receiver.host + receiver.target)


REFUSED = [
    *("0.0.0.0", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.0.0.1", "168.63.129.16", "169.254.169.254"),
    *("172.16.0.1", "172.31.255.255", "192.0.0.192", "192.168.1.1", "198.18.0.1", "224.0.0.1", "255.255.255.255"),
    *("::", "::1", "::10.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::10.0.0.1", "64:ff9b::1"),
    *("64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:a00:1::1", "3fff::1", "fc00::1", "fd00:ec2::254"),
    *("fe80::1", "fec0::1", "ff02::1", "5f00::1"),
]
TAKEN = ["1.1.1.1", "93.184.215.14", "172.32.0.1", "100.128.0.1", "::ffff:1.1.1.1", "2606:4700::1111", "2a00:1450::1"]


@pytest.mark.parametrize("address", REFUSED)
def test_addresses_that_are_not_public_are_refused(address):
    assert not USUAL.may_be(ip_address(address))


@pytest.mark.parametrize("address", TAKEN)
def test_public_addresses_may_be_dialed(address):
    assert USUAL.may_be(ip_address(address))


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6), st.ip_addresses(v=6, network="2000::/3")))
@example(IPv4Address("192.0.0.9"))
def test_nothing_is_dialed_that_python_knows_not_to_be_public(address):
    if not address.is_global or address.is_multicast or address.is_reserved:
        mapped = isinstance(address, IPv6Address) and address.ipv4_mapped
        assert not USUAL.may_be(address) or (mapped and mapped.is_global)


@given(st.ip_addresses(v=4))
def test_an_address_carried_in_another_is_no_more_public_than_itself(address):
    mapped = IPv6Address(f"::ffff:{address}")

    assert USUAL.may_be(mapped) == USUAL.may_be(address)
    assert not USUAL.may_be(IPv6Address(f"64:ff9b::{address}"))
    assert not USUAL.may_be(IPv6Address(int(IPv6Address("2002::")) | int(address) << 80))


def test_networks_that_are_allowed_may_be_dialed_and_no_others():
    inside = networks("10.0.0.0/8", "fd00::/8")

    assert [inside.may_be(ip_address(text)) for text in ("10.9.9.9", "::ffff:10.9.9.9", "fd00::1")] == [True] * 3
    assert [inside.may_be(ip_address(text)) for text in ("127.0.0.1", "169.254.169.254", "::1")] == [False] * 3
    assert inside.read("https://10.0.0.1").host == "10.0.0.1"
