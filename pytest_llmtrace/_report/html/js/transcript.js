// The conversations of a trace, turn by turn; turns that were recorded and not reached stand in outline.

const TURNS_AT_ONCE = 12;
const ALL = "all";

/** A conversation: `reveal(token)` renders as far as that turn, or to the end, and returns the turn's card. */
function transcriptOf(trace, side, at, findings, test) {
  const section = make("section", { class: "conversation", "aria-label": "conversation " + side.label });
  const body = make("div", { class: "turns" });
  let reveal = () => null;
  const show = (which) => {
    body.replaceChildren();
    reveal = turnCards(body, { trace, side, at, findings, test }, which);
  };
  const both = side.golden && side.observed;
  const which = choice("which side", [["made", "observed"], ["recorded", "golden"]], "made", show);
  add(section, [
    make(
      "header",
      { class: "conversation-head" },
      make("h3", {}, side.label || "conversation"),
      make("span", { class: "dim" }, conversationLine(trace, side)),
      both ? which : null,
    ),
    body,
  ]);
  show("made");
  const toObserved = () => {
    which.firstChild.click();
    return reveal;
  };
  return { section, reveal: (token) => reveal(token) || (token !== ALL && toObserved()(token)) };
}

function conversationLine(trace, side) {
  const [recorded, made] = [turnsOf(side.golden), turnsOf(side.observed)];
  const models = new Set();
  if (side.observed) for (const turn of side.observed.turns) models.add(modelOf(trace.entries[turn.entry]));
  if (side.golden) for (const turn of side.golden.turns) models.add(modelOf(trace.golden.entries[turn.entry]));
  const turns =
    side.golden && recorded !== made ? plural(recorded, "turn") + " recorded, " + made + " made" : plural(made, "turn");
  return [[...models].filter(Boolean).slice(0, 3).join(", "), turns].filter(Boolean).join(" · ");
}

/** Every turn of a side as `{conversation, number, token, turn, call, ghost}`; golden turns without a counterpart at their place. */
function turnList(trace, side, which) {
  const list = [];
  const push = (golden, number, ghost) => {
    const conversation = golden ? side.golden : side.observed;
    const turn = conversation.turns[number - 1];
    const call = (golden ? trace.golden : trace).entries[turn.entry];
    list.push({ conversation, number, token: (golden ? "g" : "") + number, turn, call, ghost });
  };
  if (which === "recorded") {
    for (let number = 1; number <= side.golden.turns.length; number += 1) push(true, number, false);
    return list;
  }
  let next = 1;
  side.pairs.forEach((observed, at) => {
    if (!observed) push(true, at + 1, true);
    else while (next <= observed) push(false, next++, false);
  });
  while (next <= turnsOf(side.observed)) push(false, next++, false);
  return list;
}

function turnCards(container, around, which) {
  const list = turnList(around.trace, around.side, which);
  const tools = toolNames(list);
  const dearest = Math.max(...list.map((one) => one.call.cost_usd || 0), 0);
  const more = inBatches(container, list.length, TURNS_AT_ONCE, (from, to) =>
    list.slice(from, to).map((one) => turnCard(one, { ...around, tools, dearest })),
  );
  return (token) => {
    more(token === ALL ? Infinity : list.findIndex((one) => one.token === token) + 1);
    return byId("t" + around.at + "." + token);
  };
}

/** The names of the tools that were asked for, by the ids of the calls, recorded turns that are not shown included. */
function toolNames(list) {
  const names = new Map();
  for (const conversation of new Set(list.map((one) => one.conversation))) {
    for (const turn of conversation.turns) {
      for (const call of (turn.output === null ? null : value(turn.output).tool_calls) || []) {
        if (call.id) names.set(call.id, (call.function || call).name);
      }
    }
  }
  return names;
}

function turnCard(one, around) {
  const { conversation, number, token, turn, call, ghost } = one;
  const drifts = around.findings.filter((finding) => isAt(finding, around.side, token));
  const state = ghost ? " is-ghost" : call.status !== "ok" && call.status ? " is-" + call.status : "";
  const card = make("article", {
    class: "turn" + state + (drifts.some((finding) => finding.severity !== "ignore") ? " has-drift" : ""),
    id: "t" + around.at + "." + token,
    tabindex: "-1",
    "aria-label": around.side.label + " turn " + number,
  });
  const earlier = turn.follows ? sentCount(turn) - turn.brought.length : 0;
  const messages = make("div", { class: "messages" });
  if (earlier > 0) add(messages, earlierMessages(conversation, number, turn, earlier, around.tools));
  if (turn.rewritten) {
    const what = "context " + turn.rewritten.kind + ", " + plural(turn.rewritten.dropped, "message") + " dropped";
    add(messages, make("p", { class: "rewritten" }, what));
  }
  add(messages, turn.brought.map((given) => messageNode(value(given), around.tools)));
  add(messages, answerOf(turn, call, around.tools));
  if (!ghost) add(messages, turn.then.map((place) => besideNode(around.trace.entries[place], call.agent)));
  return add(card, [turnHead(one, around, drifts), messages]);
}

/** Whether what is said of a turn is said of this one: of the observed one, or of the golden one that it is named after. */
function isOf(side, kind, turn, token) {
  return tokenOf(side, kind, turn) === token || (kind !== "call_added" && token === "g" + turn);
}

/** Whether a finding is about a turn. */
function isAt(finding, side, token) {
  return side.labels.includes(finding.conversation) && isOf(side, finding.kind, finding.turn, token);
}

/** Findings that were made in another turn and show in this one again. */
function againAt(findings, side, token) {
  const here = (name) => {
    const cut = name.lastIndexOf(" turn ");
    return side.labels.includes(name.slice(0, cut)) && isOf(side, "", Number(name.slice(cut + 6)), token);
  };
  return findings.filter((finding) => finding.folded_at.some(here));
}

function turnHead({ number, token, call, ghost }, around, drifts) {
  const link = (finding, again) =>
    make("a", { class: "tag tag-" + finding.severity + (again ? " is-again" : ""),
      href: hrefOf(around.test, "f" + around.findings.indexOf(finding)) }, kindName(finding.kind) + (again ? ", again" : ""));
  const links = [
    drifts.map((finding) => link(finding, false)),
    againAt(around.findings, around.side, token).filter((finding) => !drifts.includes(finding)).map((finding) => link(finding, true)),
  ];
  const usage = call.usage;
  return make(
    "header",
    { class: "turn-head" },
    make("span", { class: "turn-number" }, "turn " + number),
    make("span", { class: "model", vars: { "--hue": hueOf(modelOf(call)) } }, modelOf(call) || call.operation),
    ghost ? make("span", { class: "ghost-note" }, around.trace.stopped ? "recorded, not reached" : "recorded, not made") : null,
    call.agent && call.agent !== around.side.label ? make("span", { class: "dim" }, call.agent) : null,
    call.fanout ? make("span", { class: "badge" }, "fan-out " + call.fanout) : null,
    call.aggregates ? make("span", { class: "badge" }, "aggregates fan-out " + call.aggregates) : null,
    call.cache_hit ? make("span", { class: "badge" }, "cache hit") : null,
    call.attempts && call.attempts.length > 1 ? make("span", { class: "badge" }, attemptsText(call)) : null,
    call.fallback_from
      ? make("span", { class: "badge" }, "in place of " + call.fallback_from.model + ", " + call.fallback_from.error)
      : null,
    links,
    make(
      "span",
      { class: "turn-numbers" },
      usage ? make("span", { title: usageTitle(usage) }, count(usage.input_tokens), " → ", count(usage.output_tokens)) : null,
      make("span", { class: "turn-cost", vars: { "--part": String(around.dearest ? (call.cost_usd || 0) / around.dearest : 0) } },
        usage || call.cost_usd ? usd(call.cost_usd ?? null) : "—"),
    ),
  );
}

function attemptsText(call) {
  return plural(call.attempts.length, "attempt") + ": " + call.attempts.map((one) => one.status ?? "no answer").join(", ");
}

function usageTitle(usage) {
  return Object.entries(usage)
    .filter(([, number]) => number)
    .map(([name, number]) => name.replace(/_/g, " ") + ": " + (number === true ? "yes" : count(number)))
    .join(", ");
}

function earlierMessages(conversation, number, turn, earlier, tools) {
  const button = make("button", { type: "button", class: "earlier" }, "↑ " + plural(earlier, "earlier message"));
  button.addEventListener("click", () => {
    const brought = new Set(turn.brought);
    const shown = historyOf(conversation, number).filter((given) => !brought.has(given));
    button.replaceWith(...shown.map((given) => messageNode(value(given), tools, "is-earlier")));
  });
  return button;
}

const NO_ANSWER = {
  missed: "The tape has no answer to this request.",
  open: "Still running when the test ended.",
  abandoned: "The application left the stream before its end.",
  cancelled: "Cancelled.",
};

function answerOf(turn, call, tools) {
  const parts = [];
  if (turn.output !== null) parts.push(messageNode(value(turn.output), tools, "is-answer"));
  if (call.error) {
    const status = call.error.status ? " " + call.error.status : "";
    parts.push(make("div", { class: "message is-error" }, make("div", { class: "who" }, "error"),
      make("div", { class: "said" }, longText(call.error.type + status + ": " + call.error.message, "text"))));
  }
  if (NO_ANSWER[call.status]) parts.push(make("p", { class: "no-answer" }, NO_ANSWER[call.status]));
  return parts;
}

/** A tool that was seen to run, or an event: what it was given, how it ended, how long it took. */
function besideNode(entry, agent) {
  const event = entry.type === "event";
  const known = ["arguments", "result", "data"].filter((name) => entry[name] !== undefined);
  return make("div", { class: "message is-beside" },
    make("div", { class: "who" }, event ? "event" : entry.executed ? "executed" : "requested"),
    make("div", { class: "said" },
      make("span", { class: "tool-name" }, entry.name),
      make("span", { class: "dim" }, [entry.agent !== agent && entry.agent, entry.duration > 0 && seconds(entry.duration)]
        .filter(Boolean).map((text) => " · " + text)),
      entry.error ? make("p", { class: "refusal" }, brief(entry.error, 400)) : null,
      known.map((name) => folded(name, () => dataText(value(entry[name]))))));
}
