"""Writes figures as PNG, SVG and the pages of a PDF."""

import io
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from ecommerce_assets.reports import canvas, wording
from ecommerce_assets.reports.context import Context

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_A4_INCHES = (11.69, 8.27)
_MARGIN_INCHES = 0.5
_SENTENCE_COLUMNS = 150
_LINE_INCHES = 0.19
_HEADING_INCHES = 0.22
_SPACE_INCHES = 0.15
_PREVIEW_PIXELS = 560


def png(figure: "Figure", title: str, sentence: str) -> bytes:
    """Give the figure as PNG; the sentence is its description."""
    return _saved(figure, "png", {"Title": title, "Description": sentence})


def svg(figure: "Figure", title: str, sentence: str) -> bytes:
    """Give the figure as SVG; the sentence is its description."""
    return _saved(figure, "svg", {"Title": title, "Description": sentence, "Date": None})


def preview(picture: bytes) -> bytes:
    """Reduce a PNG to a preview of about 10 kB."""
    from PIL import Image

    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.thumbnail((_PREVIEW_PIXELS, _PREVIEW_PIXELS))
    # Unlike the default, this method keeps the colour of thin lines.
    reduced = image.quantize(32, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    file = io.BytesIO()
    reduced.save(file, "png", optimize=True)
    return file.getvalue()


@canvas.styled
def _saved(figure: "Figure", kind: str, metadata: dict[str, str | None]) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format=kind, metadata=metadata)
    return file.getvalue()


@canvas.styled
def document(
    title: str, context: Context, chapters: Sequence[tuple[str, str, "Figure"]]
) -> list["Figure"]:
    """Make A4 pages: one with all titles and sentences, then one for each figure.

    A chapter is a title, a sentence and a figure; the figure is resized to a page.
    """
    contents = _contents(title, context, [(name, sentence) for name, sentence, _ in chapters])
    pages = [contents] + [_with_sentence(figure, sentence) for _, sentence, figure in chapters]
    for number, figure in enumerate(pages, start=1):
        _footer_text(figure, "left", _loaded(context))
        _footer_text(figure, "right", f"{number} / {len(pages)}")
    return pages


def _loaded(context: Context) -> str:
    return f"Data up to {wording.day(context.as_of)}" if context.as_of else "Nothing is loaded yet"


@canvas.styled
def pdf(title: str, pages: Sequence["Figure"]) -> bytes:
    """Write pages as one PDF."""
    from matplotlib.backends.backend_pdf import PdfPages
    from matplotlib.transforms import Bbox

    paper = Bbox.from_bounds(-_MARGIN_INCHES, -_MARGIN_INCHES, *_A4_INCHES)
    file = io.BytesIO()
    with PdfPages(file, metadata={"Title": title, "CreationDate": None}) as bound:
        for figure in pages:
            bound.savefig(figure, bbox_inches=paper)
    return file.getvalue()


def _contents(title: str, context: Context, chapters: Sequence[tuple[str, str]]) -> "Figure":
    figure = canvas.page(title, context)
    _fill_a4(figure)
    paragraphs = [(name, _wrapped(sentence)) for name, sentence in chapters]
    text = sum(_HEADING_INCHES + _LINE_INCHES * len(lines) for _, lines in paragraphs)
    at = canvas.HEADER_INCHES
    # Longer sentences have less space between them, so that all fit on the page.
    space = min(_SPACE_INCHES, (figure.get_figheight() - at - text) / max(len(paragraphs), 1))
    for name, lines in paragraphs:
        canvas.header_text(figure, at, name, fontsize=11, fontweight="bold")
        canvas.header_text(figure, at + _HEADING_INCHES, "\n".join(lines), linespacing=1.35)
        at += _HEADING_INCHES + _LINE_INCHES * len(lines) + space
    return figure


def _with_sentence(figure: "Figure", sentence: str) -> "Figure":
    _fill_a4(figure)
    lines = _wrapped(sentence)
    canvas.header_text(figure, canvas.HEADER_INCHES, "\n".join(lines), linespacing=1.35)
    canvas.leave_room(figure, canvas.HEADER_INCHES + _LINE_INCHES * len(lines) + 0.1)
    return figure


def _fill_a4(figure: "Figure") -> None:
    width, height = _A4_INCHES
    figure.set_size_inches(width - 2 * _MARGIN_INCHES, height - 2 * _MARGIN_INCHES)


def _wrapped(sentence: str) -> list[str]:
    return textwrap.wrap(sentence, _SENTENCE_COLUMNS)


def _footer_text(figure: "Figure", side: Literal["left", "right"], text: str) -> None:
    from matplotlib.transforms import ScaledTranslation

    x, inwards = (0, 0.15) if side == "left" else (1, -0.15)
    # The footer is in the margin, below the area of the figure.
    shift = ScaledTranslation(inwards, -_MARGIN_INCHES / 2, figure.dpi_scale_trans)
    corner = figure.transFigure + shift
    figure.text(x, 0, text, transform=corner, ha=side, va="center", fontsize=8, color=canvas.FAINT)
