// Numbers as people read them; the same rules as in `_report/money.py`.

const UNKNOWN = "?";

function usd(amount) {
  if (amount === null || amount === undefined) return UNKNOWN;
  if (amount < 0) return "-" + usd(-amount);
  if (amount === 0) return "$0";
  if (amount < 1e-9) return "<$0.000000001";
  if (amount >= 1) return "$" + amount.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const [whole, fraction] = amount.toFixed(2 - Math.floor(Math.log10(amount))).split(".");
  return "$" + whole + "." + fraction.replace(/0+$/, "").padEnd(2, "0");
}

function usdOf(row) {
  if (row.cost !== null || !row.priced) return usd(row.cost);
  return UNKNOWN + " (at least " + usd(row.priced) + ")";
}

function count(number) {
  return Math.round(number).toLocaleString("en-US");
}

function shortCount(number) {
  for (const [size, unit] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (number >= size * 0.99995) return (number / size).toFixed(1).replace(/\.0$/, "") + unit;
  }
  return String(Math.round(number));
}

function plural(number, noun) {
  return count(number) + " " + noun + (number === 1 ? "" : "s");
}

function percent(ratio) {
  const value = ratio * 100;
  return (Math.abs(value) >= 10 || value === Math.round(value) ? value.toFixed(0) : value.toFixed(1)) + " %";
}

function seconds(value) {
  if (value < 0.0001) return value ? "<0.1 ms" : "0";
  if (value >= 10) return value.toFixed(1) + " s";
  return value >= 1 ? value.toFixed(2) + " s" : (value * 1000).toFixed(value < 0.01 ? 1 : 0) + " ms";
}

/** A text on one line, cut at its end. */
function brief(text, most) {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > most ? line.slice(0, most - 1) + "…" : line;
}
