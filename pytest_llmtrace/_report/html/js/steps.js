// Where everything of a trace stands on its timeline: lanes for conversations, steps in order or moments in time.

/** `{lanes, items, beside, fans, width}`: items are calls, made or only recorded, with lane, from and to, in steps or seconds. */
function timelineOf(trace, sides, clock) {
  const items = [];
  sides.forEach((side, lane) => {
    for (const one of turnList(trace, side, "made")) items.push({ ...one, lane, side });
  });
  const [made, ghosts] = [false, true].map((ghost) =>
    items.filter((item) => item.ghost === ghost).sort((one, other) => one.turn.entry - other.turn.entry));
  if (clock) placeByClock(made);
  else placeBySteps(ghosts, placeBySteps(made, 0));
  const shown = clock ? made : [...made, ...ghosts];
  return {
    lanes: sides.map((side) => side.label || "conversation"),
    items: shown,
    beside: made.flatMap((item) => besideOf(trace, item, clock)),
    fans: [...fansOf(made), ...(clock ? [] : fansOf(ghosts))],
    width: Math.max(...shown.map((item) => item.to), clock ? 1e-6 : 1),
  };
}

/** Tools that ran and events that came after a call: at their moment, or under the call in the order in which they came. */
function besideOf(trace, item, clock) {
  const start = (item.call.started || 0) - item.from;
  return item.turn.then.map((place, at) => {
    const entry = trace.entries[place];
    const from = clock ? (entry.started || 0) - start : item.from;
    return { entry, item, at, from, to: from + (clock ? entry.duration || 0 : 0) };
  });
}

function placeByClock(made) {
  const start = Math.min(...made.map((item) => item.call.started || 0));
  for (const item of made) {
    item.from = (item.call.started || 0) - start;
    item.to = item.from + (item.call.duration || 0);
  }
}

/** One step per call; members of a fan-out start in the same step, and each goes on in its own lane. Returns the next step. */
function placeBySteps(calls, first) {
  let next = first;
  const starts = new Map();
  const own = new Map();
  for (const item of calls) {
    const fan = item.call.fanout;
    if (!fan) {
      item.from = next;
    } else {
      if (!starts.has(fan)) starts.set(fan, next);
      const key = fan + "/" + item.lane;
      own.set(key, (own.get(key) ?? -1) + 1);
      item.from = starts.get(fan) + own.get(key);
    }
    item.to = item.from + 1;
    next = Math.max(next, item.to);
  }
  return next;
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
