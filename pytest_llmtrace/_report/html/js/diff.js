// Golden and observed, side by side, line by line; changed words are marked within lines that changed.

const CONTEXT = 2;

/** The difference as a table of two columns; on a narrow screen the style lays them one above the other. */
function sideBySide(golden, observed) {
  const table = make("div", { class: "diff", role: "table", "aria-label": "golden and observed, side by side" });
  add(
    table,
    make(
      "div",
      { class: "diff-row diff-head", role: "row" },
      make("span", { class: "diff-old", role: "columnheader" }, "golden"),
      make("span", { class: "diff-new", role: "columnheader" }, "observed"),
    ),
  );
  if (golden === null || observed === null) {
    const rows = (golden ?? observed).split("\n").map((line) => (golden === null ? [null, line] : [line, null]));
    add(table, rows.slice(0, 400).map(([old, fresh]) => diffRow(old, fresh)));
    return table;
  }
  const ended = golden.endsWith("\n") && observed.endsWith("\n") ? -1 : undefined;
  const rows = diffRows(golden.split("\n").slice(0, ended), observed.split("\n").slice(0, ended));
  let at = 0;
  while (at < rows.length) {
    if (rows[at].kind !== "same") {
      add(table, diffRow(rows[at].old, rows[at].fresh));
      at += 1;
      continue;
    }
    let end = at;
    while (end < rows.length && rows[end].kind === "same") end += 1;
    const head = at === 0 ? 0 : CONTEXT;
    const tail = end === rows.length ? 0 : CONTEXT;
    const quiet = rows.slice(at, end);
    if (quiet.length > head + tail + 1) {
      add(table, quiet.slice(0, head).map(sameRow));
      add(table, fold(quiet.slice(head, quiet.length - tail)));
      add(table, quiet.slice(quiet.length - tail).map(sameRow));
    } else {
      add(table, quiet.map(sameRow));
    }
    at = end;
  }
  return table;
}

function diffRows(old, fresh) {
  const rows = [];
  let gone = [];
  let came = [];
  const flush = () => {
    for (let at = 0; at < Math.max(gone.length, came.length); at += 1) {
      rows.push({ kind: "changed", old: gone[at] ?? null, fresh: came[at] ?? null });
    }
    gone = [];
    came = [];
  };
  for (const [kind, one, other] of aligned(old, fresh)) {
    if (kind === "gone") gone.push(old[one]);
    else if (kind === "new") came.push(fresh[other]);
    else {
      flush();
      rows.push({ kind: "same", old: old[one], fresh: fresh[other] });
    }
  }
  flush();
  return rows;
}

function fold(rows) {
  const button = make("button", { type: "button", class: "diff-fold" }, "⋯ " + plural(rows.length, "unchanged line"));
  const row = make("div", { class: "diff-row diff-folded", role: "row" }, make("div", { role: "cell" }, button));
  button.addEventListener("click", () => row.replaceWith(...rows.map(sameRow)));
  return row;
}

function sameRow(row) {
  return make(
    "div",
    { class: "diff-row is-same", role: "row" },
    make("span", { class: "diff-old", role: "cell", dir: "auto" }, row.old || "\u00a0"),
    make("span", { class: "diff-new", role: "cell", dir: "auto" }, row.fresh || "\u00a0"),
  );
}

function diffRow(old, fresh) {
  const [left, right] = old !== null && fresh !== null ? markedWords(old, fresh) : [old, fresh];
  return make(
    "div",
    { class: "diff-row is-changed", role: "row" },
    make("span", { class: "diff-old" + (old === null ? " is-none" : ""), role: "cell", dir: "auto" }, left),
    make("span", { class: "diff-new" + (fresh === null ? " is-none" : ""), role: "cell", dir: "auto" }, right),
  );
}

/** Both lines with the words that differ marked; lines with little in common are marked by their colour alone. */
function markedWords(old, fresh) {
  if (old.length + fresh.length > 8000) return [old, fresh];
  const words = [old, fresh].map((line) => line.match(/[\p{L}\p{N}_]+|\s+|[^]/gu) || []);
  const steps = aligned(...words);
  const same = steps.filter(([kind, at]) => kind === "same" && words[0][at].trim()).length;
  const most = Math.max(...words.map((line) => line.filter((word) => word.trim()).length), 1);
  if (same / most < 0.25) return [old, fresh];
  return [runs(steps, words[0], 1, "gone", "del"), runs(steps, words[1], 2, "new", "ins")];
}

function runs(steps, words, side, kind, tag) {
  const nodes = [];
  let run = "";
  let marked = false;
  const flush = () => {
    if (run) nodes.push(marked ? make(tag, {}, run) : run);
    run = "";
  };
  for (const step of steps) {
    if (step[0] !== "same" && step[0] !== kind) continue;
    if ((step[0] === kind) !== marked) flush();
    marked = step[0] === kind;
    run += words[step[side]];
  }
  flush();
  return nodes;
}
