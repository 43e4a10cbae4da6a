// The timeline: a lane per conversation, a block per call, fan-outs as bundles, tokens of each call underneath.

const LANE = 46;
const BLOCK = 26;
const HEAD = 22;
const TOKENS = 44;

/** The timeline of a trace, with a choice between order and time where times are known. */
function timeline(trace, sides, findings, test) {
  const figure = make("figure", { class: "timeline" });
  const timed = trace.entries.some((entry) => entry.duration > 0);
  const body = make("div", { class: "timeline-body" });
  const show = (how) => body.replaceChildren(...timelineParts(trace, sides, findings, test, how === "time"));
  add(figure, [
    make(
      "figcaption",
      {},
      legend(trace),
      timed ? choice("scale of the timeline", [["order", "order"], ["time", "time"]], "order", show) : null,
    ),
    body,
  ]);
  show("order");
  return figure;
}

function legend(trace) {
  const calls = trace.entries.filter((entry) => entry.type === "llm_call");
  const names = new Set([...calls, ...(trace.golden ? trace.golden.entries : [])].map(modelOf));
  const has = (type) => trace.entries.some((entry) => entry.type === type);
  const asked = [trace, trace.golden].some((side) => side && side.conversations.some((one) => one.turns.some((turn) => toolsAskedFor({ turn }).length)));
  return make(
    "ul",
    { class: "legend" },
    [...names].filter(Boolean).map((name) => make("li", { vars: { "--hue": hueOf(name) } }, name)),
    asked ? make("li", { class: "sign sign-asked" }, "tool asked for") : null,
    has("tool_call") ? make("li", { class: "sign sign-ran" }, "tool ran") : null,
    has("event") ? make("li", { class: "sign sign-event" }, "event") : null,
  );
}

function timelineParts(trace, sides, findings, test, clock) {
  const { lanes, items, beside, width, fans } = timelineOf(trace, sides, clock);
  const room = Math.max(240, (byId("main").clientWidth || 800) - 220);
  const unit = clock ? room / width : Math.min(170, Math.max(20, room / width));
  const total = Math.ceil(width * unit) + 12;
  const height = HEAD + lanes.length * LANE + TOKENS + 18;
  const svg = draw("svg", { width: total, height, viewBox: "0 0 " + total + " " + height, class: "lanes", role: "group",
    "aria-label": "timeline of " + plural(items.length, "call") });
  const x = (at) => 6 + at * unit;
  const inset = clock ? 0 : fans.length && unit > 60 ? 18 : 3;
  const y = (lane) => HEAD + lane * LANE + (LANE - BLOCK) / 2;
  lanes.forEach((_, lane) => add(svg, draw("line", { class: "lane-line", x1: 0, x2: total, y1: y(lane) + BLOCK / 2, y2: y(lane) + BLOCK / 2 })));
  add(svg, axis(width, unit, clock, height, x));
  for (const fan of fans) add(svg, bundle(fan, items, x, y, inset));
  for (const item of items) add(svg, blockOf(item, findings, test, x, y, unit, clock ? null : inset));
  for (const one of beside) add(svg, besideMark(one, test, x, y, clock ? null : inset));
  add(svg, tokenBars(items, x, unit, HEAD + lanes.length * LANE + 8, clock));
  const names = make("div", { class: "lane-names", "aria-hidden": "true" },
    lanes.map((name) => make("span", { title: name, vars: { height: LANE + "px" } }, name)),
    make("span", { class: "dim", vars: { height: TOKENS + "px" } }, "tokens in, out"));
  return [names, make("div", { class: "lanes-scroll", tabindex: "0", role: "region", "aria-label": "timeline, scrolls sideways" }, svg)];
}

/** Numbers of steps, or moments, over the lanes. */
function axis(width, unit, clock, height, x) {
  const marks = [];
  const step = clock ? niceStep(width / 8) : Math.max(1, Math.ceil(30 / unit));
  for (let at = 0; at <= width + step / 1000 && marks.length < 200; at += step) {
    marks.push(draw("line", { class: "tick", x1: x(at), x2: x(at), y1: HEAD - 4, y2: height - 18 }));
    if (clock ? x(at) + 40 < x(width) : at < width) {
      marks.push(draw("text", { class: "tick-text", x: x(at) + (clock ? 2 : unit / 2), y: HEAD - 9, "text-anchor": clock ? "start" : "middle" },
        clock ? seconds(at) : String(at + 1)));
    }
  }
  return marks;
}

function niceStep(rough) {
  const power = 10 ** Math.floor(Math.log10(rough || 1));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough);
}

/** From where a fan-out starts to its members, and from those to the call that their answers went into. */
function bundle(fan, items, x, y, inset) {
  const middle = (item) => y(item.lane) + BLOCK / 2;
  const curve = (from, to) => {
    const [x1, x2] = [x(from.to) - inset, x(to.from) + inset];
    const bend = Math.max(inset, (x2 - x1) / 2);
    return draw("path", { class: "bundle", d: `M${x1},${middle(from)} C${x1 + bend},${middle(from)} ${x2 - bend},${middle(to)} ${x2},${middle(to)}` });
  };
  const paths = fan.aggregator ? fan.members.map((member) => curve(member, fan.aggregator)) : [];
  const start = Math.min(...fan.first.map((member) => member.from));
  const before = fan.aggregator && items.filter((item) => item.lane === fan.aggregator.lane && item.to <= start && (!item.ghost || fan.aggregator.ghost)).at(-1);
  if (before) paths.push(...fan.first.map((member) => curve(before, member)));
  return paths;
}

function blockOf(item, findings, test, x, y, unit, inset) {
  const { call, ghost, lane, number, side, token } = item;
  const left = x(item.from) + (inset || 0);
  const wide = Math.max(inset === null ? 3 : 8, (item.to - item.from) * unit - 2 * (inset || 0));
  const drifts = findings.filter((finding) => finding.severity !== "ignore" && isAt(finding, side, token));
  const label = [side.label, "turn " + number, modelOf(call), ghost ? "recorded, not reached" : call.status !== "ok" ? call.status : "",
    call.usage ? count(call.usage.input_tokens) + " tokens in, " + count(call.usage.output_tokens) + " out" : "",
    usd(call.cost_usd ?? null), ...toolsAskedFor(item).map((name) => "calls " + name)].filter(Boolean).join(", ");
  const group = draw("a", { class: "block" + (ghost ? " is-ghost" : "") + (call.status && call.status !== "ok" ? " is-" + call.status : "") + (drifts.length ? " has-drift" : ""),
    href: hrefOf(test, "t" + lane + "." + token), "aria-label": label, vars: { "--hue": hueOf(modelOf(call)) } });
  add(group, [draw("title", {}, label), draw("rect", { x: left, y: y(lane), width: wide, height: BLOCK, rx: 4 })]);
  const text = ghost ? "" : blockText(call, wide);
  if (text) add(group, draw("text", { class: "block-text", x: left + wide / 2, y: y(lane) + BLOCK / 2 + 4, "text-anchor": "middle" }, text));
  toolsAskedFor(item).slice(0, 6).forEach((_, place) => {
    if (12 + place * 9 < wide + 8) add(group, draw("circle", { class: "tool-dot", cx: left + 7 + place * 9, cy: y(lane) + BLOCK + 5, r: 3 }));
  });
  return group;
}

/** A tool that ran, or an event: a bar or a diamond below the lane. */
function besideMark({ entry, item, at, from, to }, test, x, y, inset) {
  const label = [entry.type === "event" ? "event" : "executed", entry.name, entry.duration > 0 ? seconds(entry.duration) : "", entry.error || ""].filter(Boolean).join(" ");
  const left = inset === null ? x(from) : x(from) + inset + 4 + (toolsAskedFor(item).length + at) * 9;
  const top = y(item.lane) + BLOCK + 2;
  const shape = entry.type === "event"
    ? draw("path", { d: `M${left + 3},${top - 1} l4,4 l-4,4 l-4,-4z` })
    : draw("rect", { x: left, y: top, width: inset === null ? Math.max(4, x(to) - x(from)) : 6, height: 6, rx: 1 });
  return draw("a", { class: "beside" + (entry.error ? " is-error" : ""), href: hrefOf(test, "t" + item.lane + "." + item.token), "aria-label": label },
    draw("title", {}, label), shape);
}

/** Tokens and cost where there is room for them; of a call without an answer, what became of it. */
function blockText(call, wide) {
  if (!call.usage) return wide >= 64 ? (call.status === "missed" ? "no answer" : call.status || "") : "";
  if (wide >= 96) return shortCount(tokensOf(call)) + " · " + usd(call.cost_usd ?? null);
  return wide >= 40 ? shortCount(tokensOf(call)) : "";
}

/** The tokens of each call under its block: what went in, and on top of it what came out. */
function tokenBars(items, x, unit, top, clock) {
  const most = Math.max(1, ...items.map((item) => tokensOf(item.call) || 0));
  const counted = items.filter((item) => item.call.usage && !item.ghost);
  const beside = new Map();
  for (const item of counted) beside.set(item.from, [...(beside.get(item.from) || []), item]);
  return counted.map((item) => {
    const input = (item.call.usage.input_tokens / most) * TOKENS;
    const output = (item.call.usage.output_tokens / most) * TOKENS;
    const side = beside.get(item.from).indexOf(item);
    const several = beside.get(item.from).length;
    const wide = clock ? 3 : Math.max(2, Math.min((unit - 8) / several, 26));
    const left = clock ? x(item.from) : x(item.from) + (unit - wide * several) / 2 + side * wide;
    return draw("g", { class: "token-bar" },
      draw("title", {}, usageTitle(item.call.usage)),
      draw("rect", { class: "tokens-in", x: left, y: top + TOKENS - input, width: Math.max(2, wide - 1), height: Math.max(0.5, input) }),
      draw("rect", { class: "tokens-out", x: left, y: top + TOKENS - input - output, width: Math.max(2, wide - 1), height: Math.max(0.5, output) }));
  });
}
