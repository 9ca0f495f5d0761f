"""The live page's history of one contributor: what each round made of it, and why."""

HISTORY = r"""
// ── One contributor over the rounds ─────────────────────────────────────────────────────────

class History {
  constructor(dialog, {onRound}) {
    this.dialog = dialog;
    [this.title, this.facts] = [".name", ".facts"].map((s) => dialog.querySelector(s));
    this.asking = new Latest();
    this.curves = new Curves(dialog.querySelector(".curve"), {
      label: "Weight and consistency q by round",
      onRound: (round) => { dialog.close(); onRound(round); },
    });
    this.table = new DataTable(dialog.querySelector(".table"), {
      label: "Rounds of this contributor", noun: "rounds", columns: this.columns(),
      sort: {title: "Round", up: false},
    });
    dialog.querySelector("button.close").addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close();  // the ground around it
    });
  }

  async open(strategy, name) {
    put(this.title, visible(name, 80));
    put(this.facts, "Asking for its rounds …");
    if (!this.dialog.open) this.dialog.showModal();
    try {
      const found = await this.asking.ask(address.history(strategy, name));
      if (found) this.set(strategy, found);
    } catch (error) {
      put(this.facts, `Its rounds cannot be read: ${error.message}.`);
    }
  }

  set(strategy, found) {
    this.found = found;
    const n = found.rounds.length;
    const selected = found.selected.filter(Boolean).length;
    const paid = found.paid?.reduce((sum, x) => sum + (x ?? 0), 0);
    put(this.facts, `Under ${visible(strategy, 40)}: there in ${found.present ?? n} of `
      + `${plural(n, "round")}, selected in ${selected}`
      + `${has(found.last_seen) ? `, last seen in round ${found.last_seen}` : ""}`
      + `${has(paid) ? `; paid: ${whole(paid)} micro-units` : ""}.`);
    this.curves.set(
      [{name: "weight (%)", xs: found.rounds, style: SERIES[0],
        ys: found.weight.map((x) => (has(x) ? 100 * x : null))},
      {name: "q (of 100)", xs: found.rounds, style: SERIES[1],
        ys: found.q.map((x) => (has(x) ? 100 * x : null))}],
      {title: "Weight (%), q (of 100)", written: (x) => fixed(x, 1)},
    );
    this.table.setColumns(this.columns());
    this.table.show(n);
  }

  columns() {
    const of = (key, written) => ({
      number: true, value: (i) => this.found[key][i], text: (i) => written(this.found[key][i]),
    });
    const there = (key) => Boolean(this.found?.[key]);
    return [
      {title: "Round", ...of("rounds", String)},
      {title: "Weight", ...of("weight", percent)},
      {title: "q", ...of("q", (x) => fixed(x, 3))},
      {title: "s", ...of("s", (x) => fixed(x, 3))},
      ...(there("posterior")
        ? [{title: "Posterior", ...of("posterior", (x) => fixed(x, 3))}] : []),
      ...(there("paid") ? [{title: "Paid (micro-units)", ...of("paid", whole)}] : []),
      {title: "Selected", text: (i) => (this.found.selected[i] ? "yes" : "no")},
      {title: "Why", className: "words", text: (i) => visible(
        (this.found.why ?? this.found.reason)[i] || "—", 500,
      )},
    ];
  }
}
"""
