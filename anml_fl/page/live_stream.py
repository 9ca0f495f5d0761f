"""The live page's connection: what is fetched, what the server sends, and when it is lost."""

STREAM = r"""
// ── What is asked of the server, and what it sends ──────────────────────────────────────────

const part = encodeURIComponent;
const address = {
  round: (strategy, round) => `${part(strategy)}/rounds/${round}.json`,
  why: (strategy, round) => `${part(strategy)}/rounds/${round}/reasons.json`,
  reasons: (strategy, round, name) => `${part(strategy)}/rounds/${round}/reasons/`
    + `${part(name)}.json`,
  missing: (strategy) => `${part(strategy)}/missing.json`,
  history: (strategy, name) => `${part(strategy)}/contributors/${part(name)}.json`,
  heat: (strategy) => `heat.json?strategy=${part(strategy)}`,
  weights: (strategy, names) => `heat.json?strategy=${part(strategy)}`
    + names.map((name) => `&who=${part(name)}`).join(""),
};

async function asked(where, signal) {
  const answer = await fetch(where, {signal, cache: "no-cache"});
  if (!answer.ok) throw new Error(`the server said ${answer.status}`);
  return answer.json();
}

/** Ask for one thing at a time: a later question ends the one before it. */
class Latest {
  async ask(where) {
    this.before?.abort();
    const mine = new AbortController();
    this.before = mine;
    try {
      const found = await asked(where, mine.signal);
      return this.before === mine ? found : null;
    } catch (error) {
      if (mine.signal.aborted) return null;
      throw error;
    }
  }
}

/** Listen to the run's events; come back, later and later, when the server is lost. */
class Stream {
  constructor({onRound, onState, onOpen, onLost}) {
    Object.assign(this, {onRound, onState, onOpen, onLost, wait: 1000});
    this.connect();
  }

  connect() {
    const source = new EventSource("events");
    const again = () => {
      clearTimeout(unanswered);
      source.close();  // or the browser tries again, too, and waits for an answer for ever
      this.onLost();
      setTimeout(() => this.connect(), this.wait);
      this.wait = Math.min(2 * this.wait, 30_000);
    };
    const unanswered = setTimeout(again, 20_000);
    source.addEventListener("open", () => {
      clearTimeout(unanswered);
      this.wait = 1000;
      this.onOpen();
    });
    source.addEventListener("round", (event) => this.onRound(JSON.parse(event.data)));
    source.addEventListener("state", (event) => this.onState(JSON.parse(event.data)));
    source.addEventListener("error", again);
  }
}

const later = (ms) => new Promise((done) => setTimeout(done, ms));

/** Call at once, and then at most once in so many ms, the last time with what came last. */
function paced(call, pause) {
  let [last, timer, given] = [-Infinity, null, []];
  const go = () => {
    [last, timer] = [performance.now(), null];
    call(...given);
  };
  return (...now) => {
    given = now;
    timer ??= setTimeout(go, Math.max(0, last + pause - performance.now()));
  };
}
"""
