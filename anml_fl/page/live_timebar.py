"""The live page's time bar: the end of the run as it grows, or a round that was."""

TIMEBAR = r"""
// ── The time bar ────────────────────────────────────────────────────────────────────────────

class TimeBar {
  constructor(root, {onRound}) {
    [this.slider, this.output, this.live] = ["input", "output", "button"].map(
      (name) => root.querySelector(name),
    );
    Object.assign(this, {onRound, rounds: [], following: true});
    this.slider.addEventListener("input", () => {
      this.following = Number(this.slider.value) === this.rounds.length - 1;
      this.tell(true);
    });
    this.live.addEventListener("click", () => {
      this.following = !this.following;
      if (this.following) this.slider.value = this.rounds.length - 1;
      this.tell();
    });
  }

  get round() {
    return this.rounds[Number(this.slider.value)] ?? null;
  }

  /** Take the rounds that there are; at the end the bar goes on with them, else it stays. */
  set(rounds) {
    const before = this.round;
    this.rounds = rounds;
    this.slider.max = Math.max(0, rounds.length - 1);
    this.slider.disabled = rounds.length < 2;
    const kept = rounds.indexOf(before);
    if (kept < 0) this.following = true;
    this.slider.value = this.following ? rounds.length - 1 : kept;
    this.words();
  }

  goTo(round) {
    if (!this.rounds.includes(round)) return;
    this.put(round);
    this.tell();
  }

  /** Show a round without telling of it; the end, if there is no such round. */
  put(round) {
    const last = this.rounds.length - 1;
    const place = this.rounds.indexOf(round);
    this.slider.value = place < 0 ? last : place;
    this.following = Number(this.slider.value) === last;
    this.words();
  }

  /** `moving`: it is being dragged, and may go on. */
  tell(moving = false) {
    this.words();
    this.onRound(moving);
  }

  words() {
    const last = this.rounds.at(-1);
    const text = last === undefined ? "none yet" : `${this.round} of ${last}`;
    put(this.output, text);
    this.slider.setAttribute("aria-valuetext", `round ${text}`);
    this.live.ariaPressed = String(this.following);
  }
}
"""
