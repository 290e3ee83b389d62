"""A stand-in for Shopify's GraphQL Admin API with pages, query costs and faults on demand.

Queries are executed against a schema of the parts of Shopify's that the connector uses, so that one
that asks for a field which is not there fails here too.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from graphql import build_schema, graphql_sync, parse, visit
from graphql.language import FieldNode, IntValueNode, VariableNode, Visitor

KEY = "shpat_secret"

_SCHEMA = """
scalar Decimal
scalar DateTime
scalar URL
type MoneyV2 { amount: Decimal! currencyCode: String! }
type MoneyBag { shopMoney: MoneyV2! presentmentMoney: MoneyV2 }
type PageInfo { hasNextPage: Boolean! endCursor: String }
type TaxLine { rate: Float priceSet: MoneyBag! title: String }
type Duty { id: ID! price: MoneyBag! }
type DiscountAllocation { allocatedAmountSet: MoneyBag! }
type Product { id: ID! title: String! productType: String! }
type Location { id: ID! }
type InventoryQuantity { name: String! quantity: Int! }
type InventoryLevel {
  id: ID! updatedAt: DateTime! location: Location!
  quantities(names: [String!]!): [InventoryQuantity!]!
}
type InventoryLevelConnection { nodes: [InventoryLevel!]! pageInfo: PageInfo! }
type InventoryItem {
  id: ID! updatedAt: DateTime! unitCost: MoneyV2
  inventoryLevels(first: Int, after: String): InventoryLevelConnection!
}
type ProductVariant {
  id: ID! title: String! price: Decimal! updatedAt: DateTime!
  product: Product! inventoryItem: InventoryItem!
}
type ProductVariantConnection { nodes: [ProductVariant!]! pageInfo: PageInfo! }
type LineItem {
  id: ID! title: String! sku: String quantity: Int! currentQuantity: Int! isGiftCard: Boolean!
  originalUnitPriceSet: MoneyBag! discountAllocations: [DiscountAllocation!]!
  taxLines: [TaxLine!]! duties: [Duty!]! variant: ProductVariant product: Product
}
type LineItemEdge { node: LineItem! }
type LineItemConnection { nodes: [LineItem!]! edges: [LineItemEdge!]! pageInfo: PageInfo! }
interface Sale {
  id: ID! actionType: String! lineType: String! quantity: Int
  totalAmount: MoneyBag! totalTaxAmount: MoneyBag! totalDiscountAmountBeforeTaxes: MoneyBag!
}
SALES
type SaleEdge { node: Sale! }
type SaleConnection { nodes: [Sale!]! edges: [SaleEdge!]! pageInfo: PageInfo! }
type SalesAgreement {
  id: ID! happenedAt: DateTime! reason: String!
  sales(first: Int, after: String): SaleConnection!
}
type SalesAgreementEdge { node: SalesAgreement! }
type SalesAgreementConnection {
  nodes: [SalesAgreement!]! edges: [SalesAgreementEdge!]! pageInfo: PageInfo!
}
type Customer {
  id: ID! createdAt: DateTime! updatedAt: DateTime!
  defaultEmailAddress: EmailAddress defaultAddress: Address
}
type CustomerConnection { nodes: [Customer!]! pageInfo: PageInfo! }
type EmailAddress { emailAddress: String! }
type Address { countryCodeV2: String }
type Transaction {
  id: ID! kind: String! status: String! processedAt: DateTime amountSet: MoneyBag!
}
type Fulfillment {
  id: ID! status: String! createdAt: DateTime! deliveredAt: DateTime displayStatus: String
}
type Order {
  id: ID! createdAt: DateTime! processedAt: DateTime! updatedAt: DateTime! cancelledAt: DateTime
  test: Boolean! currencyCode: String! taxesIncluded: Boolean!
  displayFinancialStatus: String displayFulfillmentStatus: String!
  sourceName: String discountCodes: [String!]!
  totalPriceSet: MoneyBag! totalTaxSet: MoneyBag totalShippingPriceSet: MoneyBag!
  totalTipReceivedSet: MoneyBag totalOutstandingSet: MoneyBag
  currentTotalPriceSet: MoneyBag! currentTotalTaxSet: MoneyBag!
  customer: Customer shippingAddress: Address billingAddress: Address
  transactions: [Transaction!]! fulfillments: [Fulfillment!]!
  lineItems(first: Int, after: String): LineItemConnection!
  agreements(first: Int, after: String): SalesAgreementConnection!
}
type OrderEdge { node: Order! }
type OrderConnection { nodes: [Order!]! edges: [OrderEdge!]! pageInfo: PageInfo! }
type Count { count: Int! precision: String! }
type AccessScope { handle: String! }
type AppInstallation { accessScopes: [AccessScope!]! }
type BulkOperation {
  id: ID! status: String! errorCode: String objectCount: String! url: URL query: String!
}
type BulkOperationConnection { nodes: [BulkOperation!]! }
enum BulkOperationsSortKeys { CREATED_AT }
union Node = BulkOperation | Customer
type UserError { code: String message: String! }
type BulkPayload { bulkOperation: BulkOperation userErrors: [UserError!]! }
enum SortKey { ID UPDATED_AT }
type Query {
  order(id: ID!): Order
  orders(first: Int, after: String, query: String, sortKey: SortKey): OrderConnection!
  ordersCount(query: String, limit: Int): Count
  productVariants(first: Int, after: String, sortKey: SortKey): ProductVariantConnection!
  inventoryItem(id: ID!): InventoryItem
  customers(first: Int, after: String, sortKey: SortKey): CustomerConnection!
  customer(id: ID!): Customer
  currentAppInstallation: AppInstallation!
  node(id: ID!): Node
  bulkOperations(
    first: Int, query: String, sortKey: BulkOperationsSortKeys, reverse: Boolean
  ): BulkOperationConnection!
}
type Mutation { bulkOperationRunQuery(query: String!): BulkPayload }
"""
_SALE_TYPES = {
    "ProductSale": "lineItem: LineItem!",
    "GiftCardSale": "lineItem: LineItem!",
    "TipSale": "lineItem: LineItem!",
    "DutySale": "duty: Duty!",
    "ShippingLineSale": "",
    "AdjustmentSale": "",
}
_FIELDS = """
  id: ID! actionType: String! lineType: String! quantity: Int
  totalAmount: MoneyBag! totalTaxAmount: MoneyBag! totalDiscountAmountBeforeTaxes: MoneyBag!
"""
_KINDS = {
    "PRODUCT": "ProductSale",
    "GIFT_CARD": "GiftCardSale",
    "TIP": "TipSale",
    "DUTY": "DutySale",
    "SHIPPING": "ShippingLineSale",
    "ADJUSTMENT": "AdjustmentSale",
}


@dataclass
class StandIn:
    """What is in the shop, and how its API misbehaves."""

    orders: list[dict] = field(default_factory=list)
    variants: list[dict] = field(default_factory=list)
    customers: list[dict] = field(default_factory=list)
    hidden_customers: set[str] = field(default_factory=set)
    scopes: tuple[str, ...] = ("read_orders", "read_all_orders")

    available: float = 2000.0
    restore_rate: float = 100.0
    max_cost: int = 1000
    failures: list[Any] = field(default_factory=list)
    """Next answers: a status, "THROTTLED", or another error's code."""
    repeats_cursor: bool = False
    says_count: int | None = None
    bulk_states: list[str] = field(default_factory=lambda: ["CREATED", "RUNNING", "COMPLETED"])
    bulk_is_busy: int = 0
    bulk_cut: int = 0
    """How many downloads of the output miss their last line."""
    requests: Counter[str] = field(default_factory=Counter)
    url: str = ""
    bulk_query: str = ""
    """The query of the latest bulk operation."""
    _bulk: list[dict] = field(default_factory=list)

    def app(self) -> FastAPI:
        app = FastAPI()
        sales = "".join(
            f"type {name} implements Sale {{ {_FIELDS} {own} }}\n"
            for name, own in _SALE_TYPES.items()
        )
        schema = build_schema(_SCHEMA.replace("SALES", sales))
        schema.get_type("Sale").resolve_type = lambda sale, *_: _KINDS[sale["lineType"]]
        schema.get_type("Node").resolve_type = lambda *_: "BulkOperation"

        @app.post("/admin/api/2026-10/graphql.json")
        async def graphql(request: Request) -> Response:
            body = await request.json()
            query, variables = body["query"], body["variables"]
            name = query.split(None, 2)[1].partition("(")[0]
            self.requests[name] += 1
            if request.headers.get("X-Shopify-Access-Token") != KEY:
                return JSONResponse({"errors": "[API] Invalid API key"}, 401)
            if self.failures:
                failure = self.failures.pop(0)
                if isinstance(failure, int):
                    return Response(status_code=failure)
                return self._refused(failure)
            cost = _cost(query, variables)
            if cost > self.max_cost:
                return self._refused("MAX_COST_EXCEEDED")
            if cost > self.available:
                self.available += self.restore_rate  # a second passes
                return self._refused("THROTTLED", cost)
            self.available -= cost
            result = graphql_sync(schema, query, root_value=_Root(self), variable_values=variables)
            assert not result.errors, result.errors
            return JSONResponse({"data": result.data, "extensions": self._cost(cost)})

        @app.get("/bulk/output.jsonl")
        def output() -> PlainTextResponse:
            lines = [json.dumps(row) for row in self._bulk]
            if self.bulk_cut:
                self.bulk_cut -= 1
                lines.pop()
            return PlainTextResponse("\n".join(lines))

        return app

    def waited(self, seconds: float) -> None:
        """Restore points, as time would."""
        self.available = min(self.available + seconds * self.restore_rate, 2000.0)

    def _cost(self, cost: int) -> dict:
        throttle = {
            "maximumAvailable": 2000.0,
            "currentlyAvailable": self.available,
            "restoreRate": self.restore_rate,
        }
        return {"cost": {"requestedQueryCost": cost, "throttleStatus": throttle}}

    def _refused(self, code: str, cost: int = 0) -> JSONResponse:
        errors = [{"message": code.title(), "extensions": {"code": code}}]
        return JSONResponse({"errors": errors, "extensions": self._cost(cost)})


class _Root:
    """The root fields."""

    def __init__(self, shop: StandIn) -> None:
        self._shop = shop

    def _page(self, nodes: list[dict], first: int | None, after: str | None) -> dict:
        start = 0 if after is None else int(after) + 1
        end = len(nodes) if first is None else start + first
        cursor = str(min(end, len(nodes)) - 1)
        if self._shop.repeats_cursor and after is not None:
            cursor = after
        return {
            "nodes": nodes[start:end],
            "pageInfo": {"hasNextPage": end < len(nodes), "endCursor": cursor},
        }

    def _order(self, order: dict) -> dict:
        def sales(agreement: dict) -> Any:
            return lambda _, first=None, after=None: self._page(agreement["sales"], first, after)

        agreements = [{**one, "sales": sales(one)} for one in order["agreements"]]
        return {
            **order,
            "lineItems": lambda _, first=None, after=None: self._page(
                order["lineItems"], first, after
            ),
            "agreements": lambda _, first=None, after=None: self._page(agreements, first, after),
        }

    def _wanted(self, query: str) -> list[dict]:
        bounds = re.fullmatch(r"updated_at:>='(.*)' AND updated_at:<'(.*)'", query)
        assert bounds, query
        start, end = bounds.groups()
        wanted = [one for one in self._shop.orders if start <= one["updatedAt"] < end]
        return sorted(wanted, key=lambda one: (one["updatedAt"], one["id"]))

    def orders(
        self, _: Any, *, query: str, first: int, after: str | None = None, **__: Any
    ) -> dict:
        return self._page([self._order(one) for one in self._wanted(query)], first, after)

    def order(self, _: Any, **named: str) -> dict:
        return self._order(next(one for one in self._shop.orders if one["id"] == named["id"]))

    def ordersCount(self, _: Any, *, query: str, limit: None) -> dict:  # noqa: N802
        count = self._shop.says_count
        return {
            "count": len(self._wanted(query)) if count is None else count,
            "precision": "EXACT",
        }

    def _item(self, item: dict) -> dict:
        def level(one: dict) -> dict:
            return {**one, "quantities": lambda _, names: one["quantities"]}

        levels = [level(one) for one in item["inventoryLevels"]]
        return {
            **item,
            "inventoryLevels": lambda _, first=None, after=None: self._page(levels, first, after),
        }

    def productVariants(self, _: Any, *, first: int, after: str | None = None, **__: Any) -> dict:  # noqa: N802
        variants = [
            {**one, "inventoryItem": self._item(one["inventoryItem"])}
            for one in self._shop.variants
        ]
        return self._page(variants, first, after)

    def inventoryItem(self, _: Any, **named: str) -> dict:  # noqa: N802
        items = (one["inventoryItem"] for one in self._shop.variants)
        return self._item(next(one for one in items if one["id"] == named["id"]))

    def customers(self, _: Any, *, first: int, after: str | None = None, **__: Any) -> dict:
        hidden = self._shop.hidden_customers
        return self._page([c for c in self._shop.customers if c["id"] not in hidden], first, after)

    def customer(self, _: Any, **named: str) -> dict | None:
        return next((one for one in self._shop.customers if one["id"] == named["id"]), None)

    def currentAppInstallation(self, _: Any) -> dict:  # noqa: N802
        return {"accessScopes": [{"handle": scope} for scope in self._shop.scopes]}

    def bulkOperationRunQuery(self, _: Any, *, query: str) -> dict:  # noqa: N802
        shop = self._shop
        if shop.bulk_is_busy:
            shop.bulk_is_busy -= 1
            message = "A bulk query operation for this app and shop is already in progress"
            return {"bulkOperation": None, "userErrors": [{"code": None, "message": message}]}
        parse(query)
        wanted = re.search(r'orders\(query: "([^"]*)"', query)
        assert wanted
        shop._bulk = [row for order in self._wanted(wanted[1]) for row in _rows(order)]
        # Children come in no order since version 2026-01.
        shop._bulk.sort(key=lambda row: row["id"][::-1])
        shop.bulk_query = query
        return {"bulkOperation": self._operation(), "userErrors": []}

    def bulkOperations(self, _: Any, **named: Any) -> dict:  # noqa: N802
        return {"nodes": [self._operation()] if self._shop.bulk_query else []}

    def node(self, _: Any, **named: str) -> dict:
        if len(self._shop.bulk_states) > 1:
            self._shop.bulk_states.pop(0)
        return self._operation()

    def _operation(self) -> dict:
        shop = self._shop
        status = shop.bulk_states[0]
        is_done = status == "COMPLETED"
        return {
            "id": "gid://shopify/BulkOperation/1",
            "status": status,
            "errorCode": "INTERNAL_SERVER_ERROR" if status == "FAILED" else None,
            "objectCount": str(len(shop._bulk) if is_done else 0),
            "url": f"{shop.url}/bulk/output.jsonl" if is_done and shop._bulk else None,
            "query": shop.bulk_query,
        }


def _rows(order: dict) -> list[dict]:
    own = {key: value for key, value in order.items() if key not in ("lineItems", "agreements")}
    rows = [own, *({**line, "__parentId": order["id"]} for line in order["lineItems"])]
    for agreement in order["agreements"]:
        head = {key: value for key, value in agreement.items() if key != "sales"}
        rows.append({**head, "__parentId": order["id"]})
        rows += [{**sale, "__parentId": agreement["id"]} for sale in agreement["sales"]]
    return rows


class _Cost(Visitor):
    """What a query may cost: an object is 1, a connection its size times what is in it."""

    def __init__(self, variables: dict) -> None:
        super().__init__()
        self._variables = variables
        self._sizes = [1]
        self.cost = 0

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        self._sizes.append(self._sizes[-1] * self._size(node))
        if node.selection_set and node.name.value not in ("nodes", "pageInfo"):
            self.cost += self._sizes[-1]

    def leave_field(self, *_: Any) -> None:
        self._sizes.pop()

    def _size(self, node: FieldNode) -> int:
        for argument in node.arguments:
            if argument.name.value == "first":
                if isinstance(argument.value, IntValueNode):
                    return int(argument.value.value)
                assert isinstance(argument.value, VariableNode)
                return int(self._variables[argument.value.name.value])
        return 1


def _cost(query: str, variables: dict) -> int:
    visitor = _Cost(variables)
    visit(parse(query), visitor)
    # Money bags and the like are many; Shopify's own figures are lower.
    return visitor.cost // 20
