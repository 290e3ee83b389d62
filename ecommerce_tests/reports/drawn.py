"""Reads lines, bars and texts back from a figure, for the tests of reports."""

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text


def line(axes: Axes, label: str) -> list[float]:
    """The y values of a line, NaN where it has a gap."""
    (found,) = [line for line in axes.lines if line.get_label() == label]
    return [float(y) for y in found.get_ydata()]


def points(axes: Axes, label: str) -> dict[int, float]:
    """The y values that are drawn of a line, by the position on x."""
    (found,) = [line for line in axes.lines if line.get_label() == label]
    return {int(x): float(y) for x, y in found.get_xydata() if not np.isnan(y)}


def bars(axes: Axes, label: str) -> list[tuple[float, float]]:
    """The middle and height of each bar of a series."""
    (found,) = [group for group in axes.containers if group.get_label() == label]
    return [(round(bar.get_x() + bar.get_width() / 2, 6), bar.get_height()) for bar in found]


def legend(figure: Figure) -> list[str]:
    """All that the legends explain."""
    legends = figure.legends + [axes.get_legend() for axes in figure.axes if axes.get_legend()]
    return [text.get_text() for legend in legends for text in legend.get_texts()]


def texts(figure: Figure) -> list[str]:
    """All that is written on a figure."""
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def ticks(axis: Axis) -> list[str]:
    return [text.get_text() for text in axis.get_majorticklabels()]


def clipped(figure: Figure) -> list[str]:
    """The texts that reach over the edge of the figure."""
    render(figure)
    edge = figure.bbox.padded(1)
    return [
        text.get_text()
        for text in visible_texts(figure)
        if not (
            edge.contains(*text.get_window_extent().min)
            and edge.contains(*text.get_window_extent().max)
        )
    ]


def overlapping(figure: Figure) -> list[tuple[str, str]]:
    """The pairs of texts that are written over each other."""
    render(figure)
    # A pixel of touching boxes does not hide a letter.
    boxes = [
        (text.get_text(), text.get_window_extent().padded(-1)) for text in visible_texts(figure)
    ]
    return [
        (boxes[i][0], boxes[j][0])
        for i in range(len(boxes))
        for j in range(i)
        if boxes[i][1].overlaps(boxes[j][1])
    ]


def render(figure: Figure) -> None:
    FigureCanvasAgg(figure).draw()


def visible_texts(figure: Figure) -> Iterator[Text]:
    outside = {id(label) for axes in figure.axes for label in _ticks_out_of_view(axes)}
    for text in figure.findobj(Text):
        if text.get_text().strip() and text.get_visible() and id(text) not in outside:
            yield text


def _ticks_out_of_view(axes: Axes) -> Iterator[Text]:
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        for tick in axis.get_major_ticks() + axis.get_minor_ticks():
            if not low <= tick.get_loc() <= high:
                yield tick.label1
                yield tick.label2
