"""`make cluster-test`: backfills by five machines while their parts break, and a table of it.

It needs root and Debian's iproute2 and redis-server, takes ten to twenty minutes, and leaves
nothing but the table in `docs/scaling.md`.
"""

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from ecommerce_assets.root import PROJECT_ROOT
from ecommerce_tests.cluster import faults
from ecommerce_tests.cluster.machines import Cluster
from ecommerce_tests.cluster.trials import ONE_PROCESS, Trial, Trials

TRIALS = {
    "nothing": None,
    "a worker is killed": faults.kill_worker,
    "a worker's cable is pulled": faults.cut_off_worker,
    "the broker is killed": faults.restart_broker,
    "PostgreSQL is killed": faults.restart_database,
}
DAYS_A_TRIAL = 8
ORDERS_A_DAY = 100
FIRST_DAY = "2024-01-01"
TABLE = PROJECT_ROOT / "docs" / "scaling.md"
BEFORE, AFTER = "<!-- make cluster-test writes this table -->\n", "<!-- until here -->\n"


def main() -> int:
    """Play all trials, or those whose numbers are given, print a line for each, write the table."""
    missing = [name for name in ("ip", "redis-server", "setpriv") if shutil.which(name) is None]
    if missing or os.geteuid() != 0:
        print(
            "The cluster test makes network namespaces. Run it as root, with Debian's packages"
            f" iproute2, redis-server and util-linux (missing: {', '.join(missing) or 'none'})."
        )
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    names = [list(TRIALS)[int(number)] for number in sys.argv[1:]] or list(TRIALS)
    folder = Path(tempfile.mkdtemp(prefix="ecommerce-cluster-"))
    try:
        results = list(play(folder, names))
    except BaseException:
        print(f"The logs are in {folder}.", flush=True)
        raise
    shutil.rmtree(folder)
    if names == list(TRIALS):
        write_table(results)
    return 0


def play(folder: Path, names: Iterable[str]) -> Iterable[Trial]:
    """Play trials on a cluster of their own."""
    settings = {
        "ECOMMERCE_LANDING": str(folder / "landing"),
        "ECOMMERCE_CURRENCY": "EUR",
        "ECOMMERCE_FIRST_DAY": FIRST_DAY,
    }
    with Cluster(folder, settings) as cluster:
        cluster.boot()
        cluster.query(f"create database {ONE_PROCESS}")
        cluster.ecommerce(
            "ecommerce",
            *("simulate", str(folder / "written"), f"--start={FIRST_DAY}", "--dirty=0.01"),
            *(f"--days={1 + DAYS_A_TRIAL * len(TRIALS)}", f"--orders-per-day={ORDERS_A_DAY}"),
        )
        for database in ("ecommerce", ONE_PROCESS):
            cluster.ecommerce(database, "migrate")
        cluster.start()
        trials = Trials(cluster, folder / "written", folder / "landing")
        trials.await_ui()
        trials.load_a_day()
        for name in names:
            trial = trials.play(name, DAYS_A_TRIAL, TRIALS[name])
            print(trial, flush=True)
            yield trial


def write_table(trials: Iterable[Trial]) -> None:
    """Write the results into the documentation."""
    rows = [
        f"| {trial.name} | {trial.seconds:.0f} | {', '.join(trial.writers)} | {trial.retries} |"
        f" {trial.answered} of {trial.asked} |\n"
        for trial in trials
    ]
    head = (
        "| what breaks | seconds | who wrote | retries | the API answered |\n" + "|---" * 5 + "|\n"
    )
    text = TABLE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEFORE)
    _, _, after = rest.partition(AFTER)
    TABLE.write_text(
        before + BEFORE + "\n" + head + "".join(rows) + "\n" + AFTER + after, encoding="utf-8"
    )


if __name__ == "__main__":
    sys.exit(main())
