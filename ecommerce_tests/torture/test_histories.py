"""Whatever happens to files, and in whatever order days are loaded, the tables are the model's."""

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from ecommerce_tests.torture.histories import Histories


def test_every_history_ends_like_the_model_and_a_rebuild(migrated_template: str) -> None:
    machine = type("Short", (Histories,), {"template": migrated_template})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=3, stateful_step_count=8, suppress_health_check=list(HealthCheck)
        ),
    )
