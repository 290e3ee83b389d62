"""The list of all reports, from which assets, API and page take theirs.

The frames of reports are `revenue`, `sold`, `cohort_ltv`, `purchases`, `inventory`, `items`,
`products`, `quarantine` and `landed`. The `draw` of each report's module documents their rows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import pandas as pd

from ecommerce_assets.reports import (
    aov,
    data_quality,
    inventory_alerts,
    ltv,
    margin,
    paper,
    repeat_purchase,
    retention,
    return_rate,
    revenue,
    what_sold,
)
from ecommerce_assets.reports.context import Context

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Frames = Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class Report:
    """A figure and the sentence that states what it shows.

    `name` is also the name of the asset and the path in the API. `frames` are the names of the
    frames that both functions take.
    """

    name: str
    title: str
    frames: tuple[str, ...]
    figure_of: Callable[..., "Figure"]
    sentence_of: Callable[..., str]

    def draw(self, frames: Frames, context: Context) -> "Figure":
        """Draw the figure; `frames` may hold frames of other reports too."""
        return self.figure_of(**self._own(frames), context=context)

    def sentence(self, frames: Frames, context: Context) -> str:
        """State what the figure shows, with its numbers."""
        return self.sentence_of(**self._own(frames), context=context)

    def _own(self, frames: Frames) -> Frames:
        return {name: frames[name] for name in self.frames}


REPORTS: Mapping[str, Report] = MappingProxyType(
    {
        report.name: report
        for report in (
            Report("revenue", revenue.TITLE, ("revenue",), revenue.draw, revenue.sentence),
            Report("margin", margin.TITLE, ("revenue",), margin.draw, margin.sentence),
            Report("what_sold", what_sold.TITLE, ("sold",), what_sold.draw, what_sold.sentence),
            Report("aov", aov.TITLE, ("revenue",), aov.draw, aov.sentence),
            Report(
                "retention", retention.TITLE, ("cohort_ltv",), retention.draw, retention.sentence
            ),
            Report(
                "repeat_purchase",
                repeat_purchase.TITLE,
                ("purchases",),
                repeat_purchase.draw,
                repeat_purchase.sentence,
            ),
            Report("ltv", ltv.TITLE, ("cohort_ltv",), ltv.draw, ltv.sentence),
            Report(
                "return_rate",
                return_rate.TITLE,
                ("revenue",),
                return_rate.draw,
                return_rate.sentence,
            ),
            Report(
                "inventory_alerts",
                inventory_alerts.TITLE,
                ("inventory", "items", "products"),
                inventory_alerts.draw,
                inventory_alerts.sentence,
            ),
            Report(
                "data_quality",
                data_quality.TITLE,
                ("quarantine", "landed"),
                data_quality.draw,
                data_quality.sentence,
            ),
        )
    }
)

BUNDLE_TITLE = "Daily report"


@dataclass(frozen=True)
class Pictures:
    """A report's picture files, and its sentence."""

    png: bytes
    svg: bytes
    sentence: str


def write_report(report: Report, frames: Frames, context: Context) -> Pictures:
    """Draw a report as PNG and SVG; the same frames and context give the same bytes."""
    sentence = report.sentence(frames, context)
    figure = report.draw(frames, context)
    return Pictures(
        png=paper.png(figure, report.title, sentence),
        svg=paper.svg(figure, report.title, sentence),
        sentence=sentence,
    )


def bundle(frames: Frames, context: Context) -> bytes:
    """Write all reports as one PDF of A4 pages; the same input gives the same bytes."""
    chapters = [
        (report.title, report.sentence(frames, context), report.draw(frames, context))
        for report in REPORTS.values()
    ]
    title = f"{BUNDLE_TITLE}: {context.store}, {context.end}"
    return paper.pdf(title, paper.document(BUNDLE_TITLE, context, chapters))
