// One test: its findings, its timeline, its conversations.

let reveals = [];
let revealSide = () => {};

function testView(at) {
  const test = TESTS[at];
  const data = testData(at);
  const traces = data.traces;
  const container = make("div", { class: "test-view" });
  add(container, testHead(test, data));
  const body = make("div", {});
  const show = (number) => body.replaceChildren(...traceParts(at, test, data, traces[number] || null));
  if (traces.length > 1) {
    const runs = choice("run", traces.map((_, number) => [number, "run " + (number + 1)]), 0, show);
    runs.classList.add("runs");
    add(container, runs);
  }
  show(0);
  return add(container, body);
}

function testHead(test, data) {
  return make("header", { class: "test-head" },
    make("a", { class: "back", href: "#/" }, "← All tests"),
    make("p", { class: "test-path" }, test.fixture ? "fixture" : test.file),
    make("h2", { class: "test-title" }, nameNodes(test.name)),
    make("dl", { class: "test-facts" },
      fact("outcome", make("b", { class: "outcome is-" + outcomeClass(test) }, test.outcome)),
      fact("mode", test.mode),
      fact("calls", count(test.calls) + (test.live ? ", " + count(test.live) + " live" : "")),
      fact("tokens", count(test.input) + " in, " + count(test.output) + " out"),
      test.seconds !== null ? fact("time", seconds(test.seconds)) : null,
      fact("cost", usdOf(test)),
      test.golden_cost !== null ? fact("golden cost", usd(test.golden_cost), test.runs > 1 ? " for " + plural(test.runs, "run") : null, grown(test)) : null,
      test.golden ? fact("golden trace", make("code", {}, test.golden)) : null),
    data.notes.map((note) => make("p", { class: "note" }, note)),
    data.command ? make("div", { class: "accept" }, make("span", {}, "if this is meant:"), commandLine(data.command)) : null);
}

/** How much dearer or cheaper than its golden trace a test became; nothing where that is next to nothing. */
function grown(test) {
  if (!test.growth || Math.abs(test.growth) < 0.0005) return null;
  return make("b", { class: test.growth > 0 ? "up" : "down" }, " " + (test.growth > 0 ? "+" : "−") + percent(Math.abs(test.growth)));
}

function fact(name, ...content) {
  return make("div", {}, make("dt", {}, name), make("dd", {}, content));
}

function traceParts(at, test, data, trace) {
  const sides = trace ? sidesOf(trace) : [];
  reveals = [];
  const parts = [];
  if (data.findings.length) {
    parts.push(make("section", { class: "findings" }, make("h2", {}, plural(data.findings.length, "finding")),
      data.findings.map((finding, place) => findingCard(finding, place, at, sides))));
  }
  if (!trace) {
    parts.push(make("p", { class: "calm" }, test.calls || test.golden
      ? "This report was made without the calls of its tests (from merged documents, for example), so there is no transcript."
      : "This test made no LLM call."));
    return parts;
  }
  parts.push(make("section", {}, make("h2", {}, "Timeline"), timeline(trace, sides, data.findings, at)));
  const box = make("section", { class: "transcript" }, make("h2", {}, "Transcript"));
  add(box, trace.before.map((place) => besideNode(trace.entries[place], null)));
  const more = inBatches(box, sides.length, 20, (from, to) => sides.slice(from, to).map((side, place) => {
    const made = transcriptOf(trace, side, from + place, data.findings, at);
    reveals[from + place] = made.reveal;
    return made.section;
  }));
  revealSide = (place) => more(place + 1);
  parts.push(box);
  return parts;
}

/** Everything of the test that is open: what is printed must be there, seen or not. */
function revealAll() {
  revealSide(Infinity);
  for (const reveal of reveals) reveal(ALL);
}

/** Bring a finding or a turn into view, and mark it for a moment. */
function showPlace(place) {
  const turn = /^t(\d+)\.(g?\d+)$/.exec(place);
  if (turn) revealSide(Number(turn[1]));
  const target = turn ? reveals[Number(turn[1])]?.(turn[2]) : byId(place);
  if (!target) return;
  target.scrollIntoView({ block: "start" });
  target.focus({ preventScroll: true });
  target.classList.add("is-target");
  setTimeout(() => target.classList.remove("is-target"), 1600);
}
