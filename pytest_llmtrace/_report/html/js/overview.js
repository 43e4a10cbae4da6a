// The first page: what was found, each cause once, then where the money goes.

const CAUSES_OPEN = 3;

function overview() {
  const parts = [toList()];
  if (RUN.budgets.length) parts.push(budgetSection());
  parts.push(findingsSection());
  const charts = [
    RUN.models.length ? bars("Cost by model", RUN.models, (row) => hueOf(row.name)) : null,
    RUN.agents.length ? bars("Cost by agent", RUN.agents, () => "var(--ink-3)") : null,
  ];
  if (RUN.models.length) parts.push(make("div", { class: "charts" }, make("div", {}, charts), costByTest()));
  if (RUN.unused.length) {
    parts.push(make("section", {}, make("h2", {}, "Unused cassettes"),
      make("ul", { class: "paths" }, RUN.unused.slice(0, 200).map((path) => make("li", {}, make("code", {}, path)))),
      RUN.unused.length > 200 ? make("p", { class: "dim" }, "and " + count(RUN.unused.length - 200) + " more") : null));
  }
  return parts;
}

/** On a phone the list of tests is below all this; a way there. */
function toList() {
  const button = make("button", { type: "button", class: "to-list" }, "↓ " + plural(TESTS.length, "test"));
  button.addEventListener("click", () => byId("side").scrollIntoView());
  return button;
}

function budgetSection() {
  return make("section", {}, make("h2", {}, RUN.budgets.length > 1 ? "Budgets" : "Budget"),
    make("ul", { class: "budgets" }, RUN.budgets.map((budget) => make("li", { class: budget.breached ? "breach" : "" },
      make("span", {}, budget.line),
      budget.share === null ? null : make("span", { class: "bar-value" }, percent(budget.share)),
      budget.share === null ? null : make("span", { class: "bar", "aria-hidden": "true",
        vars: { "--part": String(Math.min(1, budget.share)), "--hue": budget.breached ? "var(--fail)" : "var(--calm)" } })))),
    RUN.pricing ? make("div", { class: "pricing" }, commandLine(RUN.pricing)) : null);
}

function findingsSection() {
  const section = make("section", { class: "causes" }, make("h2", {}, "Findings"));
  if (!RUN.causes.length) {
    const failed = TESTS.filter((test) => BAD.has(test.outcome)).length;
    return add(section, make("p", { class: "calm" }, failed
      ? "No finding: " + plural(failed, "test") + " failed for reasons that pytest's own output shows."
      : "None: nothing differs that counts as drift."));
  }
  const box = make("div", {});
  inBatches(box, RUN.causes.length, 20, (from, to) => RUN.causes.slice(from, to).map((cause, place) => causeCard(cause, from + place < CAUSES_OPEN)));
  return add(section, box);
}

/** One cause, with every test in which it was found. */
function causeCard(cause, open) {
  const tests = [...new Set(cause.at.map(([test]) => test))];
  const details = make("details", { class: "cause is-" + cause.severity, open },
    make("summary", {},
      severityMark(cause.severity),
      make("span", { class: "cause-line" }, cause.title),
      make("span", { class: "cause-count" }, tests.length > 1 ? "in " + plural(tests.length, "test") : nameNodes(TESTS[tests[0]].name))));
  const body = make("div", { class: "cause-body" });
  const fillIn = () => {
    if (body.childElementCount) return;
    add(body, [findingBody(cause), make("ul", { class: "cause-tests" }, links(cause, tests, 12))]);
  };
  details.addEventListener("toggle", fillIn);
  if (open) fillIn();
  return add(details, body);
}

function links(cause, tests, most) {
  const place = new Map(cause.at.map(([test, at]) => [test, at]));
  const items = tests.slice(0, most).map((test) =>
    make("li", {}, make("a", { href: hrefOf(test, "f" + place.get(test)) }, nameNodes(TESTS[test].name), make("small", {}, TESTS[test].file))));
  if (tests.length > most) {
    const rest = make("button", { type: "button", class: "more" }, "and " + count(tests.length - most) + " more");
    rest.addEventListener("click", () => rest.closest("ul").replaceChildren(...links(cause, tests, Infinity)));
    items.push(make("li", {}, rest));
  }
  return items;
}
