// Start: build the list, show what the address says, follow it.

let shown;
let shownAt;

function show() {
  if (shownAt === location.hash) return;
  shownAt = location.hash;
  const { test, place } = routeOf(shownAt);
  const main = byId("main");
  if (test !== shown) {
    main.replaceChildren(...(test === null ? overview() : [testView(test)]));
    document.body.classList.toggle("has-test", test !== null);
    if (shown !== undefined) {
      if (!place) main.focus({ preventScroll: true });
      main.scrollTop = 0;
      announce(test === null ? "overview" : TESTS[test].name);
    }
    shown = test;
    if (!place) scrollUp();
  }
  markCurrent();
  if (place) showPlace(place);
}

/** Back to the top of what is shown, if it is above the window. */
function scrollUp() {
  const top = byId("frame").getBoundingClientRect().top;
  if (top < 0) window.scrollBy(0, top);
}

byId("frame").hidden = false;
buildTools();
buildList();
listenToKeys();
window.addEventListener("hashchange", show);
window.addEventListener("beforeprint", () => shown !== null && revealAll());
document.addEventListener("click", (event) => {
  if (event.target.closest(".skip")) {
    event.preventDefault(); // the address says what is shown, and that does not change
    byId("main").focus();
  }
  const link = event.target.closest("a[href^='#/']");
  if (link && link.getAttribute("href") === location.hash) shownAt = undefined; // the same place once more
  if (link && shownAt === undefined) show();
});
show();
