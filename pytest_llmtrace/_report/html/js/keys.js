// The keyboard.

const KEYS = [
  ["j", "k", "next, previous test", (key) => stepTest(key === "j" ? 1 : -1)],
  ["n", "p", "next, previous turn", (key) => stepTo(".turn", key === "n" ? 1 : -1)],
  ["f", "F", "next, previous finding", (key) => stepTo(".finding, .cause > summary", key === "f" ? 1 : -1)],
  ["/", "", "filter tests", () => byId("search").select()],
  ["o", "", "overview", () => go(null)],
  ["d", "", "light or dark", () => switchTheme()],
  ["?", "", "this help", () => toggleHelp()],
];

function stepTest(by) {
  const at = shownTests.indexOf(routeOf(location.hash).test);
  const next = at < 0 ? (by > 0 ? 0 : shownTests.length - 1) : at + by;
  if (next >= 0 && next < shownTests.length) go(shownTests[next]);
}

/** The next of the elements below the top of the window, or before it. */
function stepTo(selector, by) {
  const all = [...byId("main").querySelectorAll(selector)];
  const current = all.indexOf(document.activeElement);
  const next = current >= 0 ? all[current + by] : by > 0 ? all.find((one) => one.getBoundingClientRect().top > 8) || all[0] : all.at(-1);
  if (!next) return;
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "start" });
}

function toggleHelp() {
  const dialog = byId("help");
  if (dialog.open) {
    dialog.close();
    return;
  }
  if (!dialog.childElementCount) {
    const close = make("button", { type: "button", class: "tool", "aria-label": "Close" }, "×");
    close.addEventListener("click", () => dialog.close());
    add(dialog, [
      make("header", {}, make("h2", { id: "help-title" }, "Keyboard"), close),
      make("dl", { class: "keys" }, KEYS.map(([one, other, what]) =>
        make("div", {}, make("dt", {}, make("kbd", {}, one), other ? [" ", make("kbd", {}, other)] : null), make("dd", {}, what)))),
      make("p", { class: "dim" }, "Tab moves through links and blocks of the timeline, Enter opens, Escape leaves a field."),
    ]);
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  }
  dialog.showModal();
}

function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const field = event.target.closest("input, select, textarea");
    if (field) {
      if (event.key === "Escape") field.blur();
      return;
    }
    if (byId("help").open && event.key !== "?") return;
    const known = KEYS.find(([one, other]) => event.key === one || (other && event.key === other));
    if (!known) return;
    event.preventDefault();
    known[3](event.key);
  });
}
