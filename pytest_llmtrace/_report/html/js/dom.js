// Elements are made here and nowhere else: text becomes text nodes, never markup.

/** Control, invisible and direction characters: what could hide in a text, or act on it (compare `_report/clean.py`). */
const HIDDEN = new RegExp(
  "[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b\\u200e\\u200f\\u2028\\u2029\\u202a-\\u202e" +
    "\\u2060-\\u206f\\u3164\\ufeff\\uffa0\\ufff9-\\ufffb\\ud800-\\udfff\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e0fff}]" +
    "|(?<=[\\ufe00-\\ufe0f])[\\ufe00-\\ufe0f]",
  "gu",
);

/** The name of a hidden character, as Python spells it. */
function spelledOut(character) {
  const code = character.codePointAt(0);
  if (code === 13) return "\\r";
  if (code <= 0xff) return "\\x" + code.toString(16).padStart(2, "0");
  return code <= 0xffff ? "\\u" + code.toString(16).padStart(4, "0") : "\\U" + code.toString(16).padStart(8, "0");
}

/** A text with its hidden characters spelled out, as plain text: for labels and attributes. */
function cleaned(text) {
  return String(text).replace(HIDDEN, spelledOut);
}

/** A text as nodes: hidden characters spelled out and marked. */
function textNodes(text) {
  const nodes = [];
  let done = 0;
  for (const match of String(text).matchAll(HIDDEN)) {
    if (match.index > done) nodes.push(document.createTextNode(text.slice(done, match.index)));
    const mark = document.createElement("span");
    mark.className = "hidden-character";
    mark.textContent = spelledOut(match[0]);
    nodes.push(mark);
    done = match.index + match[0].length;
  }
  if (done < String(text).length) nodes.push(document.createTextNode(String(text).slice(done)));
  return nodes;
}

const SVG = "http://www.w3.org/2000/svg";

function fill(element, options, children) {
  for (const [name, value] of Object.entries(options || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, handler] of Object.entries(value)) element.addEventListener(event, handler);
    else if (name === "vars") for (const [key, set] of Object.entries(value)) element.style.setProperty(key, set);
    else element.setAttribute(name, value === true ? "" : cleaned(value));
  }
  add(element, children);
  return element;
}

/** Append children: nodes, texts, arrays of them; empty ones are left out. */
function add(element, children) {
  for (const child of [children].flat(Infinity)) {
    if (child === null || child === undefined || child === false || child === "") continue;
    if (child instanceof Node) element.append(child);
    else element.append(...textNodes(String(child)));
  }
  return element;
}

/** An HTML element: `make("p", {class: "note", on: {click}}, "text", node)`. */
function make(tag, options, ...children) {
  return fill(document.createElement(tag), options, children);
}

/** An SVG element. */
function draw(tag, options, ...children) {
  return fill(document.createElementNS(SVG, tag), options, children);
}

/** A name that may be broken after its underscores, brackets and dots. */
function nameNodes(name) {
  return name.split(/(?<=[_[./:-])/).flatMap((part, at) => (at ? [document.createElement("wbr"), part] : [part]));
}

function byId(id) {
  return document.getElementById(id);
}
