"""The live page's line on who is missing now, and who was in a round that was before."""

MISSING = r"""
// ── Who is missing ──────────────────────────────────────────────────────────────────────────

class Missing {
  constructor(now, then) {
    Object.assign(this, {lines: {now, then}, asking: new Latest(), latest: null, round: null});
    // What comes fast is asked for at a pace that can be read.
    this.load = paced((strategy, running) => this.ask(strategy, running), 700);
  }

  /** Ask about a strategy's latest round; `running`: whether another one follows. */
  async ask(strategy, running) {
    const found = await this.asking.ask(address.missing(strategy)).catch(() => null);
    if (!found?.round) return;
    this.latest = {...found, strategy, running};
    this.show();
  }

  /** Take the round that is shown. */
  look(strategy, round) {
    this.round = {strategy, number: round.round, words: round.missing};
    this.show();
  }

  show() {
    const {latest, round, lines} = this;
    const known = latest && latest.strategy === (round?.strategy ?? latest.strategy);
    if (known) {
      const when = latest.running ? "Right now, in round" : "In the last round,";
      put(lines.now, `${when} ${latest.round}: ${visible(latest.words, 5000)}`);
    }
    const back = round && round.number !== (known ? latest.round : null);
    lines.then.hidden = !back;
    if (back) put(lines.then, `In round ${round.number}: ${visible(round.words, 5000)}`);
  }
}
"""
