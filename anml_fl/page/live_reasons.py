"""Why one contributor of one round counted as it did: sentences, parts, alternatives."""

REASONS = r"""
// ── Why a contributor counted as it did in a round ──────────────────────────────────────────

class Reasons {
  constructor(root) {
    this.root = root;
    [this.title, this.told, this.parts, this.otherwise] =
      ["h3", ".told", ".parts", ".otherwise"].map((s) => root.querySelector(s));
    this.asking = new Latest();
  }

  async ask(strategy, round, name) {
    put(this.title, `Why in round ${round}`);
    put(this.told, "Asking …");
    this.parts.replaceChildren();
    this.otherwise.replaceChildren();
    try {
      const found = await this.asking.ask(address.reasons(strategy, round, name));
      if (found) this.set(found);
    } catch (error) {
      const unasked = error.message.endsWith("404");
      put(this.told, unasked ? "It was not asked in this round."
        : `It cannot be read: ${error.message}.`);
    }
  }

  set(found) {
    put(this.told, visible(spaced(found.words), 4000));
    const digits = decimals(found.equal);
    const parts = Object.entries(found.parts ?? {});
    const sum = parts.reduce((before, [, part]) => before + part, 0);
    const most = Math.max(...parts.map(([, part]) => Math.abs(part)), Math.abs(sum), 1e-12);
    this.parts.replaceChildren(...(parts.length ? [smallTable(
      `What took it from an equal share (${percent(found.equal, digits)}),`
        + " in percentage points",
      [...parts, ["all together", sum]].map(
        ([factor, part]) => [factorTitle(factor), bar(part / most), points(part, digits)],
      ),
    )] : []));
    const instead = [
      ...Object.entries(found.without ?? {}).map(
        ([factor, share]) => [`if ${factorTitle(factor)} told nobody apart`, share],
      ),
      ...(has(found.uncut) ? [["if nobody were cut off as too light", found.uncut]] : []),
      ...Object.entries(found.under ?? {}).map(
        ([name, share]) => [`under ${visible(name, 40)}`, share],
      ),
    ];
    this.otherwise.replaceChildren(...(instead.length ? [smallTable(
      `Its weight is ${percent(found.weight, digits)}; it would have been`,
      instead.map(([when, share]) => [when, percent(share, digits)]),
    )] : []));
  }
}

/** What a part of a weight is called where no sentence explains it. */
const factorTitle = (factor) => (
  factor === "worth" ? "worth of v and r" : visible(factor, 40));

/** A few rows that say what they are: the first cell of each is its heading. */
function smallTable(caption, rows) {
  return el("table", {className: "small"}, [
    el("caption", {textContent: caption}),
    el("tbody", {}, rows.map(([first, ...more]) => el("tr", {}, [
      el("th", {scope: "row", textContent: first}),
      ...more.map((one) => el("td", {className: "number"}, [one])),
    ]))),
  ]);
}

/** A bar to the right for what counts for it, to the left for what counts against it. */
function bar(share) {
  const filled = el("span", {className: share < 0 ? "against" : "for"});
  filled.style.width = `${50 * Math.abs(share)}%`;
  return el("div", {className: "diverging", ariaHidden: "true"}, [filled]);
}

/** A part of a share in percentage points, with its sign. */
function points(part, digits) {
  const text = decimal(100 * Math.abs(part), digits);
  if (Number(text) === 0) return text;
  return (part < 0 ? "−" : "+") + text;
}
"""
