// Where everything of a trace stands on its timeline: lanes for conversations, steps in order or moments in time.

/** `{lanes, items, width}`: items are calls (made or only recorded) with lane, from and to, in steps or in seconds. */
function timelineOf(trace, sides, clock) {
  const lanes = sides.map((side, at) => ({ side, at, name: side.label || "conversation" }));
  const items = [];
  sides.forEach((side, lane) => {
    for (const one of turnList(trace, side, "made")) {
      items.push({ ...one, lane, laneName: side.label, labels: side.labels, entry: one.ghost ? null : one.turn.entry });
    }
  });
  const made = items.filter((item) => !item.ghost).sort((one, other) => one.entry - other.entry);
  if (clock) placeByClock(made);
  else placeBySteps(made);
  let end = Math.max(0, ...made.map((item) => item.to));
  if (!clock) {
    for (const item of items.filter((one) => one.ghost)) {
      item.from = end;
      item.to = end += 1;
    }
  }
  const shown = clock ? made : items;
  return { lanes, items: shown, width: Math.max(end, clock ? 1e-6 : 1), fans: fansOf(made) };
}

function placeByClock(made) {
  const start = Math.min(...made.map((item) => item.call.started || 0));
  for (const item of made) {
    item.from = (item.call.started || 0) - start;
    item.to = item.from + (item.call.duration || 0);
  }
}

/** One step per call; members of a fan-out start in the same step, and each goes on in its own lane. */
function placeBySteps(made) {
  let next = 0;
  const starts = new Map();
  const own = new Map();
  for (const item of made) {
    const fan = item.call.fanout;
    if (!fan) {
      item.from = next;
    } else {
      if (!starts.has(fan)) starts.set(fan, next);
      const key = fan + "/" + item.lane;
      const turn = own.get(key) || 0;
      own.set(key, turn + 1);
      item.from = starts.get(fan) + turn;
    }
    item.to = item.from + 1;
    next = Math.max(next, item.to);
  }
}

/** The fan-outs: the last call of each member, and the call that their answers went into. */
function fansOf(made) {
  const fans = new Map();
  const fan = (number) => {
    if (!fans.has(number)) fans.set(number, { members: new Map(), first: new Map(), aggregator: null });
    return fans.get(number);
  };
  for (const item of made) {
    if (item.call.fanout) {
      const one = fan(item.call.fanout);
      if (!one.first.has(item.lane)) one.first.set(item.lane, item);
      one.members.set(item.lane, item);
    }
    if (item.call.aggregates) fan(item.call.aggregates).aggregator = item;
  }
  return [...fans.entries()].map(([number, one]) => ({
    number,
    members: [...one.members.values()],
    first: [...one.first.values()],
    aggregator: one.aggregator,
  }));
}

/** Names of the tools that an answer asked for. */
function toolsAskedFor(item) {
  const answer = item.turn.output === null ? null : value(item.turn.output);
  return answer ? (answer.tool_calls || []).map((call) => (call.function || call).name || "?") : [];
}
