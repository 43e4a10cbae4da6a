// Where the money goes: bars per model and agent, and every test in one strip.

/** Rows as bars of their cost, or of their tokens where no cost is known. */
function bars(title, rows, hue) {
  const priced = rows.some((row) => (row.cost ?? row.priced) > 0);
  const size = (row) => (priced ? row.cost ?? row.priced ?? 0 : row.input + row.output);
  const most = Math.max(...rows.map(size), 1e-12);
  const list = make("ul", { class: "bars" });
  for (const row of rows.slice(0, 12)) {
    add(list, make(
      "li",
      { class: row.cost === null ? "is-unpriced" : "" },
      make("span", { class: "bar-name", title: row.name }, row.name),
      make("span", { class: "bar-value" }, usdOf(row)),
      make("span", { class: "bar", vars: { "--part": String(size(row) / most), "--hue": hue(row) }, "aria-hidden": "true" }),
      make("span", { class: "bar-note" }, plural(row.calls, "call") + " · " + shortCount(row.input) + " in · " + shortCount(row.output) + " out"),
    ));
  }
  const left = rows.length - 12;
  return make("section", { class: "chart" }, make("h2", {}, title), list,
    left > 0 ? make("p", { class: "dim" }, "and " + count(left) + " more") : null);
}

/** All tests, the dearest first: a strip of columns, and the first few by name. */
function costByTest() {
  const rows = TESTS.map((test, at) => ({ test, at, cost: test.cost ?? test.priced ?? 0 }))
    .filter((row) => row.cost > 0)
    .sort((one, other) => other.cost - one.cost);
  if (!rows.length) return null;
  const most = rows[0].cost;
  const total = rows.reduce((sum, row) => sum + row.cost, 0);
  const list = make("ol", { class: "bars bars-tests" });
  for (const { test, at, cost } of rows.slice(0, 8)) {
    const grown = test.growth || 0;
    add(list, make(
      "li",
      {},
      make("a", { class: "bar-name", href: hrefOf(at), title: test.file + "::" + test.name }, test.name),
      make("span", { class: "bar-value" }, usdOf(test)),
      make("span", { class: "bar", vars: { "--part": String(cost / most), "--hue": "var(--ink-3)" }, "aria-hidden": "true" },
        test.golden_cost ? make("i", { class: "bar-golden", vars: { "--at": String(Math.min(1, test.golden_cost / most)) } }) : null),
      make("span", { class: "bar-note" }, percent(cost / total) + " of the run",
        Math.abs(grown) >= 0.005 ? [" · ", make("b", { class: grown > 0 ? "up" : "down" }, (grown > 0 ? "+" : "−") + percent(Math.abs(grown))), " against golden"] : null),
    ));
  }
  return make("section", { class: "chart" }, make("h2", {}, "Cost by test", rows.some((row) => row.test.golden_cost) ? make("small", { class: "key-golden" }, "golden") : null), rows.length > 8 ? strip(rows, most) : null, list,
    rows.length > 8 ? make("p", { class: "dim" }, "and " + plural(rows.length - 8, "cheaper test")) : null);
}

function strip(rows, most) {
  const [width, height] = [600, 56];
  const wide = width / rows.length;
  const svg = draw("svg", { class: "strip", viewBox: "0 0 " + width + " " + height, preserveAspectRatio: "none", role: "img",
    "aria-label": "cost of " + plural(rows.length, "test") + ", the dearest first" });
  let path = "M0," + height;
  rows.forEach((row, at) => {
    const top = height - Math.max(0.6, (row.cost / most) * height);
    path += ` V${top.toFixed(2)} H${((at + 1) * wide).toFixed(2)}`;
  });
  return add(svg, draw("path", { d: path + " V" + height + " Z" }));
}
