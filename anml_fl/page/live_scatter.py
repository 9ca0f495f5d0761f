"""The live page's view of the gate: q against s, its lines, and marks that can be asked."""

SCATTER = r"""
// ── q against s, as the gate sees it ────────────────────────────────────────────────────────

class Scatter {
  constructor(root, {onOpen}) {
    this.canvas = el("canvas", {className: "board square pressable"});
    this.canvas.setAttribute("role", "img");
    this.readout = el("p", {className: "readout", textContent: "\u00a0"});
    root.replaceChildren(this.canvas, this.readout);
    this.board = new Board(this.canvas, (...given) => this.paint(...given));
    this.canvas.addEventListener("pointermove", (event) => {
      const i = this.nearest(event);
      put(this.readout, i === null ? "\u00a0" : this.words(i));
    });
    this.canvas.addEventListener("click", (event) => {
      const i = this.nearest(event);
      if (i !== null) onOpen(this.round.contributors[i]);
    });
  }

  /** Show a round; `gate`: {tau_h, tau_c} or null; `attackers`: set of names, or null;
   * `digits`: decimals of shares. */
  set(round, gate, {attackers, digits}) {
    Object.assign(this, {round, gate, attackers, digits});
    const drawn = round.contributors.map((_, i) => i).filter(
      (i) => has(round.q[i]) && has(round.s[i]),
    );
    // Filled ones last: a hollow mark must not hide under them, and they are the smaller part.
    this.drawn = drawn.sort((a, b) => round.weight[b] - round.weight[a]);
    const missing = round.contributors.length - drawn.length;
    this.canvas.setAttribute("aria-label",
      `Consistency q against external signal s in round ${round.round}: `
      + `${plural(drawn.length, "contributor")} drawn`
      + `${missing ? `, ${missing} without a valid reply not drawn` : ""}. `
      + "The table of contributors has the numbers.");
    this.board.draw();
  }

  paint(c, width, height) {
    if (!this.round) return;
    const end = {low: -0.06, high: 1.06};
    const map = axes(
      c, width, height,
      {...end, title: "External signal s = v · r"}, {...end, title: "Consistency q"},
    );
    this.map = map;
    if (this.gate) this.lines(c, map);
    const n = this.round.contributors.length;
    for (const i of this.drawn) {
      const attacks = this.attackers?.has(this.round.contributors[i]);
      c.strokeStyle = c.fillStyle = attacks ? ATTACKER[0] : HONEST[0];
      c.globalAlpha = n > 1000 ? 0.4 : 0.85;
      c.lineWidth = 2;
      mark(c, attacks ? "diamond" : "circle", map.x(this.round.s[i]), map.y(this.round.q[i]),
        this.size(i, n), this.round.selected[i]);
    }
    c.globalAlpha = 1;
  }

  /** Stage 1: all right of tau_h. Stage 2: the line through the marks, and one at tau_c. */
  lines(c, map) {
    const {tau_h, tau_c} = this.gate;
    const inside = () => {
      c.beginPath();
      c.rect(map.left, map.top, map.right - map.left, map.bottom - map.top);
      c.clip();
      c.beginPath();
    };
    c.save();
    inside();
    c.strokeStyle = c.fillStyle = colour("ink");
    c.setLineDash([7, 5]);
    c.lineWidth = 1.5;
    c.moveTo(map.x(tau_h), map.top);
    c.lineTo(map.x(tau_h), map.bottom);
    c.stroke();
    c.textAlign = "left";
    c.textBaseline = "bottom";
    c.fillText(`tau_h = ${tau_h}`, map.x(tau_h) + 5, map.bottom - 4);
    const fit = line(this.drawn.map((i) => [this.round.s[i], this.round.q[i]]));
    if (fit && has(this.round.rho_c)) {
      for (const [rho, dashes] of [[this.round.rho_c, []], [tau_c, [2, 4]]]) {
        const y = (x) => fit.q + rho * fit.slope * (x - fit.s);
        c.setLineDash(dashes);
        c.beginPath();
        c.moveTo(map.x(-0.06), map.y(y(-0.06)));
        c.lineTo(map.x(1.06), map.y(y(1.06)));
        c.stroke();
      }
    }
    c.restore();
  }

  size(i, n) {
    // The area is the weight; an equal share makes 14 px whatever the number of people.
    const share = (this.round.weight[i] ?? 0) * n;
    const equal = n > 300 ? 6 : 14;
    return Math.min(44, Math.max(n > 300 ? 4 : 6, equal * Math.sqrt(Math.max(share, 0))));
  }

  nearest(event) {
    if (!this.map || !this.drawn) return null;
    const [x, y] = this.board.at(event);
    let [best, least] = [null, 22];
    for (const i of this.drawn) {
      const far = Math.hypot(this.map.x(this.round.s[i]) - x, this.map.y(this.round.q[i]) - y);
      if (far < least) [best, least] = [i, far];
    }
    return best;
  }

  words(i) {
    const {round} = this;
    return `${visible(round.contributors[i], 60)}: q ${fixed(round.q[i], 3)}, s `
      + `${fixed(round.s[i], 3)}, weight ${percent(round.weight[i], this.digits)}, `
      + `${round.selected[i] ? "selected" : "not selected"}`;
  }
}

/** Centre of some points, and the slope of q on s per unit of correlation. */
function line(points) {
  const n = points.length;
  if (n < 2) return null;
  const [s, q] = [0, 1].map((k) => points.reduce((sum, point) => sum + point[k], 0) / n);
  const [ss, qq] = [[0, s], [1, q]].map(([k, mean]) => Math.sqrt(
    points.reduce((sum, point) => sum + (point[k] - mean) ** 2, 0),
  ));
  return ss > 0 ? {s, q, slope: qq / ss} : null;
}
"""
