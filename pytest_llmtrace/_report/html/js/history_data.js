// The data of a history: runs and what each came to are read at once, what a test did in them when it is looked at.

function parsed(id) {
  const element = byId(id);
  return element ? JSON.parse(element.textContent) : null;
}

const HISTORY = parsed("history");
const RUNS = HISTORY.runs;
const TESTS = HISTORY.tests;

const METRICS = {
  cost: { name: "cost", show: (value) => usd(value) },
  tokens: { name: "tokens", show: (value) => count(value) },
  drift: { name: "drift", show: (value) => count(value) },
};

/** More or less than before, as a node; nothing where that cannot be said. */
function changeNode(change) {
  if (change === null || change === undefined) return null;
  if (Math.abs(change) < 0.0005) return "=";
  return make("b", { class: change > 0 ? "up" : "down" }, (change > 0 ? "+" : "−") + percent(Math.abs(change)));
}

function changeOf(before, after) {
  if (before === null || after === null || (!before && after)) return null;
  return before ? after / before - 1 : 0;
}

/** The points of a test, or of the suite: `{ run, cost, tokens, drift, kinds, change: { cost, tokens }, ... }`. */
function pointsOf(test) {
  if (test === null) {
    const all = HISTORY.steps;
    return RUNS.map((_, run) => ({
      run, cost: all.cost[run], tokens: all.tokens[run], drift: all.drifted[run], ran: all.tests[run], unpriced: all.unpriced[run],
      kinds: all.drifted[run] ? plural(all.drifted[run], "test") : "",
      change: { cost: all.cost_change[run], tokens: all.tokens_change[run] },
    }));
  }
  const one = parsed("test-" + test);
  let before = null;
  return one.run.map((run, at) => {
    const [cost, tokens, stopped] = [one.cost[at], one.tokens[at], Boolean(one.stopped[at])];
    const old = stopped ? null : before;
    const change = old ? { cost: changeOf(old.cost, cost), tokens: changeOf(old.tokens, tokens) } : {};
    if (!stopped) before = { cost, tokens };
    return { run, cost, tokens, stopped, change, drift: one.drift[at], kinds: one.kinds[at], accepted: one.accepted[at], calls: one.calls[at], outcome: one.outcome[at] };
  });
}
