"""Where Dexter does not send anything, whoever asks for it."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dexter.policy.outgoing_addresses import LONGEST_URL, Reach, refused_address, refused_url

NOTHING, HERE, ALL = Reach(), Reach(loopback=True), Reach(private=True)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2001:4860:4860::8888"])
def test_the_internet_may_be_reached(address: str) -> None:
    for reach in (NOTHING, HERE, ALL):
        assert refused_address(address, reach) is None


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.0.1",
        "fe80::1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "0.0.0.0",
        "0.1.2.3",
        "::",
        "255.255.255.255",
        "224.0.0.1",
        "ff02::1",
        # The same in the dress of IPv6: mapped, compatible, 6to4, NAT64, Teredo.
        "::ffff:169.254.169.254",
        "::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::a9fe:a9fe",
        "2001:0:1:2:3:4:5601:5601",
        "not an address",
    ],
)
def test_metadata_and_link_local_addresses_are_never_reached(address: str) -> None:
    """Behind them a cloud hands out the credentials of this very host."""
    for reach in (NOTHING, HERE, ALL):
        assert refused_address(address, reach) is not None


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "198.18.0.1",
        "fd12:3456::1",
        "fec0::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "240.0.0.1",
    ],
)
def test_private_networks_are_reached_where_whoever_runs_dexter_permits_it(address: str) -> None:
    """What is behind the firewall trusts who is behind it, and Dexter is."""
    assert refused_address(address, NOTHING) is not None
    assert refused_address(address, HERE) is not None
    assert refused_address(address, ALL) is None


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
def test_this_host_is_reached_from_a_dexter_that_only_this_host_reaches(address: str) -> None:
    """Somebody on the host gains nothing by having Dexter knock at its ports; somebody elsewhere would."""
    assert refused_address(address, NOTHING) is not None
    assert refused_address(address, HERE) is None
    assert refused_address(address, ALL) is None


@given(st.integers(0, 2**32 - 1))
def test_in_any_dress_an_address_is_what_it_is(number: int) -> None:
    """A guard that IPv6 spellings get past is none."""
    plain = IPv4Address(number)
    mapped = str(IPv6Address(0xFFFF << 32 | number))
    assert (refused_address(mapped, NOTHING) is None) is (refused_address(str(plain), NOTHING) is None)


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com/x?y=z",
        "http://8.8.8.8:8080/",
        "https://[2001:4860:4860::8888]/",
        "http://name-that-leads-anywhere.example",
        "http://127.0.0.1:9/",
    ],
)
def test_an_address_to_send_to(url: str) -> None:
    assert refused_url(url, HERE) is None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "//example.com/",
        "example.com",
        "http://",
        "http:///x",
        "http://example.com:0/",
        "http://example.com:99999/",
        "http://user:secret@example.com/",
        "http://user@example.com/",
        "http://example.com/#part",
        "http://example.com\\@169.254.169.254/",
        "http://exa mple.com/",
        "http://example.com/\n",
        "http://ex\u00e4mple.com/",
        "http://[::1",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:169.254.169.254]/",
        "http://10.0.0.1/",
        "http://example.com/" + "x" * LONGEST_URL,
    ],
)
def test_what_is_no_address_to_send_to_is_refused_when_it_is_stated(url: str) -> None:
    """Sooner than at the first event; what a name leads to is looked at each time."""
    assert refused_url(url, HERE) is not None
