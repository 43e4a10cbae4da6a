// Light or dark: as the system has it, until the reader chooses.

function buildTools() {
  const theme = make("button", { type: "button", class: "tool", id: "theme", "aria-label": "Switch between light and dark", title: "Light or dark (d)" },
    draw("svg", { viewBox: "0 0 20 20", width: 18, height: 18, "aria-hidden": "true" },
      draw("circle", { cx: 10, cy: 10, r: 7, fill: "none", stroke: "currentColor", "stroke-width": 1.5 }),
      draw("path", { d: "M10 3a7 7 0 0 1 0 14z", fill: "currentColor" })));
  theme.addEventListener("click", switchTheme);
  const help = make("button", { type: "button", class: "tool", "aria-label": "Keyboard shortcuts", title: "Keyboard shortcuts (?)" }, "?");
  help.addEventListener("click", toggleHelp);
  add(byId("tools"), [theme, help]);
  const kept = remembered("llmtrace-theme");
  if (kept === "light" || kept === "dark") document.documentElement.dataset.theme = kept;
}

function switchTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  remember("llmtrace-theme", root.dataset.theme);
  announce((dark ? "light" : "dark") + " colours");
}

function remembered(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null; // a page from disk may have no storage
  }
}

function remember(name, text) {
  try {
    localStorage.setItem(name, text);
  } catch {
    // then it holds until the page is closed
  }
}
