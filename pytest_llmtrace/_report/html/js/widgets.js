// Small parts that several views use.

/** Tell assistive technology what has changed. */
function announce(text) {
  byId("announcer").textContent = cleaned(text);
}

function copyButton(text, source) {
  const button = make("button", { type: "button", class: "copy", "aria-label": "Copy the command" }, "Copy");
  button.addEventListener("click", async () => {
    const done = await copied(text);
    if (!done) getSelection().selectAllChildren(source);
    button.textContent = done ? "Copied" : "Press Ctrl+C";
    setTimeout(() => (button.textContent = "Copy"), 1600);
  });
  return button;
}

/** Put a text on the clipboard, where that is allowed. */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

function commandLine(text) {
  const code = make("code", {}, text);
  return make("div", { class: "command" }, code, copyButton(text, code));
}

/** A text that is folded while it is long. */
function longText(text, className, most = 1400) {
  const box = make("div", { class: className, dir: "auto" });
  if (text.length <= most * 1.25) return add(box, text);
  add(box, text.slice(0, most));
  const rest = make(
    "button",
    { type: "button", class: "more" },
    "… " + count(text.length - most) + " more characters",
  );
  rest.addEventListener("click", () => rest.replaceWith(...textNodes(text.slice(most))));
  return add(box, rest);
}

/** One of several choices, as a row of buttons. */
function choice(label, options, current, choose) {
  const group = make("div", { class: "choice", role: "group", "aria-label": label });
  for (const [key, text] of options) {
    const button = make("button", { type: "button", "aria-pressed": String(key === current) }, text);
    button.addEventListener("click", () => {
      for (const other of group.children) other.setAttribute("aria-pressed", String(other === button));
      choose(key);
    });
    group.append(button);
  }
  return group;
}

/** Render items in batches as the reader comes near: `batch(from, to)` makes the nodes. */
function inBatches(container, total, size, batch) {
  let done = 0;
  const sentinel = make("div", { class: "sentinel", "aria-hidden": "true" });
  const more = (until) => {
    while (done < total && done < until) {
      const to = Math.min(done + size, total);
      sentinel.before(...batch(done, to));
      done = to;
    }
    if (done >= total) {
      observer.disconnect();
      sentinel.remove();
    }
  };
  const observer = new IntersectionObserver(
    (entries) => {
      if (entries.some((entry) => entry.isIntersecting)) {
        more(done + size);
        observer.unobserve(sentinel);
        if (done < total) observer.observe(sentinel);
      }
    },
    { rootMargin: "800px" },
  );
  container.append(sentinel);
  more(size);
  if (done < total) observer.observe(sentinel);
  return (until) => more(until);
}
