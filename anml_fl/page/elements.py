"""What the page's scripts build with: elements, text and numbers, never markup from data."""

ELEMENTS = r"""
// ── Elements, text and numbers ──────────────────────────────────────────────────────────────

/** Make an element. Text is set as text: what others wrote is never read as markup. */
function el(name, properties = {}, children = []) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** Set a text only where it changed: nothing is laid out, or read aloud, twice. */
function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Spell out what could hide or reorder text, and shorten what is too long. */
function visible(text, limit = 200) {
  const spelled = String(text).slice(0, limit + 1).replace(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu,
    (char) => {
      const code = char.codePointAt(0).toString(16);
      if (code.length > 4) return "\\U" + code.padStart(8, "0");
      return code.length > 2 ? "\\u" + code.padStart(4, "0") : "\\x" + code.padStart(2, "0");
    },
  );
  return spelled.length <= limit ? spelled : spelled.slice(0, limit - 1) + "…";
}

/** The same with spaces that break: `visible` would spell the others out. */
const spaced = (text) => text.replaceAll("\u00a0", " ");

/** The root's style, which follows light, dark and the reader's text size. */
const ROOT = getComputedStyle(document.documentElement);
const has = (x) => typeof x === "number" && Number.isFinite(x);
const fixed = (x, digits = 2) => (has(x) ? x.toFixed(digits).replace("-", "−") : "—");
/** A share in percent; a small one, as among thousands, with two digits that say something. */
const percent = (x) => {
  if (!has(x)) return "—";
  const hundred = 100 * x;
  return `${x > 0 && x < 0.001 ? Number(hundred.toPrecision(2)) : hundred.toFixed(1)}\u00a0%`;
};
const signed = (x) => {
  if (!has(x)) return "—";
  const text = fixed(x, 1);
  if (text === "−0.0") return "0.0";
  return (x > 0 && text !== "0.0" ? "+" : "") + text;
};
// A number's own `toLocaleString` makes such a thing each time: ten times slower.
const GROUPED = new Intl.NumberFormat("en");
const whole = (x) => (has(x) ? GROUPED.format(x) : "—");
const plural = (n, one) => `${whole(n)} ${one}${n === 1 ? "" : "s"}`;
"""
