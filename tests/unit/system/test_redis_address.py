"""Addresses of Redis, as STREAM_LOG names them."""

import pytest

from claude_sse.system.redis_address import RedisAddress, parse


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://127.0.0.1", RedisAddress((("127.0.0.1", 6379),))),
        ("redis://redis:7000/", RedisAddress((("redis", 7000),))),
        ("redis://[::1]:7000/5", RedisAddress((("::1", 7000),), database=5)),
        ("redis://:p%40ss@h/0", RedisAddress((("h", 6379),), password="p@ss")),
        ("redis://a%3Ab:x%2F@h", RedisAddress((("h", 6379),), user="a:b", password="x/")),
        (
            "rediss://u:p@h:1/2?ssl_ca_certs=/a/ca.pem&ssl_certfile=/c&ssl_keyfile=/k",
            RedisAddress(
                (("h", 1),),
                database=2,
                user="u",
                password="p",
                is_tls=True,
                tls_files=(
                    ("ssl_ca_certs", "/a/ca.pem"),
                    ("ssl_certfile", "/c"),
                    ("ssl_keyfile", "/k"),
                ),
            ),
        ),
        (
            "redis+sentinel://:p@a,b:1,[::1]/my%20master/3",
            RedisAddress(
                (("a", 26379), ("b", 1), ("::1", 26379)),
                service="my master",
                database=3,
                password="p",
            ),
        ),
        (
            "rediss+sentinel://a/m?sentinel_user=s&sentinel_password=%26",
            RedisAddress(
                (("a", 26379),),
                service="m",
                is_tls=True,
                sentinel_user="s",
                sentinel_password="&",
            ),
        ),
    ],
)
def test_an_address_says_where_and_who(url, address):
    """Scheme, hosts, service, database, user and password are read from the URL."""
    assert parse(url) == address


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("redis:/h", "such as redis://"),
        ("redis://", "such as redis://"),
        ("redis://h h", "such as redis://"),
        ("redis://h:0", "such as redis://"),
        ("redis://h:70000", "such as redis://"),
        ("redis://h:x", "such as redis://"),
        ("redis://h/0/1", "number of a database"),
        ("redis://h/x", "number of a database"),
        ("redis://user@h", "password after the user"),
        ("redis://a,b", "several are sentinels"),
        ("redis+cluster://h", "Redis Cluster is not supported yet"),
        ("redis+sentinel://a,b", "name of the service"),
        ("redis://h?ssl_ca_certs=/ca", "rediss://"),
        ("rediss://h?ssl_cert_reqs=none", "without options but"),
        ("redis://h?sentinel_password=x", "without options but"),
        ("rediss://h?ssl_ca_certs=ca.pem", "absolute path"),
        ("redis+tls://h", "such as redis://"),
    ],
)
def test_a_malformed_address_is_refused_with_what_it_must_be(url, reason):
    """Each mistake has a sentence that does not repeat the address."""
    with pytest.raises(ValueError, match=reason):
        parse(url)


@pytest.mark.parametrize(
    "url", ["redis://u:geheim@h/1", "redis+sentinel://:geheim@a,[::1]/m?sentinel_password=geheim"]
)
def test_no_form_of_an_address_shows_its_password(url):
    """An address can be logged: its text and its representation hold no password."""
    address = parse(url)
    assert "geheim" not in f"{address} {address!r}"
    assert str(address) in ("redis://h:6379/1", "redis+sentinel://a:26379,[::1]:26379/m/0")
