// Two sequences against each other: the shortest edit, found in O((N+M)D) after the common ends are taken off.

const MOST_EDITS = 600;

/** Steps `[kind, old index, new index]` with kind "same", "gone" or "new". */
function aligned(old, fresh) {
  let start = 0;
  while (start < old.length && start < fresh.length && old[start] === fresh[start]) start += 1;
  let end = 0;
  while (end < old.length - start && end < fresh.length - start && old.at(-1 - end) === fresh.at(-1 - end)) end += 1;
  const steps = [];
  for (let at = 0; at < start; at += 1) steps.push(["same", at, at]);
  for (const [kind, one, other] of middle(old.slice(start, old.length - end), fresh.slice(start, fresh.length - end))) {
    steps.push([kind, one + start, other + start]);
  }
  for (let at = end; at > 0; at -= 1) steps.push(["same", old.length - at, fresh.length - at]);
  return steps;
}

/** Myers' greedy algorithm; where the texts have little in common, all of the old and then all of the new. */
function middle(old, fresh) {
  const most = Math.min(old.length + fresh.length, MOST_EDITS);
  let frontier = new Map([[1, 0]]);
  const trail = [];
  for (let edits = 0; edits <= most; edits += 1) {
    trail.push(new Map(frontier));
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const down =
        diagonal === -edits || (diagonal !== edits && (frontier.get(diagonal - 1) ?? -1) < (frontier.get(diagonal + 1) ?? -1));
      let one = down ? frontier.get(diagonal + 1) ?? 0 : (frontier.get(diagonal - 1) ?? 0) + 1;
      while (one < old.length && one - diagonal < fresh.length && old[one] === fresh[one - diagonal]) one += 1;
      frontier.set(diagonal, one);
      if (one >= old.length && one - diagonal >= fresh.length) return walkedBack(trail, old.length, fresh.length);
    }
  }
  return [...old.map((_, at) => ["gone", at, 0]), ...fresh.map((_, at) => ["new", old.length, at])];
}

function walkedBack(trail, oldLength, freshLength) {
  const steps = [];
  let one = oldLength;
  let other = freshLength;
  for (let edits = trail.length - 1; edits > 0; edits -= 1) {
    const frontier = trail[edits];
    const diagonal = one - other;
    const down =
      diagonal === -edits || (diagonal !== edits && (frontier.get(diagonal - 1) ?? -1) < (frontier.get(diagonal + 1) ?? -1));
    const before = down ? diagonal + 1 : diagonal - 1;
    const from = frontier.get(before) ?? 0;
    while (one > from + (down ? 0 : 1) && other > from - before + (down ? 1 : 0)) {
      one -= 1;
      other -= 1;
      steps.push(["same", one, other]);
    }
    if (down) {
      other -= 1;
      steps.push(["new", one, other]);
    } else {
      one -= 1;
      steps.push(["gone", one, other]);
    }
  }
  while (one > 0 && other > 0) {
    one -= 1;
    other -= 1;
    steps.push(["same", one, other]);
  }
  return steps.reverse();
}
