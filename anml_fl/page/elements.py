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
/** Write a number with so many decimals, of a tie the even digit: as the server writes it. */
function decimal(x, digits) {
  const text = x.toFixed(digits);
  // Only a number whose double is odd can lie just between two that may be written.
  const twice = 2 * 10 ** digits * Math.abs(x);
  if (twice % 2 !== 1 || twice >= 2 ** 53) return text;
  const [, rest] = Math.abs(x).toFixed(digits + 40).split(".");
  if (!/^50*$/.test(rest.slice(digits))) return text;
  const even = 2 * Math.round(twice / 4);
  return (x < 0 ? "-" : "") + (even / 10 ** digits).toFixed(digits);
}

const fixed = (x, digits = 2) => (has(x) ? decimal(x, digits).replace("-", "−") : "—");
/** With how many decimals percentages tell contributors apart, by an equal share. */
const decimals = (equal) => (equal > 0 && equal <= 1
  ? Math.min(6, Math.max(1, 1 - Math.floor(Math.log10(100 * equal) + 1e-9))) : 1);
/** A share in percent; among thousands with as many decimals as say something. */
const percent = (x, digits = 1) => (has(x) ? `${decimal(100 * x, digits)}\u00a0%` : "—");
/** A score that is no share, in three or four digits. */
function score(x) {
  const size = Math.abs(x);
  if (size >= 1000) return GROUPED.format(Number(decimal(x, 0)));
  if (x === 0 || size >= 0.1) return decimal(x, 3);
  const power = Number(size.toExponential().split("e")[1]);
  const text = decimal(x, 1 - power).replace(/0+$/, "");
  if (Math.abs(Number(text)) >= 1e-4) return text;
  const [digits, ten] = Number(text).toExponential().split("e-");
  return `${digits}e-${ten.padStart(2, "0")}`;
}
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
