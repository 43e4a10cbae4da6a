// Start: build the list, show what the address says, follow it.

const KEYS = [
  ["j", "k", "next, previous test", (key) => stepTest(key === "j" ? 1 : -1)],
  ["c", "", "the chart: ← and → go along it", () => document.querySelector(".line-plot")?.focus()],
  ["/", "", "filter tests", () => byId("search").select()],
  ["o", "", "all tests", () => go(null)],
  ["d", "", "light or dark", () => switchTheme()],
  ["?", "", "this help", () => toggleHelp()],
];

let shown;

function stepTest(by) {
  const at = shownTests.indexOf(routeOf(location.hash).test);
  const next = at < 0 ? (by > 0 ? 0 : shownTests.length - 1) : at + by;
  if (next >= 0 && next < shownTests.length) go(shownTests[next]);
}

function show() {
  const { test } = routeOf(location.hash);
  if (test !== shown) {
    const first = shown === undefined;
    shown = test;
    const main = byId("main");
    main.replaceChildren(RUNS.length ? historyView(test) : make("p", { class: "calm" }, "There are no such runs."));
    if (!first) {
      main.focus({ preventScroll: true });
      announce(titleOf(test));
      const top = byId("frame").getBoundingClientRect().top;
      if (top < 0) window.scrollBy(0, top);
    }
  }
  markCurrent();
}

byId("frame").hidden = false;
buildTools();
buildList();
listenToKeys();
window.addEventListener("hashchange", show);
document.addEventListener("click", (event) => {
  if (!event.target.closest(".skip")) return;
  event.preventDefault(); // the address says what is shown, and that does not change
  byId("main").focus();
});
show();
