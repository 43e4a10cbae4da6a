// The data of the run: what is read at once, and what is parsed when it is looked at.

function parsed(id) {
  const element = byId(id);
  return element ? JSON.parse(element.textContent) : null;
}

const RUN = parsed("run");
const TESTS = RUN.tests;

const pages = new Map();
const opened = new Map();

/** A value by its number; its page is parsed when the first value of it is asked for. */
function value(number) {
  let low = 0;
  let high = RUN.pages.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (RUN.pages[middle] <= number) low = middle;
    else high = middle - 1;
  }
  const first = RUN.pages[low];
  if (!pages.has(first)) pages.set(first, parsed("values-" + first));
  return pages.get(first)[number - first];
}

/** Everything about one test; the last few are kept. */
function testData(number) {
  if (!opened.has(number)) {
    if (opened.size > 20) opened.delete(opened.keys().next().value);
    opened.set(number, parsed("test-" + number));
  }
  return opened.get(number);
}

/** The whole history that a call sent, as numbers of messages. */
function historyOf(conversation, turn) {
  const chain = [];
  for (let at = turn; at; at = conversation.turns[at - 1].follows) chain.push(conversation.turns[at - 1]);
  let history = [];
  let answered = [];
  for (const one of chain.reverse()) {
    const base = answered;
    history = one.history.flatMap((step) => (Array.isArray(step) ? base.slice(step[0], step[0] + step[1]) : [step]));
    answered = one.output === null ? history : [...history, one.output];
  }
  return history;
}

/** The conversations of a trace, recorded and made side by side; without a golden trace, those that were made. */
function sidesOf(trace) {
  if (trace.sides) {
    return trace.sides.map((side) => ({
      label: side.label,
      labels: side.labels,
      pairs: side.pairs,
      golden: side.golden === null ? null : trace.golden.conversations[side.golden],
      observed: side.observed === null ? null : trace.conversations[side.observed],
    }));
  }
  return trace.conversations.map((one) => ({ label: one.label, labels: [one.label], pairs: [], golden: null, observed: one }));
}

/** Where a finding of a turn belongs: an observed turn ("3"), or a golden one that has no counterpart ("g3"). */
function tokenOf(side, kind, turn) {
  if (kind === "call_added" || !side.golden) return String(turn);
  return side.pairs[turn - 1] ? String(side.pairs[turn - 1]) : "g" + turn;
}

/** How many messages a call sent. */
function sentCount(turn) {
  return turn.history.reduce((sum, step) => sum + (Array.isArray(step) ? step[1] : 1), 0);
}

/** Tokens of a call, or null where they are not known. */
function tokensOf(call) {
  return call.usage ? call.usage.input_tokens + call.usage.output_tokens : null;
}

function modelOf(call) {
  return (call.provider ? call.provider + "/" : "") + (call.model || "");
}

const hues = new Map(RUN.models.map((row, at) => [row.name, at]));

/** The colour of a model: its place among the models of the run, the dearest first; then those that were only recorded. */
function hueOf(model) {
  if (!hues.has(model)) hues.set(model, hues.size);
  return "var(--series-" + (hues.get(model) % 8) + ")";
}
