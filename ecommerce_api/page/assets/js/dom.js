// Makes elements, and puts them in place of others. Knows nothing of the shop.

/** Make an element; properties that start with "on" are listeners, null and false leave one out. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== ""));
  return element;
}

/** Replace what an element holds; whoever had the focus in there, by its id, keeps it. */
export function replace(element, ...children) {
  const focused = element.contains(document.activeElement) ? document.activeElement.id : "";
  element.replaceChildren(...children.flat(Infinity).filter((child) => child !== null));
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

/**
 * Make a table. A column is {title, cell(row)}, and may be `number`: right-aligned, `heading`: names
 * its row, `wide`: left out on a phone, `sorted`: its aria-sort.
 */
export function table(caption, columns, rows, properties = {}) {
  const classOf = ({ number, wide }) =>
    [number ? "number" : "", wide ? "wide" : ""].join(" ").trim() || null;
  const head = columns.map((column) =>
    make("th", { scope: "col", class: classOf(column), "aria-sort": column.sorted }, column.title),
  );
  const body = rows.map((row) =>
    make(
      "tr",
      {},
      columns.map((column) =>
        column.heading
          ? make("th", { scope: "row", class: classOf(column) }, column.cell(row))
          : make("td", { class: classOf(column) }, column.cell(row)),
      ),
    ),
  );
  return make(
    "div",
    { class: "scroller", tabindex: "0", role: "region", "aria-label": caption },
    make(
      "table",
      properties,
      make("caption", { class: "unseen" }, caption),
      make("thead", {}, make("tr", {}, head)),
      make("tbody", {}, body),
    ),
  );
}

/** Make a list of terms and what stands for each; null is left out. */
export function facts(...pairs) {
  return make(
    "dl",
    { class: "facts" },
    pairs
      .filter(Boolean)
      .map(([term, value]) => make("div", {}, make("dt", {}, term), make("dd", {}, value))),
  );
}
