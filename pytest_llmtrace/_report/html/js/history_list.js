// The list of tests: which moved, which drifted.

let shownTests = [];
let revealRow = () => {};

const ORDERS = {
  moved: ["most change first", (one, other) => Math.abs(other.change ?? 0) - Math.abs(one.change ?? 0)],
  cost: ["dearest first", (one, other) => (other.cost ?? -1) - (one.cost ?? -1)],
  drift: ["most drift first", (one, other) => other.drifted - one.drifted],
  name: ["by name", () => 0],
};

function buildList() {
  const search = make("input", { type: "search", id: "search", placeholder: "Filter tests", "aria-label": "Filter by name", autocomplete: "off", spellcheck: "false", "aria-keyshortcuts": "/" });
  const order = make("select", { "aria-label": "order" }, Object.entries(ORDERS).map(([key, [name]]) => make("option", { value: key }, name)));
  for (const [field, event] of [[search, "input"], [order, "change"]]) field.addEventListener(event, () => {
    showList(search.value, order.value);
    announce(plural(shownTests.length, "test") + " shown");
  });
  add(byId("side"), [
    make("div", { class: "filters" },
      make("div", { class: "search" }, search, make("kbd", { "aria-hidden": "true" }, "/")),
      make("div", { class: "selects" }, order)),
    make("p", { class: "list-count", id: "list-count" }),
    make("ol", { class: "tests", id: "tests" }),
  ]);
  showList("", "moved");
}

function showList(text, order) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  shownTests = TESTS.map((_, at) => at)
    .filter((at) => words.every((word) => TESTS[at].nodeid.toLowerCase().includes(word)))
    .sort((one, other) => ORDERS[order][1](TESTS[one], TESTS[other]) || one - other);
  const list = byId("tests");
  list.replaceChildren();
  byId("list-count").textContent = shownTests.length === TESTS.length ? plural(TESTS.length, "test") : count(shownTests.length) + " of " + plural(TESTS.length, "test");
  if (!shownTests.length) add(list, make("li", { class: "none" }, TESTS.length ? "No test passes this filter." : "No test called a model."));
  revealRow = inBatches(list, shownTests.length, 80, (from, to) => shownTests.slice(from, to).map(testRow));
  markCurrent();
}

function testRow(at) {
  const test = TESTS[at];
  return make("li", {},
    make("a", { class: "test-row " + (test.drifts ? "is-failed" : "is-passed"), href: hrefOf(at), id: "row-" + at },
      make("span", { class: "dot", role: "img", "aria-label": test.drifts ? "drifts" : "no drift" }),
      make("span", { class: "test-name" }, nameNodes(test.name)),
      make("span", { class: "test-cost" }, usd(test.cost), " ", changeNode(test.change)),
      make("span", { class: "test-file" }, test.file, test.drifted ? " · drifted in " + plural(test.drifted, "run") : "")));
}

function markCurrent() {
  const { test } = routeOf(location.hash);
  for (const row of document.querySelectorAll(".test-row[aria-current]")) row.removeAttribute("aria-current");
  const at = test === null ? -1 : shownTests.indexOf(test);
  if (at < 0) return;
  revealRow(at + 1);
  const row = byId("row-" + test);
  row.setAttribute("aria-current", "true");
  const [box, of] = [byId("tests").getBoundingClientRect(), row.getBoundingClientRect()];
  if (of.top < box.top) byId("tests").scrollTop -= box.top - of.top;
  else if (of.bottom > box.bottom) byId("tests").scrollTop += of.bottom - box.bottom;
}
