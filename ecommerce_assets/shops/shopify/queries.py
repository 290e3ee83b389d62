"""The connector's queries of Shopify's GraphQL Admin API."""

from string import Template

_MONEY = "{ shopMoney { amount currencyCode } }"

_SALE = f"""
__typename id actionType lineType quantity
totalAmount {_MONEY} totalTaxAmount {_MONEY} totalDiscountAmountBeforeTaxes {_MONEY}
... on ProductSale {{ lineItem {{ id }} }}
... on GiftCardSale {{ lineItem {{ id }} }}
... on TipSale {{ lineItem {{ id }} }}
... on DutySale {{ duty {{ id }} }}
"""

_LINE = f"""
id title sku quantity currentQuantity isGiftCard
originalUnitPriceSet {_MONEY}
discountAllocations {{ allocatedAmountSet {_MONEY} }}
taxLines {{ rate priceSet {_MONEY} }}
duties {{ id price {_MONEY} }}
variant {{ id }} product {{ id }}
"""

_ORDER = f"""
id createdAt processedAt updatedAt cancelledAt test currencyCode taxesIncluded
displayFinancialStatus displayFulfillmentStatus sourceName discountCodes
totalPriceSet {_MONEY} totalTaxSet {_MONEY} totalShippingPriceSet {_MONEY}
totalTipReceivedSet {_MONEY} totalOutstandingSet {_MONEY}
currentTotalPriceSet {_MONEY} currentTotalTaxSet {_MONEY}
customer {{ id }}
shippingAddress {{ countryCodeV2 }} billingAddress {{ countryCodeV2 }}
transactions {{ id kind status processedAt amountSet {_MONEY} }}
fulfillments {{ id status createdAt deliveredAt displayStatus }}
"""

_VARIANT = """
id title price updatedAt
product { id title productType }
inventoryItem { id updatedAt unitCost { amount } }
"""

_LEVELS = (
    'id updatedAt location { id } quantities(names: ["on_hand", "available"]) { name quantity }'
)
_PAGE = "pageInfo { hasNextPage endCursor }"

ORDERS = f"""
query Orders($first: Int!, $after: String, $query: String!) {{
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {{
    nodes {{
      {_ORDER}
      lineItems(first: 20) {{ nodes {{ {_LINE} }} pageInfo {{ hasNextPage }} }}
      agreements(first: 5) {{
        nodes {{
          id happenedAt reason
          sales(first: 20) {{ nodes {{ {_SALE} }} pageInfo {{ hasNextPage }} }}
        }}
        pageInfo {{ hasNextPage }}
      }}
    }}
    {_PAGE}
  }}
}}
"""

LINES = f"""
query Lines($id: ID!, $first: Int!, $after: String) {{
  order(id: $id) {{
    lineItems(first: $first, after: $after) {{ nodes {{ {_LINE} }} {_PAGE} }}
  }}
}}
"""

AGREEMENTS = f"""
query Agreements($id: ID!, $after: String, $first: Int!, $sales: String) {{
  order(id: $id) {{
    agreements(first: 1, after: $after) {{
      nodes {{
        id happenedAt reason
        sales(first: $first, after: $sales) {{ nodes {{ {_SALE} }} {_PAGE} }}
      }}
      {_PAGE}
    }}
  }}
}}
"""

COUNT = """
query Count($query: String!) { ordersCount(query: $query, limit: null) { count precision } }
"""

VARIANTS = f"""
query Variants($first: Int!, $after: String) {{
  productVariants(first: $first, after: $after, sortKey: ID) {{ nodes {{ {_VARIANT} }} {_PAGE} }}
}}
"""

STOCK = f"""
query Stock($first: Int!, $after: String) {{
  productVariants(first: $first, after: $after, sortKey: ID) {{
    nodes {{
      id title price updatedAt
      product {{ id title productType }}
      inventoryItem {{
        id updatedAt unitCost {{ amount }}
        inventoryLevels(first: 10) {{ nodes {{ {_LEVELS} }} pageInfo {{ hasNextPage }} }}
      }}
    }}
    {_PAGE}
  }}
}}
"""

LEVELS = f"""
query Levels($id: ID!, $first: Int!, $after: String) {{
  inventoryItem(id: $id) {{
    inventoryLevels(first: $first, after: $after) {{ nodes {{ {_LEVELS} }} {_PAGE} }}
  }}
}}
"""

CUSTOMERS = """
query Customers($first: Int!, $after: String) {
  customers(first: $first, after: $after, sortKey: ID) {
    nodes {
      id createdAt updatedAt
      defaultEmailAddress { emailAddress }
      defaultAddress { countryCodeV2 }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""

CUSTOMER = "query Customer($id: ID!) { customer(id: $id) { id } }"

SCOPES = "query Scopes { currentAppInstallation { accessScopes { handle } } }"

BULK = Template(
    f"""{{
  orders(query: "$query", sortKey: UPDATED_AT) {{
    edges {{
      node {{
        {_ORDER}
        lineItems {{ edges {{ node {{ {_LINE} }} }} }}
        agreements {{
          edges {{ node {{ id happenedAt reason sales {{ edges {{ node {{ {_SALE} }} }} }} }} }}
        }}
      }}
    }}
  }}
}}"""
)

RUN_BULK = """
mutation RunBulk($query: String!) {
  bulkOperationRunQuery(query: $query) {
    bulkOperation { id status }
    userErrors { code message }
  }
}
"""

LATEST_BULK = """
query LatestBulk {
  bulkOperations(first: 20, sortKey: CREATED_AT, reverse: true, query: "operation_type:QUERY") {
    nodes { id status query }
  }
}
"""

BULK_STATUS = """
query BulkStatus($id: ID!) {
  node(id: $id) {
    ... on BulkOperation { id status errorCode objectCount url }
  }
}
"""
