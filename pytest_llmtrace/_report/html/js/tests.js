// The list of tests, with the fields that filter it.

let shownTests = [];
let revealRow = () => {};

function buildList() {
  const side = byId("side");
  const search = make("input", { type: "search", id: "search", placeholder: "Filter tests", "aria-label": "Filter by name, model or finding",
    autocomplete: "off", spellcheck: "false", "aria-keyshortcuts": "/" });
  search.addEventListener("input", () => setFilter({ text: search.value }));
  const inside = make("input", { type: "checkbox", id: "inside" });
  inside.addEventListener("change", () => setFilter({ said: inside.checked }));
  const outcomes = counted((test) => [test.outcome]);
  const chips = choice("outcome", [["", "all " + count(TESTS.length)], ...outcomes.map(([name, number]) => [name, name + " " + count(number)])], "",
    (outcome) => setFilter({ outcome }));
  chips.classList.add("chips");
  add(side, [
    make("div", { class: "filters" },
      make("div", { class: "search" }, search, make("kbd", { "aria-hidden": "true" }, "/")),
      TESTS.some((test) => test.trace) ? make("label", { class: "inside" }, inside, "search in transcripts, too") : null,
      outcomes.length > 1 ? chips : null,
      make("div", { class: "selects" },
        picker("finding", "any finding", counted((test) => test.findings.map((finding) => finding.kind)), (kind) => setFilter({ kind }), kindName),
        picker("model", "any model", counted((test) => test.models), (model) => setFilter({ model }), (name) => name),
        orderPicker())),
    make("p", { class: "list-count", id: "list-count" }),
    make("ol", { class: "tests", id: "tests" }),
  ]);
  showList();
}

function picker(label, any, options, choose, name) {
  if (!options.length) return null;
  const select = make("select", { "aria-label": label },
    make("option", { value: "" }, any),
    options.map(([key, number]) => make("option", { value: key }, name(key) + " (" + count(number) + ")")));
  options.forEach(([key], at) => (select.options[at + 1].value = key));
  select.addEventListener("change", () => choose(select.value));
  return select;
}

function orderPicker() {
  const select = make("select", { "aria-label": "order" }, Object.entries(ORDERS).map(([key, [name]]) => make("option", { value: key }, name)));
  select.addEventListener("change", () => setFilter({ order: select.value }));
  return select;
}

function setFilter(change) {
  Object.assign(filter, change);
  showList();
  announce(plural(shownTests.length, "test") + " shown");
}

function showList() {
  shownTests = filtered();
  const list = byId("tests");
  list.replaceChildren();
  byId("list-count").textContent =
    shownTests.length === TESTS.length ? plural(TESTS.length, "test") : count(shownTests.length) + " of " + plural(TESTS.length, "test");
  if (!shownTests.length) add(list, make("li", { class: "none" }, TESTS.length ? "No test passes this filter." : "No test called a model."));
  revealRow = inBatches(list, shownTests.length, 80, (from, to) => shownTests.slice(from, to).map(testRow));
  markCurrent();
}

function testRow(at) {
  const test = TESTS[at];
  const kinds = new Map();
  for (const finding of test.findings) if (!kinds.has(finding.kind)) kinds.set(finding.kind, finding.severity);
  return make("li", {},
    make("a", { class: "test-row is-" + outcomeClass(test), href: hrefOf(at), id: "row-" + at },
      make("span", { class: "dot", role: "img", "aria-label": test.outcome }),
      make("span", { class: "test-name" }, nameNodes(test.name)),
      make("span", { class: "test-cost" }, test.calls || test.cost ? usd(test.cost) : "—"),
      make("span", { class: "test-file" }, test.fixture ? "fixture" : test.file),
      kinds.size ? make("span", { class: "test-kinds" }, [...kinds].map(([kind, severity]) => kindTag(kind, severity))) : null));
}

function outcomeClass(test) {
  if (BAD.has(test.outcome)) return "failed";
  return test.outcome === "passed" ? "passed" : "other";
}

/** Scroll the list, and nothing around it, until a row is in view. */
function scrollToRow(list, row) {
  const [box, of] = [list.getBoundingClientRect(), row.getBoundingClientRect()];
  if (of.top < box.top) list.scrollTop -= box.top - of.top;
  else if (of.bottom > box.bottom) list.scrollTop += of.bottom - box.bottom;
}

/** Mark the test that is open, and bring its row into view. */
function markCurrent() {
  const { test } = routeOf(location.hash);
  for (const row of document.querySelectorAll(".test-row[aria-current]")) row.removeAttribute("aria-current");
  if (test === null) return;
  const at = shownTests.indexOf(test);
  if (at < 0) return;
  revealRow(at + 1);
  const row = byId("row-" + test);
  row.setAttribute("aria-current", "true");
  scrollToRow(byId("tests"), row);
}
