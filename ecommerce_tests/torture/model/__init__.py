"""The contract once more: every table of the warehouse, computed record by record.

Written from `docs/reference/` and not from the code, in dicts and `Decimal`: no pandas, no SQL,
nothing of `ecommerce_assets`. A misreading of the contract that the code shares stays unnoticed.
"""

from ecommerce_tests.torture.model.settings import ModelSettings
from ecommerce_tests.torture.model.warehouse import Model, model_of, model_of_staged

__all__ = ["Model", "ModelSettings", "model_of", "model_of_staged"]
