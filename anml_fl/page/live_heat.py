"""The live page's heat map: weights by round of the top, the bottom and the most changed."""

HEAT = r"""
// ── Weights by contributor and round ────────────────────────────────────────────────────────

class Heat {
  constructor(root, {onOpen}) {
    this.canvas = el("canvas", {className: "board pressable"});
    this.canvas.setAttribute("role", "img");
    this.readout = el("p", {className: "readout", textContent: "\u00a0"});
    root.replaceChildren(this.canvas, this.readout);
    this.board = new Board(this.canvas, (...given) => this.paint(...given));
    this.canvas.addEventListener("pointermove", (event) => {
      const [row, k] = this.cell(event);
      const weight = () => (has(row.weights[k]) ? percent(row.weights[k], this.digits)
        : "no weight");
      const where = () => `${visible(row.contributor, 60)}, round ${this.heat.rounds[k]}`;
      put(this.readout, row ? `${where()}: ${weight()}` : "\u00a0");
    });
    this.canvas.addEventListener("click", (event) => {
      const [row] = this.cell(event);
      if (row) onOpen(row.contributor);
    });
  }

  /** Take what the server chose; where few contribute, all stand there once. */
  set(heat, at, digits = 1) {
    const groups = [["Most weight", heat.top], ["Least weight", heat.bottom],
      ["Most changed", heat.changed]];
    const people = new Set(groups.flatMap(([, rows]) => rows.map((row) => row.contributor)));
    this.few = people.size <= heat.top.length;
    this.rows = [];
    for (const [title, rows] of this.few ? [["All", heat.top]] : groups) {
      if (!rows.length) continue;
      this.rows.push({title}, ...rows);
    }
    Object.assign(this, {heat, at, digits});
    this.canvas.style.height = `${(this.rows.length * 1.25 + 3).toFixed(2)}rem`;
    this.canvas.setAttribute("aria-label",
      `Weights by contributor and round of ${plural(people.size, "contributor")}. `
      + "Each contributor's history has the numbers.");
    this.board.draw();
  }

  paint(c, width, height) {
    if (!this.rows?.length || !this.heat.rounds.length) return;
    const size = textSize();
    const row = 1.25 * (size / 0.82);
    const names = this.rows.map((one) => one.title ?? visible(one.contributor, 40));
    const widest = Math.max(...names.map((name) => c.measureText(name).width));
    const left = Math.min(width * 0.38, widest + 8);
    const n = this.heat.rounds.length;
    const wide = (width - left - 2) / n;
    const weights = this.rows.flatMap((one) => one.weights ?? []).filter(has);
    const most = Math.max(...weights, 1e-12);
    this.place = {left, row, wide};
    const [low, high, ink, muted] = ["low", "high", "ink", "muted"].map(colour);
    c.textBaseline = "middle";
    this.rows.forEach((one, k) => {
      const y = k * row;
      c.fillStyle = one.title ? ink : muted;
      c.textAlign = "left";
      c.save();
      c.beginPath();
      c.rect(0, y, left - 6, row);
      c.clip();
      if (one.title) c.font = `600 ${c.font}`;
      c.fillText(names[k], 0, y + row / 2);
      c.restore();
      one.weights?.forEach((weight, j) => {
        const [x, gap] = [left + j * wide, Math.min(1, wide / 8)];
        if (has(weight)) {
          c.fillStyle = low;
          c.fillRect(x, y + 1, wide - gap, row - 2);
          c.globalAlpha = weight / most;
          c.fillStyle = high;
          c.fillRect(x, y + 1, wide - gap, row - 2);
          c.globalAlpha = 1;
        } else {
          c.strokeStyle = muted;
          c.lineWidth = 1;
          mark(c, "x", x + wide / 2, y + row / 2, Math.min(7, wide - 1), false);
        }
      });
    });
    const foot = this.rows.length * row;
    c.strokeStyle = colour("accent");
    c.lineWidth = 2;
    const shown = this.heat.rounds.indexOf(this.at);
    if (shown >= 0) c.strokeRect(left + shown * wide, 0, Math.max(wide, 2), foot);
    c.fillStyle = colour("muted");
    c.textAlign = "center";
    c.textBaseline = "top";
    for (const tick of ticks(1, n, Math.max(1, (width - left) / (5 * size)), true)) {
      if (tick < 1) continue;
      c.fillText(this.heat.rounds[tick - 1], left + (tick - 0.5) * wide, foot + 3);
    }
    c.fillStyle = colour("ink");
    c.textBaseline = "bottom";
    const strongest = percent(most, this.digits);
    c.fillText(`Round (the strongest colour: ${strongest})`, left + (n * wide) / 2, height - 2,
      width - left);
  }

  cell(event) {
    if (!this.place) return [];
    const [x, y] = this.board.at(event);
    const row = this.rows[Math.floor(y / this.place.row)];
    const k = Math.floor((x - this.place.left) / this.place.wide);
    return row?.weights && k >= 0 && k < this.heat.rounds.length ? [row, k] : [];
  }
}
"""
