// What keys do in the report of a run.

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
