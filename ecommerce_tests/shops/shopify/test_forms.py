"""Every form in which Shopify's documents are delivered gives the same landing files."""

import gzip
import json
import random
from pathlib import Path
from typing import Any

import pytest

from ecommerce_assets.shops.documents import DocumentError
from ecommerce_tests.shops.shopify.documents import (
    agreement,
    bag,
    gid,
    graphql_line,
    graphql_order,
    line,
    order,
    refund,
    refund_line,
    sale,
)
from ecommerce_tests.shops.shopify.shop import Shop, agreed

Json = dict[str, Any]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def write(path: Path, *values: Any, lines: bool = True) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if lines:
        path.write_text("\n".join(json.dumps(value) for value in values), encoding="utf-8")
    else:
        path.write_text(json.dumps(values[0], indent=1), encoding="utf-8")
    return path


REST = [
    order(
        id_,
        "30.00",
        line(10 * id_, "10.00", 2),
        line(10 * id_ + 1, "10.00"),
        now="20.00",
        refunds=[refund(100 + id_, refund_line(200 + id_, 10 * id_, 1, "10.00"))],
    )
    for id_ in (1, 2, 3)
]


class TestRest:
    def test_json_json_lines_pages_and_gzip_are_one(self, shop: Shop) -> None:
        assert agreed(shop.take(*REST))
        forms = {
            "list": write(shop.folder / "list.json", REST, lines=False),
            "answer": write(shop.folder / "answer.json", {"orders": REST}, lines=False),
            "one line": write(shop.folder / "line.json", {"orders": REST}),
            "each": [write(shop.folder / f"{one['id']}.json", {"order": one}) for one in REST],
        }
        packed = shop.folder / "packed.bin"
        packed.write_bytes(gzip.compress(forms["list"].read_bytes()))  # type: ignore[union-attr]
        forms["gzip"] = packed
        for name, paths in forms.items():
            shop.take_files(*(paths if isinstance(paths, list) else [paths]), out=name)
            assert shop.files(name) == shop.files(), name

    def test_a_large_file_tells_how_far_it_is_read(self, shop: Shop) -> None:
        path = shop.folder / "many.jsonl"
        many = [order(id_, "10.00", line(id_, "10.00")) for id_ in range(1, 1201)]
        path.write_text("\n".join(json.dumps(one) for one in many), encoding="utf-8")
        told: list[tuple[str, int, int]] = []
        shop.take_files(path, progress=lambda *step: told.append(step))
        size = path.stat().st_size
        reading = [(done, total) for step, done, total in told if step == "reading"]
        assert len(reading) == 3
        assert reading == sorted(reading)
        assert {total for _, total in reading} == {size}
        assert reading[-1] == (size, size)
        assert ("orders", 1200, 1200) in told

    def test_shuffled_and_delivered_again_they_are_the_same(self, shop: Shop) -> None:
        shop.take(*REST)
        older = {**REST[0], "updated_at": "2026-03-03T00:00:00Z", "refunds": []}
        many = [*REST, *REST, older]
        random.Random(5).shuffle(many)
        cut = len(many) // 2
        paths = [
            write(shop.folder / "b.jsonl", *many[:cut]),
            write(shop.folder / "a.jsonl", *many[cut:]),
        ]
        shop.take_files(*paths, out="again")
        assert shop.files("again") == shop.files()

    def test_airbytes_envelopes_streams_and_floats_are_the_same(self, shop: Shop) -> None:
        shop.take(*REST)
        streams = []
        for one in REST:
            bare = {**one, "refunds": [{"id": back["id"]} for back in one["refunds"]]}
            streams.append({"stream": "orders", "data": bare, "emitted_at": 1773200000000})
            for back in one["refunds"]:
                data = json.loads(json.dumps(back).replace('"10.00"', "10.0"))
                data["order_id"] = one["id"]
                streams.append(
                    {"stream": "order_refunds", "data": data, "emitted_at": 1773200000000}
                )
        messages = [
            {"type": "LOG", "log": {"message": "starting"}},
            *({"type": "RECORD", "record": record} for record in streams),
            {"type": "STATE", "state": {}},
        ]
        rows = [
            {"_airbyte_ab_id": "x", "_airbyte_emitted_at": 1773200000000, "_airbyte_data": one}
            for one in REST
        ]
        for name, documents in {"records": streams, "protocol": messages, "rows": rows}.items():
            shop.take_files(write(shop.folder / f"{name}.jsonl", *documents), out=name)
            assert shop.files(name) == shop.files(), name

    def test_dlts_tables_are_the_same(self, shop: Shop) -> None:
        shop.take(*REST)
        tables: dict[str, list[Json]] = {}
        for one in REST:
            flatten("orders", one, None, tables)
        paths = [
            write(shop.folder / name / "1773200000.4f1c.jsonl", *rows)
            for name, rows in sorted(tables.items(), reverse=True)
        ]
        shop.take_files(*paths, out="dlt")
        assert shop.files("dlt") == shop.files()


def flatten(table: str, document: Json, parent: str | None, tables: dict[str, list[Json]]) -> None:
    """Lay a document out as dlt does: a table for each list, columns for nested objects."""
    rows = tables.setdefault(table, [])
    own = f"{table}-{len(rows)}"
    row: Json = {"_dlt_id": own}
    row |= (
        {"_dlt_parent_id": parent, "_dlt_list_idx": 0}
        if parent
        else {"_dlt_load_id": "1773200000.1"}
    )
    rows.append(row)

    def lay(prefix: str, value: Json) -> None:
        for key, item in value.items():
            if isinstance(item, dict):
                lay(f"{prefix}{key}__", item)
            elif isinstance(item, list):
                for element in item:
                    flatten(f"{table}__{prefix}{key}", element, own, tables)
            elif item is not None:
                row[f"{prefix}{key}"] = item

    lay("", document)


GRAPHQL = [
    graphql_order(
        id_,
        "30.00",
        graphql_line(10 * id_, "10.00", 2, currentQuantity=1),
        graphql_line(10 * id_ + 1, "10.00"),
        now="20.00",
        agreements=[
            agreement(
                300 + id_,
                "ORDER",
                "2026-03-02T15:00:00Z",
                sale(400 + id_, "ORDER", "PRODUCT", "20.00", 2, line=10 * id_),
                sale(500 + id_, "ORDER", "PRODUCT", "10.00", 1, line=10 * id_ + 1),
            ),
            agreement(
                600 + id_,
                "REFUND",
                "2026-03-09T21:30:00Z",
                sale(700 + id_, "RETURN", "PRODUCT", "-10.00", -1, line=10 * id_),
            ),
        ],
    )
    for id_ in (1, 2, 3)
]


def bulk(document: Json, parent: str | None = None) -> list[Json]:
    """Lay a document out as a bulk operation does: each node a line, under its parent's id."""
    row = {**document, **({"__parentId": parent} if parent else {})}
    children = []
    for key, value in document.items():
        if isinstance(value, dict) and ("edges" in value or "nodes" in value):
            del row[key]
            nodes = value.get("nodes") or [edge["node"] for edge in value["edges"]]
            for node in nodes:
                children += bulk(node, document["id"])
    return [row, *children]


def unwrapped(value: Any) -> Any:
    """Put plain lists where GraphQL has connections, as Estuary does."""
    if isinstance(value, dict):
        if "edges" in value:
            return [unwrapped(edge["node"]) for edge in value["edges"]]
        if "nodes" in value:
            return unwrapped(value["nodes"])
        return {key: unwrapped(item) for key, item in value.items()}
    return [unwrapped(item) for item in value] if isinstance(value, list) else value


class TestGraphql:
    def test_an_answer_and_a_shuffled_bulk_operation_are_one(self, shop: Shop) -> None:
        answer = {"data": {"orders": {"edges": [{"node": one} for one in GRAPHQL]}}}
        assert agreed(shop.take_files(write(shop.folder / "answer.json", answer, lines=False)))
        rows = [row for one in GRAPHQL for row in bulk(one)]
        for seed in (1, 2):
            random.Random(seed).shuffle(rows)
            shop.take_files(write(shop.folder / "bulk.jsonl", *rows), out=f"bulk {seed}")
            assert shop.files(f"bulk {seed}") == shop.files()

    def test_a_bulk_file_delivered_again_later_counts_as_the_later(self, shop: Shop) -> None:
        shop.take(*GRAPHQL)
        before = json.loads(json.dumps(GRAPHQL[0]))
        before["updatedAt"] = "2026-03-03T00:00:00Z"
        before["lineItems"]["edges"][0]["node"]["currentQuantity"] = 2
        before["agreements"]["nodes"].pop()
        paths = [
            write(shop.folder / "1.jsonl", *(row for one in GRAPHQL for row in bulk(one))),
            write(shop.folder / "2.jsonl", *bulk(before)),
        ]
        shop.take_files(*paths, out="again")
        assert shop.files("again") == shop.files()

    def test_estuarys_collections_are_the_same(self, shop: Shop) -> None:
        shop.take(*GRAPHQL)
        documents = []
        for one in unwrapped(GRAPHQL):
            agreements = one.pop("agreements")
            meta = {"_meta": {"op": "u", "row_id": 0}}
            documents.append(["acme/shop/orders", {**one, **meta}])
            part = {"id": one["id"], "updatedAt": one["updatedAt"], "agreements": agreements}
            documents.append(["acme/shop/order_agreements", {**part, **meta}])
        documents.append(["acme/shop/orders", {"id": gid("Order", 9), "_meta": {"op": "d"}}])
        imported = shop.take_files(write(shop.folder / "estuary.jsonl", *documents), out="estuary")
        assert shop.files("estuary") == shop.files()
        assert imported.left_out == {"deleted: order": 1}

    def test_what_the_shop_deleted_is_left_out_wherever_it_is_said(self, shop: Shop) -> None:
        shop.take(*GRAPHQL[:2])
        gone = [
            ["a/orders", {"id": gid("Order", 3), "_meta": {"op": "d"}}],
            ["a/customers", {"id": gid("Customer", 78), "_meta": {"op": "d"}}],
        ]
        buyer = {"id": gid("Customer", 78), "createdAt": "2025-01-01T00:00:00Z", "email": "e@x.com"}
        rows = [*gone, *(["a/orders", one] for one in GRAPHQL), ["a/customers", buyer]]
        for name, documents in {"first": rows, "last": rows[::-1]}.items():
            shop.take_files(write(shop.folder / f"{name}.jsonl", *documents), out=name)
            assert shop.files(name) == shop.files()

    def test_airbytes_order_agreements_complete_its_rest_orders(self, shop: Shop) -> None:
        shop.take(*GRAPHQL)
        records = []
        for id_, one in enumerate(GRAPHQL, start=1):
            rest = order(
                id_,
                "30.00",
                line(10 * id_, "10.00", 2, current_quantity=1),
                line(10 * id_ + 1, "10.00"),
                now="20.00",
                customer={"id": 77},
            )
            records.append({"stream": "orders", "data": rest, "emitted_at": 1773200000000})
            data = {"id": id_, "updated_at": "2026-03-10T14:00:00+00:00"}
            data["agreements"] = snaked(unwrapped(one["agreements"]))
            records.append(
                {"stream": "order_agreements", "data": data, "emitted_at": 1773200000000}
            )
        shop.take_files(write(shop.folder / "airbyte.jsonl", *records), out="airbyte")
        assert shop.files("airbyte") == shop.files()


def snaked(value: Any) -> Any:
    """Write keys and ids as Airbyte does."""
    if isinstance(value, dict):
        names = {key: "".join(f"_{c.lower()}" if c.isupper() else c for c in key) for key in value}
        return {names[key]: snaked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [snaked(item) for item in value]
    if isinstance(value, str) and value.startswith("gid://"):
        return int(value.rpartition("/")[2])
    return value


class TestBroken:
    @pytest.mark.parametrize(
        ("name", "content", "message"),
        [
            ("a.jsonl", b'{"id": 1}\n{"id": ', "a.jsonl, line 2 is no JSON"),
            ("a.json", b'[{"id": 1, "line_items": []}', "a.json is no JSON, or ends too early"),
            (
                "a.json.gz",
                gzip.compress(b'{"id":1}\n' * 999, mtime=0)[:-20],
                "a.json.gz is a broken gzip",
            ),
            ("a.csv", b"x,y\n1,2\n", "a.csv has the header of no Shopify export"),
            (
                "a.json",
                json.dumps([order(1, "1.00", line(31, "ten"))]).encode(),
                "The order 1: 'ten' is no amount",
            ),
        ],
        ids=["line", "end", "gzip", "header", "amount"],
    )
    def test_what_cannot_be_read_is_named(
        self, shop: Shop, name: str, content: bytes, message: str
    ) -> None:
        path = shop.folder / name
        path.write_bytes(content)
        with pytest.raises(DocumentError, match=message):
            shop.take_files(path)

    def test_documents_of_other_kinds_are_counted(self, shop: Shop) -> None:
        shop.take(
            *REST[:1],
            {"stream": "blogs", "data": {"id": 1}},
            {"foo": bag("1")},
            {
                "stream": "order_refunds",
                "data": {"id": 5, "order_id": 999, "refund_line_items": []},
            },
        )
        imported = shop.take_files(shop.folder / "in.jsonl", out="again")
        assert imported.left_out == {
            "documents of another kind (?)": 1,
            "documents of another kind (blogs)": 1,
            "parts of orders that no file holds": 1,
        }
