// Where the reader is, kept in the address: `#/` the overview, `#/12` a test, `#/12/f0` a finding, `#/12/t1.3` a turn.

function routeOf(hash) {
  const [, test, place] = /^#\/(\d+)?(?:\/([\w.-]+))?$/.exec(hash) || [];
  const number = test === undefined ? null : Number(test);
  return number !== null && number < TESTS.length ? { test: number, place: place || null } : { test: null, place: null };
}

function hrefOf(test, place) {
  return "#/" + (test === null ? "" : test) + (place ? "/" + place : "");
}

/** Go there at once; the event that follows finds it done. */
function go(test, place) {
  location.hash = hrefOf(test, place);
  show();
}
