"""The graph as it was last reviewed, in `graph.txt`: each asset with what it needs and its checks.

After a change that is meant, write it anew: python -m ecommerce_tests.test_graph_snapshot
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import dagster as dg

from ecommerce_assets.definitions import build_defs
from ecommerce_tests.small_shop import SmallShop

SNAPSHOT = Path(__file__).with_name("graph.txt")


def described(defs: dg.Definitions) -> str:
    """Describe the graph, one paragraph an asset."""
    return "\n\n".join("\n".join(paragraph) for paragraph in _paragraphs(defs)) + "\n"


def _paragraphs(defs: dg.Definitions) -> Iterator[list[str]]:
    graph = defs.resolve_asset_graph()
    for key in sorted(graph.executable_asset_keys, key=str):
        asset = graph.get(key)
        parents = sorted(parent.to_user_string() for parent in asset.parent_keys)
        checks = sorted(check.name for check in asset.check_keys)
        yield [
            key.to_user_string(),
            f"  group {asset.group_name}, {type(asset.partitions_def).__name__},"
            f" {asset.backfill_policy}, pools {sorted(asset.pools or ())}",
            f"  from {', '.join(parents) or 'the landing zone'}",
            f"  checks {', '.join(checks) or 'none'}",
        ]
    repository = defs.get_repository_def()
    yield [
        f"jobs {sorted(job.name for job in repository.get_all_jobs() if job.name[0] != '_')}",
        f"schedules {sorted(schedule.name for schedule in repository.schedule_defs)}",
        f"sensors {sorted(sensor.name for sensor in repository.sensor_defs)}",
    ]


def test_the_graph_is_the_reviewed_one(small_shop: SmallShop) -> None:
    assert described(build_defs(small_shop.shop)) == SNAPSHOT.read_text(encoding="utf-8")


def _write() -> None:
    from ecommerce_assets.warehouse.schema import migrate
    from ecommerce_tests import postgres

    with postgres.database() as url, TemporaryDirectory() as landing:
        migrate(url)
        defs = build_defs(SmallShop(Path(landing), url).shop)
        SNAPSHOT.write_text(described(defs), encoding="utf-8")


if __name__ == "__main__":
    _write()
