// One finding: what, where, both sides, where else it shows, and what would absorb it.

const SEVERITIES = { fail: "fails", warn: "warning", ignore: "accepted" };

/** The kind of a finding in a word or two. */
function kindName(kind) {
  return kind.replace(/_/g, " ");
}

function kindTag(kind, severity) {
  return make("span", { class: "tag tag-" + severity }, kindName(kind));
}

/** Whether a finding fails its test, as a mark that says so. */
function severityMark(severity) {
  return make("span", { class: "cause-mark tag-" + severity, role: "img", "aria-label": SEVERITIES[severity] });
}

/** The body of a finding: its difference, or what else is known. */
function findingBody(finding) {
  const parts = [];
  if (finding.path) {
    const role = finding.role ? make("span", { class: "dim" }, " · " + finding.role) : null;
    parts.push(make("p", { class: "finding-path" }, make("code", {}, finding.path), role));
  }
  if (finding.golden !== null || finding.observed !== null) {
    const [old, fresh] = [finding.golden, finding.observed].map((number) => (number === null ? null : value(number)));
    parts.push(sideBySide(old, fresh));
  }
  if (finding.more !== null) parts.push(longText(value(finding.more), "pre"));
  if (finding.suggestion) {
    parts.push(make("p", { class: "dim" }, "These rules would absorb it:"), commandLine(finding.suggestion));
  }
  return parts;
}

/** A finding of one test, as an article that can be linked to. */
function findingCard(finding, at, test, sides) {
  return make(
    "article",
    { class: "finding is-" + finding.severity, id: "f" + at, tabindex: "-1" },
    make(
      "header",
      {},
      make("h3", {}, finding.title),
      finding.first ? make("span", { class: "first" }, "first divergence") : null,
      finding.rate ? make("span", { class: "dim" }, finding.rate) : null,
      finding.severity !== "fail" ? make("span", { class: "dim" }, SEVERITIES[finding.severity]) : null,
    ),
    findingBody(finding),
    places(finding, test, sides),
  );
}

/** Links to the turn of a finding, and to those where it shows again. */
function places(finding, test, sides) {
  if (!finding.conversation && !finding.folded) return null;
  const here = placeLink(finding.conversation, finding.turn, finding.kind, test, sides);
  const again = finding.folded_at.map((name) => {
    const cut = name.lastIndexOf(" turn ");
    return placeLink(name.slice(0, cut), Number(name.slice(cut + 6)), "", test, sides);
  });
  const unnamed = finding.folded - again.length;
  return make(
    "footer",
    { class: "places" },
    here ? ["at ", here] : null,
    again.length ? make("span", { class: "folded" }, "shows again at ", again) : null,
    unnamed > 0 ? make("span", { class: "folded" }, (again.length ? "and " : "") + plural(unnamed, "more place")) : null,
  );
}

function placeLink(conversation, turn, kind, test, sides) {
  if (!conversation && !turn) return null;
  const name = [conversation, turn ? "turn " + turn : ""].filter(Boolean).join(" ");
  const side = sides.findIndex((one) => one.labels.includes(conversation));
  const known = side >= 0 && turn > 0 && turn <= Math.max(turnsOf(sides[side].observed), turnsOf(sides[side].golden));
  if (!known) return make("span", { class: "place" }, name);
  return make("a", { class: "place", href: hrefOf(test, "t" + side + "." + tokenOf(sides[side], kind, turn)) }, name);
}

function turnsOf(conversation) {
  return conversation ? conversation.turns.length : 0;
}
