"""A folder of Shopify documents, and its import."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from ecommerce_assets.feeds.contract import Store
from ecommerce_assets.shops.shopify.importing import Imported, import_shopify


class Shop:
    """Imports documents into a folder and tells what landed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def take(self, *documents: Any, **options: Any) -> Imported:
        path = self.folder / "in.jsonl"
        path.write_text("\n".join(json.dumps(document) for document in documents), encoding="utf-8")
        return self.take_files(path, **options)

    def take_files(self, *paths: Path, timezone: str = "UTC", **options: Any) -> Imported:
        out = self.folder / options.pop("out", "out")
        options.setdefault("return_days", 30)
        return import_shopify(paths, out, store=Store(timezone, "EUR"), **options)

    def landed(self, feed: str, *columns: str, out: str = "out") -> list[Any]:
        parts = [
            pd.read_csv(file, dtype="str").assign(batch=file.stem)
            for file in sorted((self.folder / out / feed).glob("*.csv"))
        ]
        if not parts:
            return []
        frame = pd.concat(parts)[list(columns)]
        rows = frame.astype(object).where(frame.notna(), None).itertuples(index=False, name=None)
        return [row[0] if len(columns) == 1 else row for row in rows]

    def files(self, out: str = "out") -> dict[str, bytes]:
        folder = self.folder / out
        return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*.csv")}


def agreed(imported: Imported) -> bool:
    """Whether every order's own totals are ours; fails with those that are not."""
    result = imported.reconciliation
    assert [str(difference) for difference in result.differences] == []
    return result.orders == result.agreeing > 0
