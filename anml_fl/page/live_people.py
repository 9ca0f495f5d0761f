"""The live page's table of contributors: who, what came, what it weighs, and why."""

PEOPLE = r"""
// ── The contributors of a round ─────────────────────────────────────────────────────────────

class People {
  constructor(root, {onOpen}) {
    Object.assign(this, {onOpen, lines: new Map(), thinned: [], asking: new Latest()});
    root.classList.add("stacks");
    this.table = new DataTable(root, {
      label: "Contributors", noun: "contributors", columns: [],
      sort: {title: "Weight", up: false}, key: (i) => this.round.contributors[i],
    });
    this.table.onDraw = (places) => {
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => this.fetchLines(places), 120);
    };
  }

  /** Show a round; `rounds`: those that there are; `attackers`: set of names, or null;
   * `registry`: whether one was asked for v and r; `own`: {title, written} of own errors;
   * `digits`: decimals of shares. */
  set(strategy, round, rounds, {attackers, registry, own, digits}) {
    const other = this.strategy !== strategy;
    if (other || this.rounds?.at(-1) !== rounds.at(-1)) this.lines.clear();
    Object.assign(this, {strategy, round, rounds, attackers, registry, own, digits});
    this.share = (x) => percent(x, digits);
    this.most = round.weight.reduce((most, x) => Math.max(most, x ?? 0), 1e-12);
    this.table.setColumns(this.columns());
    this.table.show(round.contributors.length);
  }

  /** Show the reasons, which came after the numbers. */
  tell() {
    this.table.show(this.round.contributors.length);
  }

  columns() {
    const {round} = this;
    const of = (key, written) => ({
      number: true, value: (i) => round[key][i], text: (i) => written(round[key][i]),
    });
    const short = (x) => fixed(x, 3);
    const kinds = Object.keys(round.evidence ?? {});
    const refused = (i) => round.refused_credentials?.[i] ?? [];
    return [
      {title: "Contributor", text: (i) => round.contributors[i],
        fill: (cell, i) => this.name(cell, i)},
      {title: "Reply", text: (i) => (round.reason[i] === null ? "● " : "○ ")
        + visible(round.reply[i], 40)},
      {title: "Weight", ...of("weight", this.share), fill: (cell, i) => gauge(
        cell, round.weight[i], this.most, this.share(round.weight[i]),
      )},
      {title: "Over the rounds", unsought: true, text: () => "",
        value: (i) => round.weight[i], fill: (cell, i) => this.line(cell, i)},
      {title: "Selected", text: (i) => (round.selected[i] ? "yes" : "no")},
      {title: "Why", className: "words why", text: (i) => this.why(i)},
      {title: "q", ...of("q", short)},
      ...(this.registry ? ["s", "v", "r"] : []).map((key) => (
        {title: key, ...of(key, short)})),
      {title: "T", ...of("T", short)},
      ...(round.own_error ? [{title: this.own.title, number: true,
        value: (i) => round.own_error[i], text: (i) => this.own.written(round.own_error[i])}]
        : []),
      ...(round.posterior ? [{title: "Posterior", ...of("posterior", percent)}] : []),
      ...(kinds.length ? [{title: "Evidence (nats)", className: "words", text: (i) => kinds
        .filter((kind) => has(round.evidence[kind][i]))
        .map((kind) => `${visible(kind, 40)} ${signed(round.evidence[kind][i])}`)
        .join(", ") || "—"}] : []),
      ...(round.bound ? [{title: "Part at most", number: true, value: (i) => round.bound[i],
        text: (i) => fixed(this.inMiddles(round.bound[i]))}] : []),
      ...(round.refused_credentials?.some((one) => one.length) ? [{
        title: "Refused credentials", className: "words",
        // The same reason for each of several is told once.
        text: (i) => visible([...new Set(refused(i))].join("; ") || "—", 300),
      }] : []),
      ...(round.paid ? [{title: "Earned so far (micro-units)", ...of("paid", whole)}] : []),
    ];
  }

  why(i) {
    return visible(this.round.reasons?.why[i] ?? "…", 500);
  }

  /** A length as a multiple of that of the round's middle update. */
  inMiddles(length) {
    const {middle_length: middle} = this.round;
    return has(length) && has(middle) ? length / middle : null;
  }

  name(cell, i) {
    let button = cell.firstChild;
    if (!button) {
      button = el("button", {type: "button", className: "who"});
      button.addEventListener("click", () => this.onOpen(button.name_));
      // On a narrow page the reason stands here, and its column is out of sight.
      cell.append(button, el("div", {className: "because"}));
    }
    put(cell.lastChild, this.why(i));
    const name = this.round.contributors[i];
    button.name_ = name;
    put(button, (this.attackers?.has(name) ? "◆ " : "") + visible(name, 60));
  }

  line(cell, i) {
    let canvas = cell.firstChild;
    if (!canvas) {
      canvas = el("canvas", {className: "spark"});
      canvas.setAttribute("role", "img");
      cell.append(canvas);
    }
    const weights = this.lines.get(this.round.contributors[i]);
    const known = weights?.filter(has) ?? [];
    const [least, most] = [Math.min(...known), Math.max(...known, 1e-12)];
    canvas.setAttribute("aria-label", known.length
      ? `between ${this.share(least)} and ${this.share(most)}` : "no weights");
    sparkline(canvas, weights, this.thinned.indexOf(this.round.round), most);
  }

  /** Ask for the weights over the rounds of the rows in view that have none yet. */
  async fetchLines(places) {
    const {round, strategy} = this;
    const names = [];
    let length = 0;  // of an address that servers take
    for (const name of places.map((i) => round.contributors[i])) {
      if (this.lines.has(name)) continue;
      length += part(name).length + 5;
      if (names.length === 80 || length > 8000) break;
      names.push(name);
    }
    if (!names.length) return;
    try {
      const found = await this.asking.ask(address.weights(strategy, names));
      if (!found || strategy !== this.strategy) return;
      this.thinned = found.rounds;
      for (const one of found.who) this.lines.set(one.contributor, one.weights);
      for (const name of names) if (!this.lines.has(name)) this.lines.set(name, []);
      this.table.fresh = true;
      this.table.draw();
    } catch {
      // The numbers of the round stand there; the lines come with the next one.
    }
  }
}

/** A share as a bar and a number: the bar is for the eye, the number says it. */
function gauge(cell, value, most, text) {
  if (!cell.firstChild) {
    const bar = el("span", {className: "gauge", ariaHidden: "true"}, [el("span")]);
    cell.append(el("div", {className: "share"}, [bar, el("span")]));
  }
  const [bar, words] = cell.firstChild.children;
  bar.firstChild.style.width = `${(100 * Math.max(0, value ?? 0)) / most}%`;
  put(words, text);
}
"""
