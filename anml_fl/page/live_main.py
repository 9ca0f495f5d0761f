"""The live page's own course: what is shown, and what a new round or a choice changes."""

MAIN = r"""
// ── The page ────────────────────────────────────────────────────────────────────────────────

const the = (id) => document.getElementById(id);

class Page {
  constructor() {
    this.asking = Object.fromEntries(
      ["round", "why", "heat", "curves"].map((what) => [what, new Latest()]),
    );
    this.wanted = shownByAddress();
    this.chosen = this.wanted.strategy ?? null;
    this.opened = null;
    this.bar = new TimeBar(the("time"), {
      onRound: (moving) => { this.note(moving); this.showRound(); },
    });
    const goTo = (round) => this.bar.goTo(round);
    const onOpen = (name) => this.open(name);
    this.history = new History(the("history"), {onRound: goTo});
    this.curves = new Curves(the("curves"), {label: "By round", onRound: goTo});
    this.scatter = new Scatter(the("scatter"), {onOpen});
    this.heat = new Heat(the("heat"), {onOpen});
    this.people = new People(the("contributors"), {onOpen});
    this.strategies = new DataTable(the("strategies"), {
      label: "Strategies", noun: "strategies", columns: [],
    });
    this.payouts = new DataTable(the("payouts"), {
      label: "Earned", noun: "contributors", columns: [], sort: {title: "Share", up: false},
    });
    the("strategy").addEventListener("change", (event) => {
      this.chosen = event.target.value;
      this.bar.following = true;
      this.choose();
      this.note();
    });
    the("history").addEventListener("close", () => {
      this.opened = null;
      this.note();
    });
    addEventListener("popstate", () => {
      this.wanted = shownByAddress();
      this.chosen = this.wanted.strategy ?? null;
      if (this.state) this.choose();
    });
    // What comes fast is shown at a pace that can be read.
    this.loadCurves = paced(() => this.fetchCurves(), 700);
    this.loadHeat = paced(() => this.fetchHeat(), 2000);
    this.missing = new Missing(the("missing"), the("missing-then"));
    this.announce = paced((text) => put(the("announced"), text), 2500);
    this.stream = new Stream({
      onOpen: () => this.connected(),
      onLost: () => this.lost(),
      onState: (state) => this.setState(state),
      onRound: () => this.loadCurves(),
    });
    this.load();
  }

  async load() {
    try {
      this.setState(await asked("state.json"));
      await this.fetchCurves();
    } catch {
      // Whether the server is lost is the stream's to say.
    }
    // A run that is starting has nothing yet that tells when it begins.
    if ((this.state?.state ?? "starting") === "starting") setTimeout(() => this.load(), 2000);
  }

  connected() {
    const again = the("connection").classList.contains("lost");
    the("connection").className = "connection on";
    this.tellConnection();
    if (again) this.load();
  }

  tellConnection() {
    put(the("connection"), this.state?.state === "stopped"
      ? "Connected to the server of this page; the run itself does not go on."
      : "Connected: this page follows the run.");
  }

  lost() {
    if (the("connection").classList.contains("lost")) return;
    the("connection").className = "connection lost";
    const since = new Date().toLocaleTimeString("en-GB");
    put(the("connection"), `The server is lost since ${since}: what stands here is what came`
      + " before. Trying again …");
  }

  setState(state) {
    this.state = state;
    put(document.querySelector("h1"), visible(state.name, 80));
    put(the("words"), visible(state.words, 500));
    if (the("connection").classList.contains("on")) this.tellConnection();
    const facts = [
      state.dataset && `Data set: ${visible(state.dataset, 60)}`,
      state.engine && `engine: ${visible(state.engine, 40)}`,
      state.contributors_in_all && plural(state.contributors_in_all, "contributor"),
      state.rounds_of && plural(state.rounds_of, "round"),
    ].filter(Boolean);
    put(the("facts"), facts.length ? `${facts.join("; ")}.` : "");
    put(the("ledger"), ledgerWords(state.ledger, state.lead));
    this.attackers = state.known && state.attackers.length ? new Set(state.attackers) : null;
    this.styles = new Map(
      state.strategies.map((one, k) => [one.name, SERIES[k % SERIES.length]]),
    );
    this.showStrategies();
    this.showFiles();
    this.choose();
  }

  open(name) {
    this.opened = name;
    this.note();
    const {bar: {round}, state: {registry}, digits} = this;
    this.history.open(this.strategy, name, {round, registry, digits});
  }

  /** Write what is shown into the address; what always is at the end of a run is not said. */
  note(replace = false) {
    if (this.wanted) return;  // what it says already is not yet shown
    const {opened, bar, chosen} = this;
    const round = bar.following && opened === null ? null : bar.round;
    const strategy = chosen ?? (round === null ? null : this.strategy);
    writeAddress({strategy, round, contributor: opened}, replace);
  }

  /** Show what the address says, once there are rounds to show. */
  follow() {
    if (!this.wanted || this.bar.round === null) return;
    const {round, contributor = null} = this.wanted;
    this.wanted = null;
    this.bar.put(Number(round));
    if (contributor === this.opened) return;
    if (contributor === null) the("history").close();
    else this.open(contributor);
  }

  /** The strategy that was chosen; or else the one that runs, or the one the run is about. */
  choose() {
    const all = this.state.strategies;
    const names = all.map((one) => one.name);
    const begun = all.filter((one) => one.rounds > 0).map((one) => one.name);
    const running = all.find((one) => ["running", "stopped"].includes(one.state)
      && one.rounds > 0)?.name;
    const auto = running ?? (begun.includes(this.state.lead) ? this.state.lead : begun[0]);
    const select = the("strategy");
    if (names.join("\n") !== this.names) {
      this.names = names.join("\n");
      select.replaceChildren(...names.map(
        (name) => el("option", {value: name, textContent: visible(name, 40)}),
      ));
    }
    this.strategy = names.includes(this.chosen) ? this.chosen : auto ?? names[0] ?? null;
    if (this.strategy) select.value = this.strategy;
    this.showCurves();
  }

  async fetchCurves() {
    const found = await this.asking.curves.ask("curves.json").catch(() => null);
    if (!found) return;
    const before = this.found?.strategies[this.strategy]?.rounds.length;
    this.found = found;
    this.showCurves();
    const now = found.strategies[this.strategy];
    if (before !== undefined && now && now.rounds.length > before) {
      this.announce(`Round ${now.rounds.at(-1)} of ${visible(this.strategy, 40)} ended, `
        + `${this.state.criterion.title} ${this.written(this.scored(now).at(-1))}.`);
    }
  }

  /** What models are compared by: the metric that was chosen, or else the error. */
  scored(of) {
    return this.state.criterion.by_score ? of.score : of.error;
  }

  written(x) {
    if (!has(x)) return "—";
    return this.state.criterion.unit ? percent(x) : score(x);
  }

  get criterion() {
    const {title, unit} = this.state.criterion;
    const capital = title.charAt(0).toUpperCase() + title.slice(1);
    return {title: capital, unit, scale: unit ? 100 : 1};
  }

  showCurves() {
    if (!this.found || !this.state) return;
    this.bar.set(this.found.strategies[this.strategy]?.rounds ?? []);
    this.follow();
    const {title, scale} = this.criterion;
    const all = Object.values(this.found.strategies);
    this.claims = !all.some((one) => this.scored(one).some(has))
      && all.some((one) => one.claimed.some(has));
    const what = this.claims ? "Claims by round, median over the sites" : `${title} by round`;
    put(the("by-round"), what);
    the("claims-words").hidden = !this.claims;
    this.curves.label = what;
    this.series = Object.entries(this.found.strategies).map(([name, curve]) => ({
      name, xs: curve.rounds, style: this.styles.get(name) ?? SERIES[0],
      ys: (this.claims ? curve.claimed : this.scored(curve))
        .map((x) => (has(x) ? x * scale : null)),
    }));
    this.reveal();
    this.drawCurves();
    this.showRound();
    this.loadHeat();
    if (this.bar.round !== null) {
      this.missing.load(this.strategy, this.state.state === "running");
    }
  }

  /** Before a round has ended there is nothing to see of one. */
  reveal() {
    const none = this.bar.round === null;
    the("bar").hidden = !this.state.strategies.length;
    the("curve").hidden = !this.series.some((one) => one.ys.some(has));
    for (const one of document.querySelectorAll(".of-round")) one.hidden = none;
    if (!none) return;
    this.shown = null;
    for (const id of ["gate-view", "influence", "apart"]) the(id).hidden = true;
    const begun = this.series.some((one) => one.xs.length);
    const which = begun ? ` of ${visible(this.strategy, 40)}` : "";
    put(the("decision"), `No round${which} has ended yet.`);
    put(the("missing"), awaited(this.state.contributors));
  }

  drawCurves() {
    const {title, unit, scale} = this.criterion;
    this.curves.set(this.series, {
      title: unit ? `${title} (${unit})` : title,
      written: (x) => this.written(has(x) ? x / scale : x), at: this.bar.round,
    });
  }

  async showRound() {
    const [strategy, round] = [this.strategy, this.bar.round];
    const key = `${strategy}\n${round}`;
    if (round === null || key === this.shown) return;
    this.shown = key;
    this.drawCurves();
    try {
      const found = await this.asking.round.ask(address.round(strategy, round));
      if (!found || this.shown !== key) return;
      // Of thousands the reasons take longer than the numbers, which wait for them a moment.
      const why = this.asking.why.ask(address.why(strategy, round)).catch(() => null);
      await Promise.race([why.then((told) => { found.reasons = told; }), later(100)]);
      if (this.shown !== key) return;
      this.setRound(strategy, found);
      if (found.reasons === undefined) {
        found.reasons = await why;
        if (this.shown === key) this.setReasons(found);
      }
    } catch (error) {
      this.shown = null;
      put(the("decision"), `Round ${round} cannot be read: ${error.message}.`);
    }
  }

  setRound(strategy, round) {
    put(the("decision"), `Round ${round.round}: ${visible(round.decision || "—", 1000)}`);
    this.tellEnds(round);
    the("influence").hidden = !round.influence;
    put(the("influence"), visible(round.influence ?? "", 500));
    this.missing.look(strategy, round);
    const {attackers, state: {registry}} = this;
    const equal = 1 / Math.max(1, round.reason.filter((one) => one === null).length);
    const digits = this.digits = decimals(equal);
    const own = {title: `Own ${this.state.criterion.name}`, written: (x) => this.written(x)};
    this.people.set(strategy, round, this.bar.rounds, {attackers, registry, own, digits});
    const apart = [round.own_words, round.apart].filter(Boolean).join(" ");
    the("apart").hidden = !apart;
    put(the("apart"), visible(spaced(apart), 2000));
    for (const one of document.querySelectorAll(".of-registry")) one.hidden = !registry;
    const gated = has(round.min_s) && ![null, "multiplicative"].includes(round.branch);
    const gate = gated ? this.state.gate : null;
    // Where s is the same for all there is nothing to compare.
    the("gate-view").hidden = !registry || (!gate && new Set(round.s).size < 2);
    this.scatter.set(round, gate, {attackers, digits});
    put(the("gate-words"), gateWords(gate, round, this.attackers));
    this.showPaid(round);
    if (this.heat.heat) this.heat.set(this.heat.heat, round.round, digits);
  }

  /** Take the reasons of a round that is shown already. */
  setReasons(round) {
    this.tellEnds(round);
    this.people.tell();
  }

  tellEnds({reasons}) {
    const none = `Why each counted as it did ${reasons === null ? "cannot be read."
      : "is being worked out …"}`;
    put(the("ends"), reasons ? visible(spaced(reasons.ends), 2000) : none);
  }

  async fetchHeat() {
    if (!this.strategy || !this.bar.rounds.length) return;
    const found = await this.asking.heat.ask(address.heat(this.strategy)).catch(() => null);
    if (found) this.heat.set(found, this.bar.round, this.digits);
  }

  showPaid(round) {
    the("payouts").hidden = !round.paid;
    const total = (round.paid ?? []).reduce((sum, x) => sum + (x ?? 0), 0);
    put(the("paid"), round.paid
      ? `Each round shares one pool by weight, and a contributor's part of it is its payout:`
        + ` ${whole(total)} micro-units were earned up to round ${round.round}, as the ledger`
        + " has them."
        + (round.held
          ? ` Round ${round.round} was held and not paid: ${visible(round.held, 600)}.`
          : "")
      : "This strategy pays nothing so far: the ledger has no entry of it.");
    if (!round.paid) return;
    const most = round.paid.reduce((top, x) => Math.max(top, x ?? 0), 1);
    this.payouts.setColumns([
      {title: "Contributor", text: (i) => visible(round.contributors[i], 60)},
      {title: "Earned so far (micro-units)", number: true, value: (i) => round.paid[i],
        text: (i) => whole(round.paid[i])},
      {title: "Share", number: true, value: (i) => round.paid[i], text: () => "",
        fill: (cell, i) => gauge(
          cell, round.paid[i], most,
          percent(total ? round.paid[i] / total : null, this.digits),
        )},
    ]);
    this.payouts.show(round.contributors.length);
  }

  showStrategies() {
    const all = this.state.strategies;
    this.strategies.setColumns([
      {title: "Strategy", text: (i) => visible(all[i].name, 40)},
      {title: "Rounds", number: true, value: (i) => all[i].rounds,
        text: (i) => `${all[i].rounds} of ${this.state.rounds_of ?? "?"}`},
      {title: this.criterion.title, number: true, value: (i) => this.scored(all[i]),
        text: (i) => this.written(this.scored(all[i]))},
      {title: "No valid reply", number: true, value: (i) => all[i].excluded,
        text: (i) => whole(all[i].excluded)},
      {title: "State", text: (i) => visible(all[i].state ?? "", 60)},
    ]);
    this.strategies.show(all.length);
    the("strategies-view").hidden = !all.length;
  }

  showFiles() {
    const {state} = this;
    // What is not there yet is not offered.
    const names = state.strategies.length ? ["config.toml"] : [];
    if (state.ledger.entries) names.push("ledger.jsonl", "ledger.pub");
    if (state.state === "finished") names.push("summary.json", "manifest.json");
    for (const one of state.strategies.filter((each) => each.rounds > 0)) {
      names.push(...["rounds.jsonl", "weights.csv", "weights.parquet"].map(
        (name) => `${one.name}/${name}`,
      ));
    }
    const links = names.map((name) => [`files/${name.split("/").map(part).join("/")}`, name]);
    if (state.report) links.unshift(["report.html", "The report of this run"]);
    links.push(["../", "All runs"]);
    const key = links.flat().join("\n");
    if (key === this.files) return;
    this.files = key;
    the("files").replaceChildren(...links.map(([href, name]) => el(
      "li", {}, [el("a", {href, textContent: visible(name, 80)})],
    )));
  }
}

new Page();
"""
