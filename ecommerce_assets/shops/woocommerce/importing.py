"""Turns files of WooCommerce documents into a landing zone; `converting` makes the records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecommerce_assets.feeds.contract import Store
from ecommerce_assets.shops.connecting.source import Progress, ignore_progress
from ecommerce_assets.shops.documents import DocumentError, read_documents
from ecommerce_assets.shops.landing_files import claim
from ecommerce_assets.shops.reconciliation import Reconciliation
from ecommerce_assets.shops.spool import Spool
from ecommerce_assets.shops.woocommerce.converting import Converter, unreadable
from ecommerce_assets.shops.woocommerce.documents import LISTS


@dataclass(frozen=True)
class Imported:
    """The numbers of documents and records, and the comparison of orders with their totals."""

    documents: Mapping[str, int]
    """Different documents, by kind."""
    records: Mapping[str, int]
    """Landed records, by feed."""
    days: int
    left_out: Mapping[str, int]
    """The numbers of documents that were left out or changed, by reason."""
    reconciliation: Reconciliation


def import_woocommerce(
    files: Sequence[Path],
    out: Path,
    *,
    store: Store,
    return_days: int,
    progress: Progress = ignore_progress,
) -> Imported:
    """Write the landing zone of the shop in `files`, as docs/woocommerce.md describes.

    Documents may come in any order, in several files, and more than once: the last changed counts.

    Args:
        files: JSON or JSON lines, perhaps compressed.
        out: the landing zone; it may not hold landing files yet.
        store: the store's zone and currency, by which records are judged.
        return_days: the store's return window.
        progress: called with a step, and how much of it is done.

    Raises:
        DocumentError: a file cannot be read, or a document has an invalid value.
        LandingWriteError: `out` holds landing files, or cannot be written.
    """
    claim(out)
    with Spool() as spool:
        converter = Converter(spool, store, return_days)
        for number, file in enumerate(files):
            for document in read_documents(file, LISTS):
                try:
                    converter.take(document.value)
                except (DocumentError, KeyError, AttributeError, TypeError) as error:
                    raise unreadable(document.place, error) from None
            progress("reading", number + 1, len(files))
        reconciliation = converter.convert(lambda done, total: progress("orders", done, total))
        days = spool.write(out, progress=lambda done, total: progress("writing", done, total))
        return Imported(
            documents=converter.documents(),
            records=spool.counts(),
            days=days,
            left_out=dict(sorted(converter.left_out.items())),
            reconciliation=reconciliation,
        )
