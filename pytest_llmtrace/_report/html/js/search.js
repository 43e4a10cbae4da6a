// Search in what was said: which tests have a message, a tool call or a result with a text in it.

let lowered;
let spoken;

/** Every value of the run as text in lower case, made when it is first needed. */
function loweredValues() {
  lowered ??= RUN.pages.flatMap((first) => {
    value(first);
    return pages.get(first).map((one) => JSON.stringify(one).toLowerCase());
  });
  return lowered;
}

/** The numbers of all values that a test holds. */
function spokenIn(at) {
  spoken ??= new Map();
  if (!spoken.has(at)) {
    const numbers = new Set();
    for (const trace of parsed("test-" + at).traces) {
      for (const side of [trace, trace.golden]) {
        if (side) for (const conversation of side.conversations) for (const turn of conversation.turns) {
          for (const number of turn.brought) numbers.add(number);
          if (turn.output !== null) numbers.add(turn.output);
        }
      }
      for (const entry of trace.entries) {
        for (const name of ["arguments", "result", "data"]) if (entry[name] !== undefined) numbers.add(entry[name]);
      }
    }
    spoken.set(at, numbers);
  }
  return spoken.get(at);
}

/** A check whether a test says a word somewhere. */
function saying(word) {
  const quoted = JSON.stringify(word).slice(1, -1);
  const hits = new Set();
  loweredValues().forEach((text, number) => text.includes(quoted) && hits.add(number));
  return (at) => {
    const numbers = spokenIn(at);
    const [few, many] = hits.size < numbers.size ? [hits, numbers] : [numbers, hits];
    for (const number of few) if (many.has(number)) return true;
    return false;
  };
}
