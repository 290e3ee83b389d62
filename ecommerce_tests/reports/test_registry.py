"""What all reports have in common: each draws every case, within its page, in the same bytes."""

import datetime as dt
import hashlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from matplotlib import image, rc_context
from matplotlib.figure import Figure

from ecommerce_assets.reports import paper
from ecommerce_assets.reports.context import Context
from ecommerce_assets.reports.registry import REPORTS, bundle, write_report
from ecommerce_tests.reports import drawn, shop_frames

Case = tuple[Mapping[str, pd.DataFrame], Context]


def _huge() -> Case:
    frames = shop_frames.year_of_frames()
    days = pd.date_range("2024-08-25", shop_frames.END, unit="s")
    frames["revenue"] = shop_frames.revenue_rows(
        days,
        np.full(len(days), 10**9),
        np.full(len(days), 10**17),
        refunds=3 * 10**16,
        cost=10**16,
        new_customers=10**9,
    )
    sold = frames["sold"]
    frames["sold"] = sold.assign(
        name="A " + sold["name"] * 9,
        **{c: sold[c] * 10**11 for c in ("net_revenue", "cost", "gross_margin")},
    )
    cohort_ltv = frames["cohort_ltv"]
    frames["cohort_ltv"] = cohort_ltv.assign(net_revenue=cohort_ltv["net_revenue"] * 10**11)
    inventory = frames["inventory"]
    frames["inventory"] = inventory.assign(reorder_point=10**9, is_alert=True)
    store = "A shop of a $very$ long name & <marks>, of the town of Llanfairpwllgwyngyll"
    return frames, shop_frames.context(store=store, currency="IDR")


CASES = {
    "a year": lambda: (shop_frames.year_of_frames(), shop_frames.context(dt.date(2024, 12, 1))),
    "one day": lambda: (shop_frames.year_of_frames(), shop_frames.context(shop_frames.END)),
    "the first days": lambda: (
        shop_frames.year_of_frames(),
        shop_frames.context(dt.date(2023, 10, 1), dt.date(2023, 10, 19)),
    ),
    "before the shop": lambda: (
        shop_frames.year_of_frames(),
        shop_frames.context(dt.date(2022, 2, 1), dt.date(2022, 2, 28)),
    ),
    "nothing": lambda: (shop_frames.no_frames(), shop_frames.context(as_of=None)),
    "very large sums": _huge,
}


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]()


@pytest.mark.parametrize("name", REPORTS)
def test_every_figure_has_title_store_and_units_and_its_texts_can_be_read(
    name: str, case: Case
) -> None:
    report = REPORTS[name]
    figure = report.draw(*case)
    title, subtitle = (text.get_text() for text in figure.texts[:2])
    assert title == report.title
    assert subtitle.startswith(case[1].store[:20])
    for axes in figure.axes:
        assert axes.get_ylabel() or axes.get_xlabel()
    assert drawn.clipped(figure) == []
    assert drawn.overlapping(figure) == []


@pytest.mark.parametrize("name", REPORTS)
def test_sentences_are_whole_for_every_case(name: str, case: Case) -> None:
    assert re.fullmatch(r"[A-Z0-9].*[^ .]\.", REPORTS[name].sentence(*case))


def test_pictures_are_a_png_and_an_svg_that_describe_themselves() -> None:
    report = REPORTS["revenue"]
    pictures = write_report(report, *CASES["one day"]())
    height, width, _ = image.imread(io.BytesIO(pictures.png), format="png").shape
    assert (width, height) == (1584, 892)
    assert pictures.sentence.encode() in pictures.png
    svg = ElementTree.fromstring(pictures.svg)
    assert svg.tag == "{http://www.w3.org/2000/svg}svg"
    purl = "{http://purl.org/dc/elements/1.1/}"
    described = [node.text for node in svg.iter(f"{purl}description")]
    assert described == [pictures.sentence]
    assert report.title in [node.text for node in svg.iter(f"{purl}title")]
    assert not list(svg.iter(f"{purl}date"))


def test_the_document_has_a_page_of_sentences_and_a_page_a_report() -> None:
    frames, context = shop_frames.year_of_frames(), shop_frames.context()
    chapters = [
        (report.title, report.sentence(frames, context), report.draw(frames, context))
        for report in REPORTS.values()
    ]
    contents, *pages = paper.document("Daily report", context, chapters)
    written = drawn.texts(contents)
    assert written[0] == "Daily report"
    assert written[1] == "Corner Shop · 1 September 2025 – 30 November 2025 (91 days)"
    lines = [text.replace("\n", " ") for text in written]
    for title, sentence, _ in chapters:
        assert sentence in lines[lines.index(title) + 1 :]
    assert "Data up to 30 November 2025" in written
    for number, (page, (title, sentence, _)) in enumerate(zip(pages, chapters, strict=True), 2):
        lines = [text.replace("\n", " ") for text in drawn.texts(page)]
        assert {title, sentence, f"{number} / 11"} <= set(lines)
        assert drawn.overlapping(page) == []


def test_the_page_of_sentences_has_room_for_all_of_them(case: Case) -> None:
    frames, context = case
    chapters = [
        (report.title, report.sentence(frames, context), Figure()) for report in REPORTS.values()
    ]
    contents, *_ = paper.document("Daily report", context, chapters)
    assert drawn.overlapping(contents) == []


def test_the_pages_say_where_nothing_is_loaded_yet() -> None:
    _, context = CASES["nothing"]()
    (contents,) = paper.document("Daily report", context, [])
    assert "Nothing is loaded yet" in drawn.texts(contents)


def test_the_bundle_is_a_pdf_of_a4_pages() -> None:
    pdf = bundle(*CASES["nothing"]())
    assert pdf.startswith(b"%PDF-")
    boxes = re.findall(rb"/MediaBox \[ ([\d. ]+) \]", pdf)
    assert len(boxes) == 1 + len(REPORTS)
    left, bottom, right, top = map(float, boxes[0].split())
    assert (round(right - left), round(top - bottom)) == (842, 595)
    assert b"CreationDate" not in pdf


def _digest() -> str:
    frames, context = shop_frames.year_of_frames(), shop_frames.context()
    digest = hashlib.sha256(bundle(frames, context))
    for report in REPORTS.values():
        pictures = write_report(report, frames, context)
        digest.update(pictures.png + pictures.svg)
    return digest.hexdigest()


def test_the_same_frames_give_the_same_bytes_in_another_process_and_style() -> None:
    command = "from ecommerce_tests.reports import test_registry as t; print(t._digest())"
    environment = os.environ | {"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo"}
    with subprocess.Popen(
        [sys.executable, "-c", command], env=environment, stdout=subprocess.PIPE, text=True
    ) as other:
        with rc_context({"font.size": 20, "savefig.dpi": 30, "axes.grid": True}):
            digest = _digest()
        assert other.communicate()[0].strip() == digest


def test_the_registry_is_read_without_matplotlib() -> None:
    command = (
        "import sys; from ecommerce_assets.reports import registry; "
        "print('matplotlib' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "False"


def test_drawing_leaves_no_pyplot_state() -> None:
    frames, context = CASES["one day"]()
    REPORTS["revenue"].draw(frames, context)
    assert "matplotlib.pyplot" not in sys.modules


def test_names_can_be_those_of_assets_and_addresses() -> None:
    assert all(re.fullmatch(r"[a-z_]+", name) and name == r.name for name, r in REPORTS.items())
