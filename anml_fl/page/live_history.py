"""The live page's history of one contributor: what each round made of it, and why."""

HISTORY = r"""
// ── One contributor over the rounds ─────────────────────────────────────────────────────────

class History {
  constructor(dialog, {onRound}) {
    this.dialog = dialog;
    [this.title, this.facts] = [".name", ".facts"].map((s) => dialog.querySelector(s));
    this.asking = new Latest();
    this.reasons = new Reasons(dialog.querySelector(".why"));
    this.parts = [".curve", ".table"].map((s) => dialog.querySelector(s));
    this.curves = new Curves(this.parts[0], {
      label: "By round",
      onRound: (round) => { dialog.close(); onRound(round); },
    });
    this.table = new DataTable(this.parts[1], {
      label: "Rounds of this contributor", noun: "rounds", columns: this.columns(),
      sort: {title: "Round", up: false},
    });
    dialog.querySelector("button.close").addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close();  // the ground around it
    });
  }

  /** Open it; `round`: the one that is shown, of which all reasons are told; `registry`:
   * whether one was asked for v and r; `digits`: decimals of shares. */
  async open(strategy, name, {round, registry, digits}) {
    Object.assign(this, {registry, digits});
    this.reasons.ask(strategy, round, name);
    put(this.title, visible(name, 80));
    put(this.facts, "Asking for its rounds …");
    // What stands there is another's.
    for (const one of this.parts) one.hidden = true;
    if (!this.dialog.open) this.dialog.showModal();
    try {
      const found = await this.asking.ask(address.history(strategy, name));
      if (found) this.set(strategy, found);
    } catch (error) {
      put(this.facts, `Its rounds cannot be read: ${error.message}.`);
    }
  }

  set(strategy, found) {
    Object.assign(this, {strategy, found});
    const n = found.rounds.length;
    const replied = found.reply.filter((one) => one === "valid").length;
    const selected = found.selected.filter(Boolean).length;
    const earned = found.paid?.reduce((sum, x) => sum + (x ?? 0), 0);
    put(this.facts, `Under ${visible(strategy, 40)}, in ${plural(found.present, "round")}`
      + `${n < found.present ? `, of which ${n} are shown` : ""}`
      + `: a valid reply in ${replied}, selected in ${selected}`
      + `${found.last_seen ? `, the last reply in round ${found.last_seen}` : ""}`
      + `${has(earned) ? `; earned in all: ${whole(earned)} micro-units` : ""}.`);
    // What decides beside the number of examples, from 0 to 1: the posterior, or else q.
    const [beside, values] = found.posterior ? ["posterior", found.posterior] : ["q", found.q];
    const series = [["weight", found.weight], [beside, values]].map(([name, ys], k) => (
      {name, xs: found.rounds, ys, style: SERIES[k]}));
    for (const one of this.parts) one.hidden = false;
    this.curves.label = `Weight and ${beside} by round`;
    this.curves.set(series, {
      title: "From 0 to 1", written: (x) => fixed(x, 3),
    });
    this.table.setColumns(this.columns());
    this.table.show(n);
  }

  columns() {
    const of = (key, written) => ({
      number: true, value: (i) => this.found[key][i], text: (i) => written(this.found[key][i]),
    });
    const there = (key) => Boolean(this.found?.[key]);
    return [
      {title: "Round", ...of("rounds", String), fill: (cell, i) => this.round(cell, i)},
      {title: "Weight", ...of("weight", (x) => percent(x, this.digits))},
      {title: "q", ...of("q", (x) => fixed(x, 3))},
      ...(this.registry ? [{title: "s", ...of("s", (x) => fixed(x, 3))}] : []),
      ...(there("posterior")
        ? [{title: "Posterior", ...of("posterior", (x) => percent(x))}] : []),
      ...(there("paid") ? [{title: "Payout (micro-units)", ...of("paid", whole)}] : []),
      {title: "Selected", text: (i) => (this.found.selected[i] ? "yes" : "no")},
      {title: "Why", className: "words", text: (i) => visible(
        this.found.why[i] ?? this.found.reason[i] ?? "press the round to see", 500,
      )},
    ];
  }

  /** A round's number, which tells all reasons of that round. */
  round(cell, i) {
    let button = cell.firstChild;
    if (!button) {
      button = el("button", {type: "button", className: "who"});
      button.addEventListener("click", () => {
        this.reasons.ask(this.strategy, button.round_, this.found.contributor);
        this.reasons.root.scrollIntoView({block: "nearest"});
      });
      cell.append(button);
    }
    button.round_ = this.found.rounds[i];
    button.ariaLabel = `Why in round ${button.round_}`;
    put(button, String(button.round_));
  }
}
"""
