// Which tests are shown, and in which order.

const BAD = new Set(["failed", "error"]);

const filter = { text: "", said: false, outcome: "", model: "", kind: "", order: "findings" };

const ORDERS = {
  findings: ["findings first", (one, other) => gravity(one) - gravity(other)],
  cost: ["dearest first", (one, other) => spent(other) - spent(one)],
  growth: ["most growth first", (one, other) => (other.growth || 0) - (one.growth || 0)],
  slow: ["slowest first", (one, other) => (other.seconds || 0) - (one.seconds || 0)],
  tokens: ["most tokens first", (one, other) => other.input + other.output - one.input - one.output],
  name: ["by name", () => 0],
};

function spent(test) {
  return test.cost ?? test.priced ?? 0;
}

/** Tests that fail with a finding, then those that fail otherwise, then warnings, then accepted drift, then the rest. */
function gravity(test) {
  const severities = new Set(test.findings.map((finding) => finding.severity));
  if (severities.has("fail")) return 0;
  if (BAD.has(test.outcome)) return 1;
  if (severities.has("warn")) return 2;
  return severities.has("ignore") ? 3 : 4;
}

/** The text that a search looks through: names, models, and what was found. */
function searched(test) {
  test.search ??= [test.file, test.name, ...test.models, ...test.findings.map((finding) => finding.line)].join("\n").toLowerCase();
  return test.search;
}

/** Numbers of the tests that pass the filter, in order. */
function filtered() {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  const said = words.map((word) => (filter.said ? saying(word) : () => false));
  const found = [];
  TESTS.forEach((test, at) => {
    if (filter.outcome && test.outcome !== filter.outcome) return;
    if (filter.model && !test.models.includes(filter.model)) return;
    if (filter.kind && !test.findings.some((finding) => finding.kind === filter.kind)) return;
    if (words.every((word, place) => searched(test).includes(word) || said[place](at))) found.push(at);
  });
  const compare = ORDERS[filter.order][1];
  return found.sort((one, other) => compare(TESTS[one], TESTS[other]) || one - other);
}

/** How often each value occurs among the tests, the most frequent first. */
function counted(values) {
  const counts = new Map();
  for (const test of TESTS) for (const one of new Set(values(test))) counts.set(one, (counts.get(one) || 0) + 1);
  return [...counts.entries()].sort((one, other) => other[1] - one[1] || (one[0] < other[0] ? -1 : 1));
}
