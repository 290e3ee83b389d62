"""The OpenAPI document is complete, and the API behaves as it says."""

import re
from pathlib import Path

import httpx
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from ecommerce_api.main import app
from ecommerce_assets.rules.metrics import METRICS

DOCUMENT = app.openapi()
OPERATIONS = [
    (path, operation)
    for path, operations in DOCUMENT["paths"].items()
    for operation in operations.values()
]
SCHEMAS = DOCUMENT["components"]["schemas"]


@schemathesis.openapi.from_dict(DOCUMENT).parametrize()
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_is_answered_is_what_is_described(
    case: schemathesis.Case, plain_api: httpx.Client
) -> None:
    case.call_and_validate(
        base_url=str(plain_api.base_url),
        # A schema cannot say that `end` is not before `start`, nor that a period has a most.
        excluded_checks=[positive_data_acceptance],
    )


def test_every_endpoint_is_described() -> None:
    assert {path for path, _ in OPERATIONS} == {
        "/metrics",
        "/metrics/daily",
        "/metrics/summary",
        "/metrics/breakdown",
        "/metrics/breakdown/daily",
        "/ltv/{days}",
        "/retention/{days}",
        "/inventory/alerts",
        "/orders",
        "/lineage/order",
        "/lineage/order/{order_id}",
        "/quarantine",
        "/quarantine/summary",
        "/restatements",
        "/reports",
        "/reports/{name}.png",
        "/reports/{name}.svg",
        "/reports/{name}.pdf",
        "/health/live",
        "/health/ready",
    }
    for path, operation in OPERATIONS:
        assert operation["summary"].lower() != operation["operationId"].replace("_", " "), path
        assert operation["description"], path
        assert operation["tags"], path
        for parameter in operation.get("parameters", []):
            assert parameter["description"], (path, parameter["name"])
            assert parameter["schema"].get("examples") or parameter.get("example"), (
                path,
                parameter["name"],
            )
    names = [operation["operationId"] for _, operation in OPERATIONS]
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() and name.islower() for name in names)


def test_every_field_has_a_description_and_an_example() -> None:
    for name, schema in SCHEMAS.items():
        assert schema["description"], name
        for field, described in schema.get("properties", {}).items():
            assert described.get("description"), (name, field)
            refers = "$ref" in str(described)
            assert described.get("examples") or refers, (name, field)


def test_every_error_is_described_as_a_problem() -> None:
    for path, operation in OPERATIONS:
        if path == "/health/live":
            continue
        statuses = set(operation["responses"])
        assert {"200", "304", "401", "403", "422", "500", "503"} <= statuses, path
        for status, response in operation["responses"].items():
            if status >= "400":
                (media_type,) = response["content"]
                assert media_type == "application/problem+json"
                schema = response["content"][media_type]["schema"]
                assert schema == {"$ref": "#/components/schemas/Problem"}
                example = response["content"][media_type].get("example", {"status": 422})
                assert example["status"] == int(status)


def test_the_schema_of_every_text_parameter_refuses_a_nul_character() -> None:
    texts = [
        schema
        for operation in app.openapi()["paths"].values()
        for parameter in operation["get"].get("parameters", [])
        for schema in parameter["schema"].get("anyOf", [parameter["schema"]])
        if schema.get("maxLength") == 255
    ]
    assert len(texts) == 5
    for schema in texts:
        assert re.search(schema["pattern"], "Lamps\n")
        assert not re.search(schema["pattern"], "Lamps\0")


def test_no_schema_is_anonymous() -> None:
    assert not any("__" in name or name.startswith(("Body_", "HTTP")) for name in SCHEMAS)
    for _, operation in OPERATIONS:
        for response in operation["responses"].values():
            schema = response.get("content", {}).get("application/json", {}).get("schema")
            assert schema is None or "$ref" in schema


def test_every_metric_is_a_field_of_a_day_of_a_period_and_of_its_change() -> None:
    for name in ("RevenueDay", "PeriodFigures", "Changes"):
        assert set(METRICS) <= set(SCHEMAS[name]["properties"])
    for slug, metric in METRICS.items():
        described = SCHEMAS["RevenueDay"]["properties"][slug]
        assert described["description"] == metric.formula
        assert described["examples"] == [metric.example]


def test_the_reference_lists_every_metric_and_endpoint() -> None:
    reference = (Path(__file__).parents[2] / "docs" / "reference" / "api.md").read_text("utf-8")
    for metric in METRICS.values():
        row = f"| `{metric.slug}` | {metric.unit} | {metric.over_time} | {metric.formula} |"
        assert row in reference
    for path, _ in OPERATIONS:
        assert path.removesuffix(".svg").removesuffix(".pdf") in reference
