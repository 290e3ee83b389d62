"""The drawn reports, from the folders of their dates."""

import shutil
from pathlib import Path

import httpx
import pytest

from ecommerce_tests.api.live import served


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "reports"
    for name, content in {
        "2024-03-28/revenue.png": b"old png",
        "2024-03-28/revenue.svg": b"old svg",
        "2024-03-28/ltv.png": b"ltv png",
        "2024-03-29/revenue.png": b"new png",
        "2024-03-29/revenue.svg": b"<svg/>",
        "2024-03-29/report.pdf": b"%PDF",
        "2024-03-29/revenue.png.tmp": b"half",
        "2024-03-29/Not A Report.png": b"",
        "drafts/revenue.png": b"draft",
        "zzz.txt": b"",
    }.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder


def test_reports_are_listed_with_the_date_they_stand_for(api: httpx.Client, folder: Path) -> None:
    answer = api.get("/reports").json()

    assert answer["items"] == [
        {"name": "ltv", "date": "2024-03-28", "formats": ["png"]},
        {"name": "report", "date": "2024-03-29", "formats": ["pdf"]},
        {"name": "revenue", "date": "2024-03-29", "formats": ["png", "svg"]},
    ]


def test_the_latest_picture_is_given(api: httpx.Client, folder: Path) -> None:
    for path, content, media_type, date in [
        ("/reports/revenue.png", b"new png", "image/png", "2024-03-29"),
        ("/reports/revenue.svg", b"<svg/>", "image/svg+xml", "2024-03-29"),
        ("/reports/ltv.png", b"ltv png", "image/png", "2024-03-28"),
        ("/reports/report.pdf", b"%PDF", "application/pdf", "2024-03-29"),
    ]:
        response = api.get(path)
        assert response.content == content
        assert response.headers["content-type"] == media_type
        assert response.headers["x-as-of"] == date


def test_a_report_drawn_anew_is_given_at_once(api: httpx.Client, folder: Path) -> None:
    before = api.get("/reports/revenue.png")
    (folder / "2024-03-30").mkdir()
    (folder / "2024-03-30" / "revenue.png").write_bytes(b"newer png")

    after = api.get("/reports/revenue.png", headers={"If-None-Match": before.headers["etag"]})

    assert after.content == b"newer png"
    assert api.get("/reports").json()["items"][-1]["date"] == "2024-03-30"
    shutil.rmtree(folder)
    assert api.get("/reports").json()["items"] == []


def test_reports_are_those_of_the_home_that_is_set(plain_url: str, tmp_path: Path) -> None:
    with served(plain_url, tmp_path / "elsewhere") as client:
        assert client.get("/reports").json()["items"] == []
