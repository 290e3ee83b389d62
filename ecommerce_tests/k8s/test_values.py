"""The chart's values as Dagster takes them: the pod of a run, and what replaces the chart's."""

import json
import re
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from ecommerce_assets.dagster_instance.event_log import EventLog
from ecommerce_assets.dagster_instance.run_queue import WholeRunsQueue
from ecommerce_assets.root import PROJECT_ROOT
from ecommerce_tests.dagster_private import LaunchRunContext, process_config

REASON = "`make kubernetes` installs it: 190 MB that nothing else needs"
dagster_k8s = pytest.importorskip("dagster_k8s", reason=REASON)
kubernetes_validate = pytest.importorskip("kubernetes_validate", reason=REASON)

VALUES = yaml.safe_load((PROJECT_ROOT / "k8s" / "values.yaml").read_text(encoding="utf-8"))


@dg.job
def work() -> None:
    """A job whose runs are launched."""


class Api(ThreadingHTTPServer):
    """Stands for the Kubernetes API: keeps the jobs that are created."""

    def __init__(self) -> None:
        self.jobs: list[dict[str, Any]] = []
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: Api

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.split("?")[0].endswith("/jobs"):
            self.server.jobs.append(json.loads(body))
        self.send_response(201)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def api() -> Iterator[Api]:
    with Api() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def launcher_config(values: Mapping[str, Any]) -> dict[str, Any]:
    """Give the launcher's configuration that the chart makes of its values."""
    config = {snake(name): value for name, value in values.items()}
    config["env_secrets"] = [secret["name"] for secret in config["env_secrets"]]
    config["run_k8s_config"] = {
        snake(name): value for name, value in config["run_k8s_config"].items()
    }
    return config


def launched_job(api: Api, folder: Path) -> dict[str, Any]:
    """Launch a run by Dagster's own launcher, and give the job that Kubernetes is asked for."""
    cluster = {"name": "test", "cluster": {"server": f"http://127.0.0.1:{api.server_address[1]}"}}
    kubeconfig = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "clusters": [cluster],
        "users": [{"name": "test", "user": {}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
    }
    (folder / "kubeconfig").write_text(yaml.safe_dump(kubeconfig))
    config = launcher_config(VALUES["runLauncher"]["config"]["k8sRunLauncher"]) | {
        "load_incluster_config": False,
        "kubeconfig_file": str(folder / "kubeconfig"),
        "service_account_name": "dagster",
        "instance_config_map": "dagster-instance",
        "postgres_password_secret": VALUES["global"]["postgresqlSecretName"],
        "dagster_home": "/opt/dagster/dagster_home",
        "job_image": "registry.example/ecommerce-assets:1",
    }
    launcher_class = dagster_k8s.K8sRunLauncher
    checked = process_config(launcher_class.config_type(), config)
    assert checked.success, checked.errors
    with dg.instance_for_test() as instance:
        launcher = launcher_class.from_config_value(None, checked.value)
        launcher.register_instance(instance)
        origin = dg.reconstructable(work).get_python_origin()
        run = instance.create_run_for_job(work, job_code_origin=origin)
        launcher.launch_run(LaunchRunContext(run, workspace=None))
    (job,) = api.jobs
    return job


def test_a_run_is_a_pod_with_its_own_memory_that_kubernetes_does_not_retry(
    api: Api, tmp_path: Path
) -> None:
    job = launched_job(api, tmp_path)

    kubernetes_validate.validate(job, "1.34", strict=True)
    assert job["spec"]["backoffLimit"] == 0
    pod = job["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    (container,) = pod["containers"]
    assert container["resources"]["limits"] == {"memory": "3Gi"}
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert {"secretRef": {"name": "ecommerce-settings"}} in container["envFrom"]
    mounts = {
        mount["mountPath"]: mount.get("readOnly", False) for mount in container["volumeMounts"]
    }
    assert mounts["/landing"] is True
    assert {"/tmp", "/var/lib/ecommerce", "/opt/dagster/dagster_home/storage"} <= set(mounts)
    assert container["args"][:3] == ["dagster", "api", "execute_run"]


def test_the_classes_that_the_values_name_exist() -> None:
    named = VALUES["dagsterDaemon"]["runCoordinator"]["config"]["customRunCoordinator"]
    assert getattr(import_module(named["module"]), named["class"]) is WholeRunsQueue
    named = VALUES["additionalInstanceConfig"]["event_log_storage"]
    assert getattr(import_module(named["module"]), named["class"]) is EventLog
    checked = process_config(EventLog.config_type(), named["config"])
    assert checked.errors is None or "DAGSTER_PG_PASSWORD" in str(checked.errors)


def test_our_event_log_replaces_the_one_that_the_chart_writes() -> None:
    charts = "event_log_storage:\n  class: PostgresEventLogStorage\n"
    ours = yaml.safe_dump(VALUES["additionalInstanceConfig"])
    assert yaml.safe_load(charts + ours)["event_log_storage"]["class"] == "EventLog"


def test_runs_are_watched_and_retried_as_those_of_workers_are() -> None:
    celery = yaml.safe_load((PROJECT_ROOT / "docker" / "dagster.celery.yaml").read_text())
    daemon = VALUES["dagsterDaemon"]
    watched = {snake(name): value for name, value in daemon["runMonitoring"].items()}
    # A node may have to fetch the image first.
    assert watched == celery["run_monitoring"] | {"start_timeout_seconds": 300}
    assert {snake(name): value for name, value in daemon["runRetries"].items()} == celery[
        "run_retries"
    ]
    assert VALUES["additionalInstanceConfig"]["concurrency"] == celery["concurrency"]
