"""What breaks while a run writes. Each function returns when the broken part may work again."""

import time

from ecommerce_tests.cluster.machines import Cluster
from ecommerce_tests.cluster.network import Machine
from ecommerce_tests.waiting import until

AWAY_SECONDS = 5
NOTICED_WITHIN_SECONDS = 240


def kill_worker(cluster: Cluster, writer: Machine) -> None:
    """Kill the worker whose run writes, with the process that executes the run."""
    writer.kill_all()


def cut_off_worker(cluster: Cluster, writer: Machine) -> None:
    """Pull the cable of the machine whose run writes, until Dagster has given that run up."""
    before = _failed_runs(cluster)
    writer.cut_off()
    try:
        until(lambda: _failed_runs(cluster) > before, NOTICED_WITHIN_SECONDS)
    finally:
        writer.connect_again()


def restart_broker(cluster: Cluster, writer: Machine) -> None:
    """Kill the broker, and start it again on what it had written to its disk."""
    _restart(cluster, "broker")


def restart_database(cluster: Cluster, writer: Machine) -> None:
    """Kill PostgreSQL with all its sessions, and start it again."""
    _restart(cluster, "database")


def _restart(cluster: Cluster, program: str) -> None:
    cluster.programs[program].stop()
    time.sleep(AWAY_SECONDS)
    cluster.programs[program].start()


def _failed_runs(cluster: Cluster) -> int:
    ((count,),) = cluster.query("select count(*) from dagster.runs where status = 'FAILURE'")
    return int(count)
