"""The list of all checks of dimensions and facts. Reporting to Dagster does not belong here."""

from ecommerce_assets.checks.dimensions import DIMENSION_CHECKS
from ecommerce_assets.checks.figures import FIGURE_CHECKS
from ecommerce_assets.checks.orders import ORDER_CHECKS
from ecommerce_assets.checks.stock import STOCK_CHECKS

TABLE_CHECKS = (*ORDER_CHECKS, *STOCK_CHECKS, *DIMENSION_CHECKS, *FIGURE_CHECKS)
