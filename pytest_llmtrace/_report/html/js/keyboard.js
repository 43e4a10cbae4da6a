// The keyboard: which keys there are is in `KEYS`, which each page has of its own.

function toggleHelp() {
  const dialog = byId("help");
  if (dialog.open) {
    dialog.close();
    return;
  }
  if (!dialog.childElementCount) {
    const close = make("button", { type: "button", class: "tool", "aria-label": "Close" }, "×");
    close.addEventListener("click", () => dialog.close());
    add(dialog, [
      make("header", {}, make("h2", { id: "help-title" }, "Keyboard"), close),
      make("dl", { class: "keys" }, KEYS.map(([one, other, what]) =>
        make("div", {}, make("dt", {}, make("kbd", {}, one), other ? [" ", make("kbd", {}, other)] : null), make("dd", {}, what)))),
      make("p", { class: "dim" }, "Tab moves through links and charts, Enter opens, Escape leaves a field."),
    ]);
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  }
  dialog.showModal();
}

function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const field = event.target.closest("input, select, textarea");
    if (field) {
      if (event.key === "Escape") field.blur();
      return;
    }
    if (byId("help").open && event.key !== "?") return;
    const known = KEYS.find(([one, other]) => event.key === one || (other && event.key === other));
    if (!known) return;
    event.preventDefault();
    known[3](event.key);
  });
}
