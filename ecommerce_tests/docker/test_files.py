"""What the files of docker/ must be like, read and not run."""

import json
import re
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from ecommerce_assets.root import PROJECT_ROOT
from ecommerce_assets.warehouse.server import PARAMETERS
from ecommerce_tests.docker.compose import environment_file, read

DOCKER = PROJECT_ROOT / "docker"
BASE = DOCKER / "compose.yaml"
OVERLAYS = sorted(DOCKER.glob("compose.*.yaml"))


def ids(path: Path) -> str:
    return path.name


@pytest.mark.parametrize("path", [BASE, *OVERLAYS], ids=ids)
def test_a_compose_file_is_what_the_compose_specification_says(path):
    schemas = files("check_jsonschema") / "builtin_schemas" / "vendor"
    schema = json.loads((schemas / "compose-spec.json").read_text(encoding="utf-8"))
    jsonschema_rs.validate(schema, yaml.safe_load(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("overlays", [[], *([path] for path in OVERLAYS), OVERLAYS], ids=str)
def test_what_a_service_names_is_there(overlays):
    document = read(BASE, *overlays)
    for name, service in document["services"].items():
        assert {"image", "mem_limit", "restart"} <= set(service), name
        assert set(service.get("depends_on", {})) <= set(document["services"]), name
        for secret in service.get("secrets", []):
            assert secret in document["secrets"], name
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./") and source != "./landing":
                assert (DOCKER / source).exists(), f"{name}: {source}"
            elif not source.startswith((".", "/")):
                assert source in document["volumes"], f"{name}: {source}"
        for waited_for, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in document["services"][waited_for], waited_for


def test_containers_of_our_image_can_change_nothing_but_their_volumes():
    ours = {
        name: service
        for name, service in read(BASE, *OVERLAYS)["services"].items()
        if service["image"].startswith("ecommerce-assets:")
    }
    assert set(ours) == {
        *("migrate", "migrate-dagster", "code-location", "webserver", "daemon", "api", "worker")
    }
    for name, service in ours.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "user" not in service, f"{name} runs as the image's user"
        is_one_shot = service["restart"] == "no"
        assert is_one_shot != ("healthcheck" in service), name


def test_no_environment_is_written_twice():
    blocks = re.findall(
        r"^    environment:\n((?:      .*\n)+)", BASE.read_text(encoding="utf-8"), re.M
    )
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    assert len(lines) == len(set(lines))


def test_only_this_machine_reaches_ui_and_api():
    ports = [
        port for service in read(BASE)["services"].values() for port in service.get("ports", [])
    ]
    assert sorted(ports) == ["127.0.0.1:3000:3000", "127.0.0.1:8000:8000"]


def test_images_of_others_have_an_exact_version():
    services = read(BASE, *OVERLAYS)["services"]
    stages = re.findall(r"^FROM (\S+)", (DOCKER / "Dockerfile").read_text(encoding="utf-8"), re.M)
    images = {service["image"] for service in services.values()} | {*stages}
    for image in images - {"ecommerce-assets:latest", "dependencies"}:
        assert re.search(r":[0-9]+\.[0-9]+", image), image


def test_the_database_has_the_embedded_servers_parameters():
    command = read(BASE)["services"]["postgres"]["command"]
    given = dict(option.removeprefix("--").split("=", 1) for option in command[1:])
    assert given == dict(PARAMETERS)


def test_no_password_is_in_the_example_of_the_settings():
    for name, value in environment_file(DOCKER / ".env.example").items():
        assert not re.search("PASSWORD|SECRET|KEY", name) or not value


def test_runs_in_containers_change_nothing_else_of_dagsters_settings():
    settings = yaml.safe_load((DOCKER / "dagster.docker-runs.yaml").read_text(encoding="utf-8"))
    launcher = settings.pop("run_launcher")
    assert settings == yaml.safe_load((PROJECT_ROOT / "dagster.yaml").read_text(encoding="utf-8"))
    assert launcher["class"] == "DockerRunLauncher"


def test_a_run_in_a_container_gets_what_the_code_location_has():
    services = read(BASE, DOCKER / "compose.docker-runs.yaml")["services"]
    code: dict[str, Any] = services["code-location"]
    settings = yaml.safe_load((DOCKER / "dagster.docker-runs.yaml").read_text(encoding="utf-8"))
    config = settings["run_launcher"]["config"]
    given = dict(variable.split("=", 1) for variable in config["env_vars"])
    assert given == {name: code["environment"][name] for name in given}
    assert "ECOMMERCE_DATABASE_URL" in given
    for name in ("init", "read_only", "cap_drop", "security_opt", "mem_limit"):
        assert config["container_kwargs"][name] == code[name]
    context = json.loads(code["environment"]["DAGSTER_CONTAINER_CONTEXT"])
    mounted = {v.split(":")[1] for v in context["docker"]["container_kwargs"]["volumes"]}
    secrets = {f"/run/secrets/{name}" for name in code["secrets"]}
    targets = {volume.split(":")[1] for volume in code["volumes"]}
    assert mounted == targets | secrets | {"/app/.env"}


def test_workers_change_of_dagsters_settings_only_how_runs_are_started_and_retried():
    base = yaml.safe_load((PROJECT_ROOT / "dagster.yaml").read_text(encoding="utf-8"))
    settings = yaml.safe_load((DOCKER / "dagster.celery.yaml").read_text(encoding="utf-8"))
    for changed in ("run_launcher", "run_coordinator", "run_retries"):
        assert changed not in base
        del settings[changed]
    del settings["run_monitoring"]["poll_interval_seconds"]
    for dagster in (base, settings):
        del dagster["concurrency"]["pools"]["default_limit"]
    assert settings == base


def test_as_many_runs_are_started_as_there_are_workers():
    worker = read(BASE, DOCKER / "compose.celery.yaml")["services"]["worker"]
    settings = yaml.safe_load((DOCKER / "dagster.celery.yaml").read_text(encoding="utf-8"))
    concurrency = settings["concurrency"]
    assert "--concurrency=1" in worker["command"]
    assert concurrency["runs"]["max_concurrent_runs"] == worker["deploy"]["replicas"]
    assert concurrency["pools"]["default_limit"] == worker["deploy"]["replicas"]


def test_a_worker_gets_what_the_code_location_has():
    services = read(BASE, DOCKER / "compose.celery.yaml")["services"]
    code, worker = services["code-location"], services["worker"]
    assert code["environment"].items() <= worker["environment"].items()
    for name in ("volumes", "secrets", "mem_limit", "init", "tmpfs", "env_file"):
        assert worker[name] == code[name], name


def test_hadolint_has_nothing_to_say():
    advice = run_tool("hadolint", DOCKER / "Dockerfile")
    assert advice == ""


@pytest.mark.parametrize("script", sorted(PROJECT_ROOT.glob("**/docker/**/*.sh")), ids=ids)
def test_shellcheck_has_nothing_to_say(script):
    assert run_tool("shellcheck", script) == ""


def run_tool(name: str, path: Path) -> str:
    tool = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if tool is None:
        pytest.skip(f"{name} is not installed")
    ran = subprocess.run([tool, path], capture_output=True, text=True, check=False)
    return ran.stdout + ran.stderr
