// One test, or all of them: a chart, what the run under the cursor says, and every run in a table.

let metric = "cost";

function historyView(test) {
  const points = pointsOf(test);
  const rows = [];
  const read = make("p", { class: "line-read", id: "read" });
  const chartBox = make("div", {});
  const choose = (at) => {
    rows.forEach((row) => row.node.classList.toggle("is-here", row.at === at));
    const said = saidOf(points[at], test);
    read.replaceChildren();
    add(read, said.nodes);
    return said.text;
  };
  const drawn = () => {
    const chart = lineChart(points, metric, titleOf(test) + ": " + METRICS[metric].name + " over " + plural(points.length, "run"), choose);
    chartBox.replaceChildren(chart.node);
    chart.go(points.length - 1);
  };
  const metrics = choice("what the chart shows", Object.entries(METRICS).map(([key, one]) => [key, one.name]), metric, (key) => {
    metric = key;
    drawn();
    announce(METRICS[key].name);
  });
  const table = runsTable(points, test, rows);
  drawn();
  return make("article", {},
    make("h1", { class: "history-title" }, test === null ? "All tests" : nameNodes(TESTS[test].name),
      make("small", {}, test === null ? "each as it was last measured: a run of a few tests is no drop" : TESTS[test].file)),
    make("div", { class: "history-head" }, metrics, isMarked(points) ? make("span", { class: "dim key-drift" }, "drifted") : null),
    make("section", {}, chartBox, read),
    make("section", {}, make("h2", {}, "Runs"), make("div", { class: "runs-scroll" }, table)));
}

/** Whether the chart has marks where something drifted. */
function isMarked(points) {
  const drifted = points.filter((point) => point.drift).length;
  return drifted > 0 && drifted <= MARKED;
}

function titleOf(test) {
  return test === null ? "all tests" : TESTS[test].name;
}

/** The run in a sentence, as nodes and as text. */
function saidOf(point, test) {
  const run = RUNS[point.run];
  const change = metric === "drift" ? null : point.change[metric];
  const parts = [
    run.name + ", " + run.day + (run.branch ? ", " + run.branch : "") + ": ",
    usd(point.cost) + (point.unpriced ? " and " + plural(point.unpriced, "test") + " without a price" : "") + ", " + count(point.tokens) + " tokens",
    change === null || change === undefined || Math.abs(change) < 0.0005 ? "" : ", " + METRICS[metric].name + (change > 0 ? " +" : " −") + percent(Math.abs(change)),
    point.kinds ? (test === null ? ", drift in " : ", drift: ") + point.kinds : "",
    point.accepted ? ", accepted: " + point.accepted : "",
    point.stopped ? ", stopped before it was done" : "",
    test === null ? ", " + plural(point.ran, "test") + " ran" : ", " + point.outcome,
  ];
  return { text: parts.join(""), nodes: [make("b", {}, parts[0]), parts.slice(1).join("")] };
}

function runsTable(points, test, rows) {
  const body = make("tbody", {});
  const head = ["run", "branch", test === null ? "tests" : "outcome", "tokens", "", "cost", "", "drift"];
  const table = make("table", { class: "runs-table" },
    make("thead", {}, make("tr", {}, head.map((name, at) => make("th", { scope: "col", class: at > 2 && at < 7 ? "is-number" : "" }, name || make("span", { class: "dim" }, "±"))))),
    body);
  const order = points.map((_, at) => points.length - 1 - at);
  let done = 0;
  const more = () => {
    const until = Math.min(done + 100, order.length);
    for (; done < until; done++) {
      const row = { at: order[done], node: runRow(points[order[done]], test) };
      rows.push(row);
      body.append(row.node);
    }
    button.hidden = done >= order.length;
    button.textContent = "… " + count(order.length - done) + " earlier";
  };
  const button = make("button", { type: "button", class: "more" });
  button.addEventListener("click", more);
  more();
  return [table, button];
}

function runRow(point, test) {
  const run = RUNS[point.run];
  const name = run.url ? make("a", { href: run.url, rel: "noreferrer" }, run.name) : run.name;
  return make("tr", {},
    make("td", {}, name, " ", make("span", { class: "dim" }, run.day, run.mode === "trace" ? "" : " · " + run.mode)),
    make("td", {}, run.branch),
    make("td", {}, test === null ? count(point.ran) : point.outcome + (point.stopped ? ", stopped" : "")),
    make("td", { class: "is-number" }, count(point.tokens)),
    make("td", { class: "is-number" }, changeNode(point.change.tokens)),
    make("td", { class: "is-number" }, usd(point.cost), point.unpriced && point.cost !== null ? " + ?" : ""),
    make("td", { class: "is-number" }, changeNode(point.change.cost)),
    make("td", {}, point.kinds || (point.accepted ? make("span", { class: "dim" }, "accepted: " + point.accepted) : null)));
}
