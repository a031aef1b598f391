"""compose.yaml fits the service, nginx's configuration and itself. No engine runs here."""

import ipaddress
import json
import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from gappt_graphql.cli.server import _SECONDS_TO_FINISH
from gappt_graphql.graph.errors import ErrorCode
from gappt_graphql.graph.options import USUAL
from gappt_graphql.settings import given, settings_of
from gappt_graphql.web.app import LARGEST_BODY

PROJECT = Path(__file__).parent.parent.parent
TEXT = (PROJECT / "compose.yaml").read_text()
COMPOSE = yaml.safe_load(TEXT)
SERVICES = COMPOSE["services"]
PROCESSES = {name: service for name, service in SERVICES.items() if name.startswith("gappt-")}
OURS = PROCESSES | {"migrate": SERVICES["migrate"]}
NGINX = (PROJECT / "deploy" / "nginx.conf").read_text()
INIT = (PROJECT / "deploy" / "postgres-init.sql").read_text()


def settings_in(service: Any) -> dict[str, str]:
    return {name: str(value) for name, value in service["environment"].items() if name.startswith("GAPPT_")}


@pytest.mark.parametrize("name", OURS)
def test_every_setting_of_a_process_is_one_and_has_a_value_that_it_takes(name: str) -> None:
    settings = settings_in(OURS[name])
    read = given({}, settings)

    assert {one.setting.variable for one in read if one.source == "environment"} == settings.keys()
    assert settings_of(read).database_url.startswith("postgresql://")


def test_two_processes_serve_and_are_the_same() -> None:
    one, two = PROCESSES.values()

    assert {**one, "networks": None} == {**two, "networks": None}


def test_nginx_asks_the_processes_and_only_nginx_is_believed() -> None:
    servers = re.findall(r"^\s+server (gappt-\d+):(\d+) ", NGINX, re.MULTILINE)
    port = settings_of(given({}, {})).port

    assert servers == [(name, str(port)) for name in PROCESSES]
    for process in PROCESSES.values():
        proxy = SERVICES["nginx"]["networks"]["requests"]["ipv4_address"]
        assert settings_in(process)["GAPPT_TRUSTED_PROXIES"] == proxy


def test_the_addresses_lie_in_their_network_and_are_different() -> None:
    network = ipaddress.ip_network(COMPOSE["networks"]["requests"]["ipam"]["config"][0]["subnet"])
    addresses = [
        ipaddress.ip_address(service["networks"]["requests"]["ipv4_address"])
        for service in (*PROCESSES.values(), SERVICES["nginx"])
    ]

    assert len(set(addresses)) == 3
    assert all(address in network for address in addresses)


def test_prometheus_asks_every_process_on_its_port_for_metrics() -> None:
    asked = yaml.safe_load((PROJECT / "deploy" / "prometheus.yml").read_text())["scrape_configs"][0]["static_configs"]

    assert asked[0]["targets"] == [
        f"{name}:{settings_in(process)['GAPPT_METRICS_PORT']}" for name, process in PROCESSES.items()
    ]


def test_one_role_migrates_and_another_serves() -> None:
    addresses = {name: settings_in(service)["GAPPT_DATABASE_URL"] for name, service in OURS.items()}
    users = {name: re.findall(r"//(\w+)@", address) for name, address in addresses.items()}

    assert SERVICES["migrate"]["command"] == ["migrate", "--role", "gappt"]  # the rights to serve, and no others
    assert users == {"gappt-1": ["gappt"], "gappt-2": ["gappt"], "migrate": ["gappt_owner"]}
    for user in ("gappt", "gappt_owner"):
        assert re.search(rf"CREATE ROLE {user} LOGIN NOSUPERUSER NOBYPASSRLS ", INIT)


def test_no_password_is_written_down_and_none_has_a_default() -> None:
    words = re.findall(r"\w*PASSWORD\w*: (.*)", TEXT)

    assert words
    assert all(re.fullmatch(r"\$\{\w+:\?make passwords\}", word) for word in words)
    assert not re.search(r"PASSWORD '[^']", INIT)
    assert "@" not in "".join(re.findall(r"://[^@\s]*:[^@\s]*@", TEXT))


def test_the_script_of_the_database_gets_the_passwords_that_it_asks_for() -> None:
    asked = set(re.findall(r"\\getenv \w+ (\w+)", INIT))

    assert asked
    assert asked <= SERVICES["postgres"]["environment"].keys()


def test_make_passwords_makes_every_password_once_for_its_owner_alone(tmp_path: Path) -> None:
    shutil.copy(PROJECT / "Makefile", tmp_path)

    def made() -> str:
        subprocess.run(["make", "passwords"], cwd=tmp_path, check=True, capture_output=True)
        return (tmp_path / ".env").read_text()

    first, second = made(), made()
    passwords = dict(line.split("=") for line in first.splitlines())

    assert first == second
    assert passwords.keys() == set(re.findall(r"\$\{(\w+):\?", TEXT))
    assert len(set(passwords.values())) == len(passwords)
    assert all(re.fullmatch(r"[0-9a-f]{48}", password) for password in passwords.values())
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir() if ".new" in path.name] == []


def test_git_and_the_builder_leave_the_passwords_alone() -> None:
    assert ".env" in (PROJECT / ".gitignore").read_text().splitlines()
    assert "**/.env" in (PROJECT / ".dockerignore").read_text().splitlines()


def test_only_nginx_and_what_watches_can_be_reached_and_all_of_it_from_this_machine_alone() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

    assert published.keys() == {"nginx", "prometheus", "grafana"}
    assert all(re.match(r"(\$\{PUBLISH_AT:-)?127\.0\.0\.1:", port) for ports in published.values() for port in ports)
    assert {name for name, network in COMPOSE["networks"].items() if not network.get("internal")} == {"outside"}
    assert {name for name, service in SERVICES.items() if "outside" in service["networks"]} == published.keys()
    assert "book" not in SERVICES["nginx"]["networks"]


@pytest.mark.parametrize("name", SERVICES.keys() - {"postgres"})
def test_nothing_but_the_database_writes_to_its_own_files_or_has_a_right_of_root(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_is_given_the_time_to_end(name: str) -> None:
    assert int(PROCESSES[name]["stop_grace_period"].removesuffix("s")) >= _SECONDS_TO_FINISH + 5


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_is_ours_or_has_a_version(name: str) -> None:
    image = SERVICES[name]["image"]

    assert "build" in SERVICES[name] if image == "gappt-graphql" else re.search(r":v?\d", image)
    assert "." not in image.partition(":")[0]  # the name of a registry


@pytest.mark.parametrize("name", SERVICES)
def test_every_file_that_is_lent_to_a_container_is_there(name: str) -> None:
    lent = [volume.split(":") for volume in SERVICES[name].get("volumes", []) if volume.startswith(".")]

    assert [path for path, *_ in lent if not (PROJECT / path).exists()] == []
    assert all(rest[-1] == "ro" for _, *rest in lent)


def test_the_data_of_the_database_lie_where_the_image_keeps_them() -> None:
    assert SERVICES["postgres"]["image"] == "postgres:18"
    assert "book:/var/lib/postgresql" in SERVICES["postgres"]["volumes"]


def test_the_limits_of_nginx_fit_those_of_the_service() -> None:
    def seconds(name: str) -> int:
        return int(re.search(rf"^\s+{name} (\d+)s;", NGINX, re.MULTILINE)[1])  # type: ignore[index]

    usual = settings_of(given({}, {}))
    assert f"client_max_body_size {LARGEST_BODY // 1024}k;" in NGINX
    assert seconds("proxy_read_timeout") > max(2 * USUAL.streams.ping_interval, usual.write_seconds, usual.read_seconds)
    assert seconds("keepalive_timeout") < 10  # the first is that of the upstream; uvicorn's is 10


def test_what_nginx_refuses_it_tells_in_json_with_codes_of_the_closed_list() -> None:
    told = [json.loads(text) for text in re.findall(r"return \d{3} '(.*)';", NGINX)]

    assert told
    for answer in told:
        (error,) = answer["errors"]
        assert error["message"] == answer["message"]
        assert error["extensions"]["code"] in set(ErrorCode)
