"""Every manifest is what the Kubernetes API takes, and runs with no more rights than it needs."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from ecommerce_assets.root import PROJECT_ROOT

kubernetes_validate = pytest.importorskip(
    "kubernetes_validate", reason="`make kubernetes` installs it: 190 MB that nothing else needs"
)

VERSIONS = ("1.30", "1.34")
K8S = PROJECT_ROOT / "k8s"
MANIFESTS = sorted(set(K8S.glob("*.yaml")) - {K8S / "values.yaml"})


def documents(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def pods() -> list[dict[str, Any]]:
    """The pod templates of all manifests."""
    found = []
    for document in (document for path in MANIFESTS for document in documents(path)):
        match document["kind"]:
            case "Deployment":
                found.append(document["spec"]["template"]["spec"])
            case "CronJob":
                found.append(document["spec"]["jobTemplate"]["spec"]["template"]["spec"])
    return found


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_the_api_takes_a_manifest(path: Path, version: str) -> None:
    for document in documents(path):
        kubernetes_validate.validate(document, version, strict=True)


def test_the_schemas_refuse_a_field_that_does_not_exist() -> None:
    (deployment, *_) = documents(K8S / "api.yaml")
    deployment["spec"]["replica"] = 2
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, VERSIONS[-1], strict=True)


def test_no_container_is_root_or_writes_outside_its_volumes() -> None:
    assert len(pods()) == 2
    for pod in pods():
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
        for container in pod["containers"]:
            security = container["securityContext"]
            assert security["readOnlyRootFilesystem"] is True
            assert security["allowPrivilegeEscalation"] is False
            assert security["capabilities"] == {"drop": ["ALL"]}
            assert "memory" in container["resources"]["limits"]
            mounts = {mount["name"] for mount in container["volumeMounts"]}
            assert mounts == {volume["name"] for volume in pod["volumes"]}


def test_one_api_stays_when_a_node_is_emptied() -> None:
    kinds = {document["kind"]: document for document in documents(K8S / "api.yaml")}
    labels = kinds["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert kinds["Deployment"]["spec"]["replicas"] == 2
    assert kinds["PodDisruptionBudget"]["spec"]["minAvailable"] == 1
    assert kinds["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    assert kinds["Service"]["spec"]["selector"] == labels
