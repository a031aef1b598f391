"""Every setting: its name, what it is where nobody sets it, what it means, and what it takes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gappt_graphql.setting_values import (
    database_url,
    host,
    names,
    networks,
    on_or_off,
    one_of,
    origins,
    postgres_url,
    text,
    whole_number,
)

Value = str | int | bool | None


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One setting. `variable` is its environment variable, `flag` its flag of `serve`; a flag wins."""

    name: str
    default: Value
    meaning: str
    takes: str
    parse: Callable[[str], Value]

    @property
    def variable(self) -> str:
        return f"GAPPT_{self.name.upper()}"

    @property
    def flag(self) -> str:
        return f"--{self.name.replace('_', '-')}"


@dataclass(frozen=True)
class Given:
    """A setting with its value, and where that comes from: `default`, `environment` or `flag`."""

    setting: Setting
    value: Value
    source: str

    @property
    def shown(self) -> Value:
        """The value without the password that a database's address may hold."""
        return without_password(self.value) if isinstance(self.value, str) else self.value


@dataclass(frozen=True)
class Settings:
    """The settings of one run."""

    database_url: str
    database_connections: int
    database_pooler: bool
    database_direct_url: str | None
    database_connect_seconds: int
    host: str
    port: int
    rate_limit: int | None
    cost_budget: int
    trusted_proxies: str | None
    max_running: int
    read_seconds: int
    write_seconds: int
    workers: int
    idempotency_hours: int
    graphql_get: bool
    introspection: bool
    directory: str
    federation_tracing: bool
    trusted_documents: str | None
    trusted_only: str
    persisted_queries: int
    compile: bool
    max_tokens: int
    max_fields: int
    max_aliases: int
    max_directives: int
    max_root_fields: int
    max_depth: int
    max_values: int
    max_cost: int
    max_connections: int
    max_subscriptions: int
    allowed_origins: str | None
    webhooks: bool
    webhook_plain: bool
    webhook_networks: str | None
    leaving_seconds: int
    log_format: str | None
    log_level: str
    operation_names: str | None
    metrics_port: int | None
    metrics_host: str


def without_password(address: str) -> str:
    """Return an address without who comes there, and without what stands behind a question mark."""
    scheme, slashes, rest = address.partition("://")
    if not slashes or scheme == "sqlite":
        return address
    place, mark, _ = rest.partition("?") if "@" not in rest.partition("?")[2] else ("", "?", "")
    _, at, where = place.rpartition("@")
    return f"{scheme}{slashes}{'***@' if at else ''}{where}{'?***' if mark else ''}"


class BadSetting(Exception):
    """A value that a setting can't take; the message is for the person who set it."""


def _counted(name: str, default: int, meaning: str, largest: int) -> Setting:
    takes = f"a whole number from 1 to {largest}"
    return Setting(name=name, default=default, meaning=meaning, takes=takes, parse=whole_number(1, largest))


def _switch(name: str, default: bool, meaning: str) -> Setting:
    return Setting(name=name, default=default, meaning=meaning, takes="on or off", parse=on_or_off)


SETTINGS: Sequence[Setting] = (
    Setting(
        name="database_url",
        default="sqlite:///book.db",
        meaning="The store: a file of SQLite, relative to the working directory after three slashes, or PostgreSQL",
        takes="sqlite:///FILE or postgresql://USER@HOST/DATABASE",
        parse=database_url,
    ),
    Setting(
        name="database_connections",
        default=10,
        meaning="The most connections of one process to PostgreSQL; those who write take half of them at most",
        takes="a whole number from 2 to 1000",
        parse=whole_number(2, 1000),
    ),
    _switch(
        "database_pooler",
        False,
        "Whether PgBouncer or another pooler in transaction mode is between this server and PostgreSQL",
    ),
    Setting(
        name="database_direct_url",
        default=None,
        meaning="The address of PostgreSQL past the pooler, for the one connection that is told of changes. Where it "
        "is not set, that of the store",
        takes="postgresql://USER@HOST/DATABASE",
        parse=postgres_url,
    ),
    _counted("database_connect_seconds", 5, "The most seconds that a connection to PostgreSQL may take to be made", 60),
    Setting(
        name="host",
        default="127.0.0.1",
        meaning="The address to listen on; 127.0.0.1 is reachable from this machine only",
        takes="a host name or an address",
        parse=host,
    ),
    _counted("port", 8000, "The port to listen on", 65535),
    Setting(
        name="rate_limit",
        default=None,
        meaning="How many requests a minute each API key may make, to /v1 and to /graphql; 0 is no limit. "
        "Where it is not set: 200 to /v1, no limit to /graphql",
        takes="a whole number from 0 to 1000000",
        parse=whole_number(0, 1_000_000),
    ),
    Setting(
        name="cost_budget",
        default=50_000,
        meaning="How many points a minute each API key may spend over GraphQL; 0 is no limit",
        takes="a whole number from 0 to 100000000",
        parse=whole_number(0, 100_000_000),
    ),
    Setting(
        name="trusted_proxies",
        default=None,
        meaning="The proxies before this server, whose X-Forwarded-For is taken for where a request comes from, "
        "and X-Forwarded-Proto for its scheme",
        takes="addresses or networks like 10.0.0.0/8, with commas between them",
        parse=networks,
    ),
    _counted("max_running", 64, "The most operations that run at once, of all keys and both doors", 10_000),
    _counted("read_seconds", 5, "The most seconds that a query or a request that reads may take", 3600),
    _counted("write_seconds", 10, "The most seconds that a mutation or a request that writes may take", 3600),
    _counted("workers", 1, "How many processes serve; an embedded store takes one", 64),
    _counted(
        "idempotency_hours",
        24,
        "How many hours an idempotency key is remembered, so that a retry takes effect once",
        720,
    ),
    _switch("graphql_get", True, "Whether queries are taken by GET; mutations never are"),
    _switch("introspection", True, "Whether keys may ask for the schema"),
    Setting(
        name="directory",
        default="here",
        meaning="Where practitioners, patients, businesses and types are listed and written: elsewhere leaves that to "
        "another subgraph of the same graph",
        takes="here or elsewhere",
        parse=one_of("here", "elsewhere"),
    ),
    _switch(
        "federation_tracing",
        False,
        "Whether a gateway that asks gets ftv1 traces; needs the extra `federation-tracing`",
    ),
    Setting(
        name="trusted_documents",
        default=None,
        meaning="A file of the documents that clients may name by their hash instead of sending them",
        takes="the path of a JSON file",
        parse=text,
    ),
    Setting(
        name="trusted_only",
        default="browsers",
        meaning="Whose keys may run trusted documents only: those made with `key create --for browser`, all, or none",
        takes="browsers, all or none",
        parse=one_of("browsers", "all", "none"),
    ),
    Setting(
        name="persisted_queries",
        default=500,
        meaning="How many automatic persisted queries are kept in memory for each account; 0 turns them off",
        takes="a whole number from 0 to 10000",
        parse=whole_number(0, 10_000),
    ),
    _switch("compile", True, "Whether operations that are seen again are run by plans, which is many times faster"),
    _counted("max_tokens", 2_000, "The most tokens of one document", 100_000),
    _counted("max_fields", 500, "The most fields of one operation, each counted as often as it is spread", 100_000),
    _counted("max_aliases", 60, "The most aliases of one operation", 100_000),
    _counted("max_directives", 60, "The most directives of one operation", 100_000),
    _counted("max_root_fields", 50, "The most fields at the root of one operation", 100_000),
    _counted("max_depth", 20, "The most levels of fields of one operation", 100),
    _counted("max_values", 100_000, "The most values that the answer of one operation may hold", 10_000_000),
    _counted(
        "max_cost", 30_000, "The most points that one operation may cost: objects, if every page is full", 10_000_000
    ),
    _counted("max_connections", 100, "The most sockets and streams of one key at once", 100_000),
    _counted("max_subscriptions", 100, "The most subscriptions of one key at once", 100_000),
    Setting(
        name="allowed_origins",
        default=None,
        meaning="Whose pages may ask from a browser and open sockets, besides this server's own",
        takes="origins like https://practice.example, with commas between them",
        parse=origins,
    ),
    _switch("webhooks", True, "Whether this process delivers webhooks"),
    _switch("webhook_plain", False, "Whether webhooks may be sent over http, without TLS"),
    Setting(
        name="webhook_networks",
        default=None,
        meaning="Addresses that are not public, and that webhooks may be sent to all the same",
        takes="addresses or networks like 10.0.0.0/8, with commas between them",
        parse=networks,
    ),
    Setting(
        name="leaving_seconds",
        default=0,
        meaning="How many seconds the server says that it is not ready before it takes no more requests, when it is "
        "told to end: as long as a load balancer needs to see it",
        takes="a whole number from 0 to 10",
        parse=whole_number(0, 10),
    ),
    Setting(
        name="log_format",
        default=None,
        meaning="How the log is written, on standard error. Where it is not set: text to a terminal, json elsewhere",
        takes="text or json",
        parse=one_of("text", "json"),
    ),
    Setting(
        name="log_level",
        default="info",
        meaning="What is logged: info has a line for each request, debug those of probes too",
        takes="debug, info, warning or error",
        parse=one_of("debug", "info", "warning", "error"),
    ),
    Setting(
        name="operation_names",
        default=None,
        meaning="Names of operations that logs, metrics and traces may tell, besides those of trusted documents",
        takes="names of GraphQL, with commas between them",
        parse=names,
    ),
    Setting(
        name="metrics_port",
        default=None,
        meaning="The port on which Prometheus finds /metrics, without a key. Where it is not set, nothing is counted",
        takes="a whole number from 1 to 65535",
        parse=whole_number(1, 65535),
    ),
    Setting(
        name="metrics_host",
        default="127.0.0.1",
        meaning="The address on which Prometheus finds /metrics",
        takes="a host name or an address",
        parse=host,
    ),
)


def given(flags: Mapping[str, str | None], environment: Mapping[str, str]) -> list[Given]:
    """
    Return every setting with its value and where it comes from. An empty variable counts as not set.

    :raises BadSetting: if a flag or a variable has a value that the setting can't take
    """
    return [_given(setting, flags.get(setting.name), environment.get(setting.variable)) for setting in SETTINGS]


def settings_of(all_given: Sequence[Given]) -> Settings:
    """Return the values alone, by name."""
    return Settings(**{one.setting.name: one.value for one in all_given})  # type: ignore[arg-type]  # each parser returns its field's type


def _given(setting: Setting, flag: str | None, variable: str | None) -> Given:
    if flag is not None:
        return Given(setting, _parsed(setting, flag, f"the flag {setting.flag}"), "flag")
    if variable:
        return Given(setting, _parsed(setting, variable, "the environment"), "environment")
    return Given(setting, setting.default, "default")


def _parsed(setting: Setting, text: str, source: str) -> Value:
    try:
        return setting.parse(text)
    except ValueError:
        shown = Given(setting, text, source).shown
        message = f"{setting.variable} can't be {shown!r}, which comes from {source}: it takes {setting.takes}"
        raise BadSetting(message) from None
