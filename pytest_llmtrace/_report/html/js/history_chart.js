// A line over runs, which pointer and keys go along.

const PLOT = { width: 1000, height: 230 };
const MARKED = 60; // more marks than this hide the line, and the metric "drift" shows them better

/** A chart of `points` by a metric; `choose(at)` is told where the reader is. Returns the node, and `go(at)`. */
function lineChart(points, metric, title, choose) {
  const values = points.map((point) => (point.stopped ? null : point[metric]));
  const most = Math.max(...values.filter((value) => value !== null), 0) || 1;
  const x = (at) => (points.length > 1 ? at / (points.length - 1) : 0.5);
  const y = (value) => 1 - (value / most) * 0.94;
  const svg = draw("svg", { viewBox: "0 0 " + PLOT.width + " " + PLOT.height, preserveAspectRatio: "none", "aria-hidden": "true" });
  for (const part of [0, 0.5, 1]) {
    const level = (y(part * most) * PLOT.height).toFixed(1);
    add(svg, draw("line", { class: "line-grid", x1: 0, x2: PLOT.width, y1: level, y2: level }));
  }
  add(svg, draw("path", { class: "line-path", d: pathOf(values, x, y) }));
  const cursor = add(svg, draw("line", { class: "line-cursor", y1: 0, y2: PLOT.height, x1: -9, x2: -9 })).lastChild;
  const plot = make("div", { class: "line-plot", tabindex: 0, role: "slider", "aria-label": title, "aria-valuemin": 1, "aria-valuemax": points.length }, svg);
  const mark = (at, kind) => make("span", { class: "line-mark " + kind, "aria-hidden": "true",
    vars: { "--x": x(at).toFixed(5), "--y": y(values[at] ?? 0).toFixed(5) } });
  const drifted = points.flatMap((point, at) => (point.drift ? [at] : []));
  if (drifted.length <= MARKED) add(plot, drifted.map((at) => mark(at, "is-drift")));
  if (points.length === 1 && !points[0].drift) add(plot, mark(0, ""));
  let here = null;
  let shownAt = points.length - 1;
  function go(at) {
    shownAt = Math.min(Math.max(at, 0), points.length - 1);
    const place = (x(shownAt) * PLOT.width).toFixed(1);
    for (const name of ["x1", "x2"]) cursor.setAttribute(name, place);
    if (here) here.remove();
    here = mark(shownAt, "is-here" + (points[shownAt].drift ? " is-drift" : ""));
    plot.append(here);
    plot.setAttribute("aria-valuenow", String(shownAt + 1));
    plot.setAttribute("aria-valuetext", cleaned(choose(shownAt)));
  }
  const follow = (event) => {
    const box = plot.getBoundingClientRect();
    go(Math.round(((event.clientX - box.left) / box.width) * (points.length - 1)));
  };
  plot.addEventListener("pointermove", follow);
  plot.addEventListener("pointerdown", follow);
  plot.addEventListener("keydown", (event) => {
    const to = { ArrowLeft: shownAt - 1, ArrowRight: shownAt + 1, PageUp: shownAt - 10, PageDown: shownAt + 10, Home: 0, End: points.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    go(to);
  });
  const show = METRICS[metric].show;
  const node = make("div", { class: "line-chart" },
    make("div", { class: "line-scale", "aria-hidden": "true" }, make("span", {}, show(most)), make("span", {}, show(most / 2)), make("span", {}, "0")),
    plot,
    make("div", { class: "line-days", "aria-hidden": "true" }, make("span", {}, RUNS[points[0].run].day), make("span", {}, points.length > 1 ? RUNS[points.at(-1).run].day : "")));
  return { node, go };
}

/** The line; where a value is not known there is a gap. */
function pathOf(values, x, y) {
  let path = "";
  let pen = "M";
  values.forEach((value, at) => {
    if (value === null) {
      pen = "M";
      return;
    }
    path += pen + (x(at) * PLOT.width).toFixed(1) + "," + (y(value) * PLOT.height).toFixed(1);
    pen = "L";
  });
  return path;
}
