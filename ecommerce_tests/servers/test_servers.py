"""The warehouse on a server of its own: by verified TLS, through PgBouncer, read from a replica.

One server does for all: it takes passwords over TLS only, and a replica streams from it.
"""

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from ecommerce_api.main import create_app
from ecommerce_assets.api_keys import create_key
from ecommerce_assets.dagster_instance.storage import InstanceStorage
from ecommerce_assets.settings import Settings
from ecommerce_assets.warehouse.digest import table_digests
from ecommerce_assets.warehouse.schema import migrate
from ecommerce_assets.warehouse.session import PassingFaultError, connect
from ecommerce_tests.api.live import serving
from ecommerce_tests.servers import cluster
from ecommerce_tests.servers.cluster import Cluster
from ecommerce_tests.small_shop import SmallShop, customer, item, order, product, returned
from ecommerce_tests.waiting import until

DAY, NEXT = "2024-03-05", "2024-03-06"
_ROLES = (
    "create role loader login password 'loader' replication",
    "create database shop owner loader",
    "create role ecommerce_reader login password 'reader'",
    "grant ecommerce_reader to loader",
)


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder that the servers' user reaches; those of pytest are for root alone."""
    with tempfile.TemporaryDirectory(prefix="ecommerce-servers-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="module")
def certificates(place: Path) -> Path:
    """An authority's certificate, one of it for 127.0.0.1, and one of another authority."""
    folder = place / "certificates"
    folder.mkdir()
    for authority in ("authority", "stranger"):
        openssl(
            folder,
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            f"/CN={authority}",
            "-keyout",
            f"{authority}.key",
            "-out",
            f"{authority}.pem",
        )
    openssl(
        folder,
        "req",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=db",
        "-keyout",
        "server.key",
        "-out",
        "server.csr",
    )
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1")
    openssl(
        folder,
        "x509",
        "-req",
        "-in",
        "server.csr",
        "-CA",
        "authority.pem",
        "-CAkey",
        "authority.key",
        "-CAcreateserial",
        "-days",
        "2",
        "-extfile",
        "names",
        "-out",
        "server.pem",
    )
    cluster.owned(folder / "server.key")
    (folder / "server.key").chmod(0o600)
    return folder


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def server(place: Path, certificates: Path) -> Iterator[Cluster]:
    """A server that lets nobody in over the network without TLS."""
    folder = place / "primary"
    cluster.make(folder)
    settings = {
        "ssl": "on",
        "ssl_cert_file": str(certificates / "server.pem"),
        "ssl_key_file": str(certificates / "server.key"),
        "wal_keep_size": "256MB",
    }
    hba = [
        "hostssl all all 127.0.0.1/32 scram-sha-256",
        "hostssl replication all 127.0.0.1/32 scram-sha-256",
    ]
    with cluster.running(folder, settings, hba) as running:
        running.execute(*_ROLES)
        yield running


def tls_url(server: Cluster, certificates: Path, user: str = "loader", **changed: str) -> str:
    given = {"host": "127.0.0.1", "mode": "verify-full", "authority": "authority", **changed}
    return (
        f"postgresql://{user}:{user}@{given['host']}:{server.port}/shop"
        f"?sslmode={given['mode']}&sslrootcert={certificates / given['authority']}.pem"
    )


@pytest.fixture(scope="module")
def shop(
    server: Cluster, certificates: Path, tmp_path_factory: pytest.TempPathFactory
) -> SmallShop:
    """A shop loaded over TLS, with the key `eck_test`."""
    url = tls_url(server, certificates)
    migrate(url)
    shop = SmallShop(tmp_path_factory.mktemp("shop") / "landing", url)
    shop.land("customers", DAY, customer())
    shop.land("products", DAY, product())
    shop.land("orders", DAY, order())
    shop.land("order_items", DAY, item())
    shop.load()
    with psycopg.connect(url) as connection:
        create_key(connection, "test", KEY["X-API-Key"])
    return shop


KEY = {"X-API-Key": "eck_test"}


def served_of(url: str, **settings: object) -> httpx.Client:
    return serving(create_app(Settings(api_database_url=url, _env_file=None, **settings)))


def sessions(server: Cluster, application: str) -> set[bool]:
    """Whether the sessions of an application use TLS."""
    with psycopg.connect(server.url()) as connection:
        return {
            is_tls
            for (is_tls,) in connection.execute(
                "select ssl from pg_stat_ssl join pg_stat_activity using (pid)"
                " where application_name = %s",
                [application],
            )
        }


def test_the_load_the_api_and_dagster_verify_the_server(
    shop: SmallShop, server: Cluster, certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect(shop.url) as connection:
        assert sessions(server, "ecommerce load") == {True}
        assert connection.execute("show timezone").fetchone() == ("UTC",)

    reader = tls_url(server, certificates, "ecommerce_reader")
    with served_of(reader.replace(":ecommerce_reader@", ":reader@")) as api:
        assert api.get("/metrics", headers=KEY).status_code == 200
        assert sessions(server, "ecommerce api") == {True}

    monkeypatch.setenv("ECOMMERCE_DATABASE_URL", shop.url)
    assert InstanceStorage.from_config_value(None, {}).event_log_storage.get_asset_records() == []


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"authority": "stranger"}, "certificate verify failed"),
        ({"host": "localhost"}, 'does not match host name "localhost"'),
        ({"mode": "disable"}, "no encryption"),
    ],
)
def test_a_server_that_is_not_the_one_gets_no_password(
    server: Cluster, certificates: Path, changed: dict[str, str], message: str
) -> None:
    url = tls_url(server, certificates, **changed)
    with pytest.raises(PassingFaultError, match=message), connect(url):
        pass
    with served_of(url) as api:
        assert api.get("/metrics", headers=KEY).status_code == 503


def test_loads_and_the_api_go_through_pgbouncer_in_transaction_mode(
    shop: SmallShop, server: Cluster, place: Path
) -> None:
    users = {"loader": "loader", "ecommerce_reader": "reader"}
    with cluster.bouncer(server, place / "bouncer", users) as port:
        pooled = SmallShop(shop.landing, f"postgresql://loader:loader@127.0.0.1:{port}/shop")
        assert not pooled.load().is_changed
        shop.land("returns", NEXT, returned(returned_at=NEXT))
        shop.land("orders", NEXT, order("O2"))
        assert pooled.load().is_changed
        assert pooled.load(NEXT, NEXT).refusals == []  # another run in the same session

        url = f"postgresql://ecommerce_reader:reader@127.0.0.1:{port}/shop"
        with served_of(url, api_pooled=True) as api:
            for path in ("/metrics", "/metrics/daily", "/orders", "/lineage/order/O1", "/metrics"):
                assert api.get(path, headers=KEY).status_code == 200
            assert api.get("/health/ready").json()["as_of"] == NEXT
        loader = f"postgresql://loader:loader@127.0.0.1:{port}/shop"
        with serving(
            create_app(Settings(database_url=loader, api_pooled=True, _env_file=None))
        ) as api:
            assert api.get("/metrics", headers=KEY).status_code == 200
        with psycopg.connect(loader, prepare_threshold=None) as connection:
            # What the API set for its transactions stayed in them.
            assert connection.execute(
                "select current_user, current_setting('statement_timeout')"
            ).fetchone() == ("loader", "0")


def test_the_api_reads_from_a_replica_and_states_its_lag(
    shop: SmallShop, server: Cluster, certificates: Path, place: Path
) -> None:
    folder = place / "replica"
    folder.mkdir()
    cluster.owned(folder)
    source = tls_url(server, certificates).replace("/shop?", "/?")
    cluster.run(
        cluster.PROGRAMS / "pg_basebackup",
        "-D",
        folder / "data",
        "-R",
        "-X",
        "stream",
        "-c",
        "fast",
        "-d",
        source,
    )
    with cluster.running(folder, {"hot_standby": "on"}, []) as replica:
        with served_of(replica.url("shop", "ecommerce_reader")) as api:
            until(lambda: lag(api) == "0.0")
            before = api.get("/metrics", headers=KEY).json()["as_of"]
            assert before < "2024-03-09"

            replica.execute("select pg_wal_replay_pause()")
            shop.land("customers", "2024-03-09", customer("C2"))
            shop.load()
            until(lambda: float(lag(api)) > 0)
            assert api.get("/metrics", headers=KEY).json()["as_of"] == before

            replica.execute("select pg_wal_replay_resume()")
            until(lambda: api.get("/metrics", headers=KEY).json()["as_of"] == "2024-03-09")
            until(lambda: lag(api) == "0.0")
        with connect(replica.url("shop")) as copied, connect(shop.url) as original:
            assert table_digests(copied) == table_digests(original)
    with served_of(shop.url) as api:
        assert lag(api) is None


def lag(api: httpx.Client) -> str:
    return api.get("/health/ready").json()["replica_lag_seconds"]


def test_a_restored_backup_has_equal_digests(
    shop: SmallShop, server: Cluster, tmp_path: Path
) -> None:
    dump = tmp_path / "shop.dump"
    programs = cluster.PROGRAMS
    subprocess.run([programs / "pg_dump", "-Fc", "-f", dump, server.url("shop")], check=True)
    server.execute("create database restored owner loader")
    subprocess.run(
        [programs / "pg_restore", "--exit-on-error", "-d", server.url("restored"), dump], check=True
    )
    with connect(server.url("restored")) as restored, connect(shop.url) as original:
        assert table_digests(restored) == table_digests(original)
