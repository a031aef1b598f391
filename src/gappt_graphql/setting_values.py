"""What settings take: each function returns the value that a text stands for, or raises ValueError."""

import re
from collections.abc import Callable
from ipaddress import ip_network
from urllib.parse import urlsplit


def database_url(text: str) -> str:
    url = urlsplit(text)
    if url.scheme == "sqlite":
        # sqlite:///book.db is relative, sqlite:////var/book.db absolute, as SQLAlchemy has it.
        if url.netloc or len(url.path) < 2 or url.query or url.fragment:
            raise ValueError
    elif url.scheme not in ("postgresql", "postgres") or not (url.netloc or url.path):
        raise ValueError
    return text


def postgres_url(text: str) -> str:
    if not text.startswith(("postgresql://", "postgres://")):
        raise ValueError
    return database_url(text)


def host(text: str) -> str:
    if not text or any(character.isspace() or character == "/" for character in text):
        raise ValueError
    return text


def whole_number(smallest: int, largest: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        # Not int() alone, which also takes " 8_0 " and other scripts' digits.
        if not (text.isascii() and text.isdigit() and len(text) < 10 and smallest <= int(text) <= largest):
            raise ValueError
        return int(text)

    return parse


def one_of(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in words:
            raise ValueError
        return text

    return parse


def on_or_off(text: str) -> bool:
    return {"on": True, "off": False}[one_of("on", "off")(text)]


def origins(text: str) -> str:
    for origin in text.split(","):
        url = urlsplit(origin)
        if url.scheme not in ("http", "https") or not url.netloc or url.geturl() != f"{url.scheme}://{url.netloc}":
            raise ValueError
    return text


def networks(text: str) -> str:
    for network in text.split(","):
        ip_network(network)  # raises ValueError
    return text


def names(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*(,[A-Za-z_][A-Za-z0-9_]*)*", text):
        raise ValueError
    return text


def text(text: str) -> str:
    if not text:
        raise ValueError
    return text
