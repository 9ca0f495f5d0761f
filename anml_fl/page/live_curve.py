"""The live page's curves: a line for each series by round, a legend of marks and names."""

CURVE = r"""
// ── Curves by round ─────────────────────────────────────────────────────────────────────────

class Curves {
  constructor(root, {label, onRound = null}) {
    Object.assign(this, {root, label, onRound});
    this.series = [];
    this.canvas = el("canvas", {className: "board"});
    this.canvas.setAttribute("role", "img");
    this.legend = el("ul", {className: "legend"});
    this.readout = el("p", {className: "readout", textContent: "\u00a0"});
    root.replaceChildren(this.legend, this.canvas, this.readout);
    this.board = new Board(this.canvas, (...given) => this.paint(...given));
    this.canvas.addEventListener("pointermove", (event) => this.read(this.nearest(event)));
    this.canvas.addEventListener("click", (event) => {
      const round = this.nearest(event);
      if (round && this.onRound) this.onRound(round);
    });
    this.canvas.classList.toggle("pressable", Boolean(onRound));
  }

  /** Series: {name, xs, ys, style}; `written` makes a number a text; `at`: round shown. */
  set(series, {title, written, at = null}) {
    Object.assign(this, {series, title, written, at});
    const names = series.map((one) => one.name).join("\n");
    if (names !== this.names) {
      this.names = names;
      this.legend.replaceChildren(...series.map((one) => {
        const sample = el("canvas", {className: "sample"});
        const board = new Board(sample, (c, width, height) => {
          stroke(c, one.style);
          c.beginPath();
          c.moveTo(0, height / 2);
          c.lineTo(width, height / 2);
          c.stroke();
          c.setLineDash([]);
          mark(c, one.style[2], width / 2, height / 2, 8);
        });
        board.draw();
        return el("li", {}, [sample, visible(one.name, 40)]);
      }));
      this.legend.hidden = series.length < 2;
    }
    const ends = series.map((one) => {
      const last = one.ys.findLastIndex(has);
      return last < 0 ? `${visible(one.name, 40)}: none yet`
        : `${visible(one.name, 40)}: ${this.written(one.ys[last])} in round ${one.xs[last]}`;
    });
    this.canvas.setAttribute("aria-label", `${this.label}. ${ends.join("; ")}.`);
    this.board.draw();
  }

  paint(c, width, height) {
    const points = this.series.flatMap((one) => one.ys.filter(has));
    const rounds = this.series.flatMap((one) => one.xs);
    if (!points.length) {
      c.fillStyle = colour("muted");
      c.fillText("No number yet.", 10, 30);
      this.map = null;
      return;
    }
    let [low, high] = [Math.min(...points), Math.max(...points)];
    if (low >= 0 && low < 0.6 * high) low = 0;
    const room = (high - low || Math.abs(high) || 1) * 0.06;
    [low, high] = [low === 0 ? 0 : low - room, high + room];
    const map = axes(
      c, width, height,
      {low: Math.min(...rounds) - 0.5, high: Math.max(...rounds) + 0.5, title: "Round",
        wholes: true},
      {low, high, title: this.title},
    );
    this.map = map;
    if (this.at !== null) {
      c.strokeStyle = colour("accent");
      c.lineWidth = 1.5;
      c.beginPath();
      c.moveTo(map.x(this.at), map.top);
      c.lineTo(map.x(this.at), map.bottom);
      c.stroke();
    }
    const few = rounds.length <= 60 * this.series.length;
    for (const one of this.series) {
      stroke(c, one.style);
      c.beginPath();
      let gap = true;
      one.ys.forEach((value, k) => {
        if (has(value)) c[gap ? "moveTo" : "lineTo"](map.x(one.xs[k]), map.y(value));
        gap = !has(value);
      });
      c.stroke();
      c.setLineDash([]);
      one.ys.forEach((value, k) => {
        if (has(value) && (few || k === one.ys.length - 1)) {
          mark(c, one.style[2], map.x(one.xs[k]), map.y(value), 7);
        }
      });
    }
  }

  nearest(event) {
    if (!this.map) return null;
    const [x] = this.board.at(event);
    const rounds = [...new Set(this.series.flatMap((one) => one.xs))];
    const off = (round) => Math.abs(this.map.x(round) - x);
    return rounds.reduce((best, round) => (off(round) < off(best) ? round : best), rounds[0]);
  }

  read(round) {
    if (!round) return;
    const each = this.series.flatMap((one) => {
      const k = one.xs.indexOf(round);
      return k < 0 ? [] : [`${visible(one.name, 40)} ${this.written(one.ys[k])}`];
    });
    put(this.readout, `Round ${round}: ${each.join(", ")}`);
  }
}

function stroke(c, [tint, dash]) {
  const dashes = {
    solid: [], dash: [8, 5], dot: [2, 4], dashdot: [8, 4, 2, 4], longdash: [13, 5],
    longdashdot: [13, 4, 2, 4],
  };
  c.strokeStyle = tint;
  c.fillStyle = tint;
  c.lineWidth = 2;
  c.setLineDash(dashes[dash]);
}

/** A line of one series in a table's cell, with a mark at the round that is shown. */
function sparkline(canvas, weights, at, top) {
  const sharp = devicePixelRatio || 1;
  const [width, height] = [96, 22];
  if (canvas.width !== width * sharp) {
    canvas.width = width * sharp;
    canvas.height = height * sharp;
  }
  const c = canvas.getContext("2d");
  c.setTransform(sharp, 0, 0, sharp, 0, 0);
  c.clearRect(0, 0, width, height);
  if (!weights?.length) return;
  const x = (k) => 3 + ((width - 6) * (weights.length > 1 ? k / (weights.length - 1) : 0.5));
  const y = (weight) => height - 3 - ((height - 6) * weight) / (top || 1);
  c.strokeStyle = colour("accent");
  c.fillStyle = colour("accent");
  c.lineWidth = 1.5;
  c.beginPath();
  let gap = true;
  weights.forEach((weight, k) => {
    if (has(weight)) c[gap ? "moveTo" : "lineTo"](x(k), y(weight));
    gap = !has(weight);
  });
  c.stroke();
  if (has(weights[at])) {
    c.beginPath();
    c.arc(x(at), y(weights[at]), 2.5, 0, 2 * Math.PI);
    c.fill();
  }
}
"""
