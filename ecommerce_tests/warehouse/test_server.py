import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import psutil
import psycopg
import pytest
from sqlalchemy import NullPool, create_engine

from ecommerce_assets.errors import OperatorError
from ecommerce_assets.settings import Settings
from ecommerce_assets.warehouse.database_url import database_url
from ecommerce_assets.warehouse.server import EmbeddedServer
from ecommerce_assets.warehouse.server_programs import ServerError
from ecommerce_tests.waiting import until

HOLD = """
import os, sys
from pathlib import Path
from ecommerce_assets.settings import Settings
from ecommerce_assets.warehouse.database_url import database_url
print(database_url(Settings(home=Path(sys.argv[1]))), flush=True)
"""
UNTIL_TOLD = HOLD + "sys.stdin.read()"
AND_FORK = HOLD + "os.fork() or sys.stdin.read()"
START = """
import sys
from pathlib import Path
from ecommerce_assets.warehouse.server import EmbeddedServer
print(EmbeddedServer(Path(sys.argv[1]) / "postgres").start())
"""
LASTING = HOLD.replace("import database_url", "import lasting_database_url").replace(
    "print(database_url", "print(lasting_database_url"
)
LASTING_AFTER_HOLD = """
import sys
from pathlib import Path
from ecommerce_assets.settings import Settings
from ecommerce_assets.warehouse.database_url import database_url, lasting_database_url
database_url(Settings(home=Path(sys.argv[1])))
print(lasting_database_url(Settings(home=Path(sys.argv[1]))))
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose server is made once; each test leaves it stopped."""
    home = tmp_path_factory.mktemp("home") / "with a blank, a $HOME and a ' quote"
    home.mkdir()
    return home


@pytest.fixture
def run() -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    started = []

    def start(code: str, home: Path) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.communicate(timeout=60)


def url_from(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert url.startswith("postgresql://")
    return url


def leave(process: "subprocess.Popen[str]") -> None:
    process.communicate(timeout=60)
    assert process.returncode == 0


def runs(home: Path) -> bool:
    return (home / "postgres" / "data" / "postmaster.pid").exists()


def started_at(url: str) -> object:
    """Ask the server when it was started, and wait until it has forgotten who asked."""
    with psycopg.connect(url) as connection:
        row = connection.execute("select pg_postmaster_start_time(), pg_backend_pid()").fetchone()
        assert row is not None
        started, backend = row[0], psutil.Process(row[1])
    backend.wait(60)
    return started


def keepers(home: Path) -> list[psutil.Process]:
    """The processes that keep this home's server."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if "ecommerce_assets.warehouse.server_keeper" in (line := process.info["cmdline"] or [])
        and str((home / "postgres").resolve()) in line
    ]


def end_keeper(home: Path) -> None:
    """End the keeper instead of waiting for it, and the server."""
    for process in keepers(home):
        process.kill()
        process.wait(10)
    EmbeddedServer(home / "postgres").stop()


def kill_postmaster(home: Path) -> None:
    pid = int((home / "postgres" / "data" / "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)


def test_the_last_process_to_leave_stops_the_server(home, run):
    first, second = run(UNTIL_TOLD, home), run(UNTIL_TOLD, home)
    url = url_from(first)
    assert url_from(second) == url
    leave(first)
    assert started_at(url)
    leave(second)
    assert not runs(home)


def test_processes_that_start_at_once_share_one_server(tmp_path, run):
    processes = [run(UNTIL_TOLD, tmp_path) for _ in range(3)]
    assert len({started_at(url_from(process)) for process in processes}) == 1
    for process in processes:
        leave(process)
    assert not runs(tmp_path)


def test_a_killed_process_neither_stops_the_server_nor_keeps_it(home, run):
    killed = run(UNTIL_TOLD, home)
    before = started_at(url_from(killed))
    killed.kill()
    killed.wait()
    successor = run(UNTIL_TOLD, home)
    assert started_at(url_from(successor)) == before
    leave(successor)
    assert not runs(home)


def test_a_forked_child_holds_the_server_while_it_lives(home, run):
    parent = run(AND_FORK, home)
    url = url_from(parent)
    assert parent.wait() == 0
    assert started_at(url)
    parent.communicate(timeout=60)  # ends the child's input, and waits for the end of its output
    assert not runs(home)


def test_a_server_for_psql_outlives_the_next_process_that_leaves(home, run):
    command = run(LASTING, home)
    url = url_from(command)
    leave(command)
    before = started_at(url)
    holder = run(UNTIL_TOLD, home)
    assert started_at(url_from(holder)) == before
    leave(holder)
    assert started_at(url) == before
    end_keeper(home)


def test_a_holder_that_leaves_while_the_keeper_starts_does_not_stop_the_server(home, run):
    command = run(LASTING_AFTER_HOLD, home)
    url = url_from(command)
    leave(command)
    assert started_at(url)
    end_keeper(home)


def test_a_connected_program_is_not_cut_off(home, run):
    holder = run(UNTIL_TOLD, home)
    with psycopg.connect(url_from(holder)) as psql:
        leave(holder)
        assert psql.execute("select 1").fetchone() == (1,)
        until(lambda: keepers(home))
    end_keeper(home)


def test_a_server_that_nobody_uses_ends(home, run):
    command = run(START, home)
    url = url_from(command)
    leave(command)
    server = EmbeddedServer(home / "postgres")
    with psycopg.connect(url):
        server.start_and_keep(idle_seconds=0.2)
        until(lambda: keepers(home))
        server.start_and_keep(idle_seconds=0.2)  # a second keeper leaves the work to the first
        assert runs(home)
    until(lambda: not runs(home) and not keepers(home))


def test_a_server_that_was_killed_starts_again_with_its_data(home, run):
    first = run(UNTIL_TOLD, home)
    with psycopg.connect(url_from(first)) as connection:
        connection.execute("create table if not exists kept as select 1 as one")
    kill_postmaster(home)
    second = run(UNTIL_TOLD, home)
    with psycopg.connect(url_from(second)) as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (1,)
    leave(first)
    leave(second)
    assert not runs(home)


def test_a_server_without_its_socket_is_started_again(home, run):
    """A server whose home was removed ends within a minute, and removes a new server's socket."""
    first = run(UNTIL_TOLD, home)
    before = started_at(url_from(first))
    sockets = Path((home / "postgres/data/postmaster.pid").read_text().splitlines()[4])
    (sockets / ".s.PGSQL.5432").unlink()

    second = run(UNTIL_TOLD, home)

    assert started_at(url_from(second)) != before
    leave(first)
    leave(second)
    assert not runs(home)


@pytest.mark.parametrize("pid", [str(os.getpid()), ""], ids=["reused", "empty"])
def test_the_files_of_a_killed_server_are_no_obstacle(home, run, pid):
    first = run(UNTIL_TOLD, home)
    url_from(first)
    file = home / "postgres" / "data" / "postmaster.pid"
    sockets = Path(file.read_text().splitlines()[4])
    kill_postmaster(home)
    for stale in (file, sockets / ".s.PGSQL.5432.lock"):
        stale.write_text(
            stale.read_text().replace(stale.read_text().split()[0], pid, 1) * bool(pid)
        )
    second = run(UNTIL_TOLD, home)
    assert started_at(url_from(second))
    leave(first)
    leave(second)
    assert not runs(home)


@pytest.mark.parametrize("name", ["deep/" * 20, "a,b"], ids=["long", "comma"])
def test_a_path_that_no_socket_can_have(tmp_path, name, run):
    home = tmp_path / name
    holder = run(UNTIL_TOLD, home)
    url = url_from(holder)
    socket_folder = Path((home / "postgres/data/postmaster.pid").read_text().splitlines()[4])
    assert socket_folder.stat().st_mode & 0o077 == 0
    assert started_at(url)
    leave(holder)
    assert not socket_folder.exists()


def test_the_url_works_for_every_client(home, run):
    holder = run(UNTIL_TOLD, home)
    url = url_from(holder)

    async def ask() -> object:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval("select current_database()")
        finally:
            await connection.close()

    assert asyncio.run(ask()) == "ecommerce"
    engine = create_engine(url.replace("://", "+psycopg2://"), poolclass=NullPool)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("show timezone").scalar() == "UTC"
        assert connection.exec_driver_sql("show random_page_cost").scalar() == "1.1"
        assert connection.exec_driver_sql("show listen_addresses").scalar() == ""
    leave(holder)
    assert not runs(home), "a connection that is still open would have kept it running"


def test_a_home_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ServerError, match=r"cannot work in .*set ECOMMERCE_HOME"):
        database_url(Settings(home=tmp_path / "file"))


def test_a_server_that_could_not_be_made_leaves_nothing_behind(tmp_path):
    with pytest.raises(ServerError, match="could not fill"):
        EmbeddedServer(tmp_path, {"no_such_parameter": "1"}).start()
    server = EmbeddedServer(tmp_path, {})
    assert started_at(server.start())
    server.stop()


def test_a_server_that_does_not_come_up_says_why_and_names_its_log(tmp_path):
    server = EmbeddedServer(tmp_path, {})
    server.start()
    server.stop()
    with (server.data / "postgresql.conf").open("a") as configuration:
        configuration.write("\nshared_buffers = 'plenty'\n")
    with pytest.raises(ServerError, match=r"configuration file .* contains errors") as caught:
        server.start()
    assert str(server.log) in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
def test_a_database_of_ones_own(tmp_path, scheme):
    settings = Settings(home=tmp_path / "unused", database_url=f"{scheme}://me:p%40ss@db:5/shop")
    assert database_url(settings) == "postgresql://me:p%40ss@db:5/shop"
    assert not settings.home.exists()


def test_a_url_of_another_database_is_refused_without_showing_it(tmp_path):
    settings = Settings(home=tmp_path, database_url="mysql://me:secret@db/shop")
    with pytest.raises(OperatorError, match="ECOMMERCE_DATABASE_URL") as caught:
        database_url(settings)
    assert "secret" not in str(caught.value)
