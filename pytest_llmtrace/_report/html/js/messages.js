// Messages and tool calls.

const KNOWN_FIELDS = new Set(["role", "content", "name", "tool_calls", "tool_call_id", "refusal", "reasoning", "reasoning_content"]);

/** A message: who speaks, and what it says. `tools` maps ids of tool calls to the names of the tools. */
function messageNode(message, tools, className = "") {
  const role = message.role || "?";
  const named = role === "tool" ? tools.get(message.tool_call_id) || message.name || message.tool_call_id : message.name;
  return make(
    "div",
    { class: "message role-" + (ROLES.has(role) ? role : "other") + " " + className },
    make("div", { class: "who" }, role, named ? make("small", {}, named) : null),
    make("div", { class: "said" }, messageBody(message)),
  );
}

const ROLES = new Set(["system", "developer", "user", "assistant", "tool", "function"]);

function messageBody(message) {
  const parts = [];
  const thought = message.reasoning ?? message.reasoning_content;
  if (thought) parts.push(folded("reasoning", () => longText(asText(thought), "text")));
  if (typeof message.content === "string") parts.push(textOf(message.content, message.role === "tool"));
  else if (Array.isArray(message.content)) parts.push(...message.content.map(partNode));
  else if (message.content !== null && message.content !== undefined) parts.push(textOf(asText(message.content), true));
  if (message.refusal) parts.push(make("p", { class: "refusal" }, "refused: " + message.refusal));
  for (const call of message.tool_calls || []) {
    const made = call.function || call;
    parts.push(toolCall(made.name, made.arguments));
  }
  const others = Object.entries(message).filter(([name, given]) => !KNOWN_FIELDS.has(name) && given !== null);
  if (others.length) parts.push(folded(others.map(([name]) => name).join(", "), () => dataText(Object.fromEntries(others))));
  return parts.length ? parts : make("span", { class: "dim" }, "(empty)");
}

function partNode(part) {
  if (part && typeof part.text === "string") return textOf(part.text, false);
  const kind = (part && (part.media_type || part.type)) || "part";
  return make("div", { class: "part" }, make("span", { class: "part-kind" }, kind), dataText(part));
}

/** A text; JSON is laid out where it is data by nature (what a tool returned). */
function textOf(text, data) {
  const laid = data ? laidOut(text) : null;
  return laid === null ? longText(text, "text") : longText(laid, "text mono");
}

function toolCall(name, given) {
  const data = typeof given === "string" ? json(given) : given;
  const box = make("div", { class: "tool-call" }, make("span", { class: "tool-name" }, name || "?"));
  if (data && typeof data === "object" && !Array.isArray(data)) {
    const list = make("dl", {});
    for (const [key, one] of Object.entries(data)) {
      add(list, [make("dt", {}, key), make("dd", {}, longText(typeof one === "string" ? one : asText(one), "value", 600))]);
    }
    if (Object.keys(data).length) add(box, list);
    else add(box, make("span", { class: "dim" }, "()"));
  } else {
    add(box, longText(given === undefined || given === null ? "()" : asText(given), "value", 600));
  }
  return box;
}

/** Something that is made when it is opened. */
function folded(title, content) {
  const details = make("details", { class: "folded-part" }, make("summary", {}, title));
  details.addEventListener("toggle", () => details.childElementCount === 1 && add(details, content()), { once: true });
  return details;
}

function dataText(data) {
  return longText(JSON.stringify(data, null, 2) ?? String(data), "text mono");
}

function asText(data) {
  return typeof data === "string" ? data : JSON.stringify(data);
}

function laidOut(text) {
  const data = json(text);
  return data !== null && typeof data === "object" ? JSON.stringify(data, null, text.length > 90 ? 2 : 0) : null;
}

function json(text) {
  const first = text.trimStart()[0];
  if (first !== "{" && first !== "[") return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
