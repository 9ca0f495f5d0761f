"""What the page's scripts draw with: a canvas in the page's colours, and a frame with axes."""

DRAWING = r"""
// ── A canvas that is sharp, follows its width and light or dark, and a frame with axes ──────

const DARK = matchMedia("(prefers-color-scheme: dark)");

/** A canvas and what paints it: painted again when its size or the colours change. */
class Board {
  constructor(canvas, paint) {
    Object.assign(this, {canvas, paint});
    new ResizeObserver(() => this.draw()).observe(canvas);
    DARK.addEventListener("change", () => this.draw());
  }

  /** Paint before the next frame, once however often it was asked for. */
  draw() {
    this.asked ??= requestAnimationFrame(() => {
      this.asked = null;
      const {clientWidth: width, clientHeight: height} = this.canvas;
      if (!width || !height) return;
      const sharp = devicePixelRatio || 1;
      this.canvas.width = Math.round(width * sharp);
      this.canvas.height = Math.round(height * sharp);
      const context = this.canvas.getContext("2d");
      context.scale(sharp, sharp);
      context.font = `${textSize()}px ${colour("font")}`;
      this.paint(context, width, height);
    });
  }

  /** Where a pointer is on it, in its own px. */
  at(event) {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }
}

const colour = (name) => ROOT.getPropertyValue(`--${name}`);
const textSize = () => 0.82 * parseFloat(ROOT.fontSize);

/** Round places for ticks between two ends, at most about so many. */
function ticks(low, high, most, wholes = false) {
  const rough = (high - low) / Math.max(1, most);
  let step = 10 ** Math.floor(Math.log10(rough));
  step *= [1, 2, 5, 10].find((factor) => factor * step >= rough * 0.999);
  if (wholes) step = Math.max(1, Math.round(step));
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k += 1) {
    found.push(Number((k * step).toPrecision(12)));
  }
  return found;
}

/** Draw axes with ticks and titles; the room for each is measured: none lies on another.
 * An axis: {low, high, title, wholes?, text?}. Gives what maps values to px. */
function axes(c, width, height, x, y) {
  const line = textSize() * 1.25;
  const text = (axis, tick) => (axis.text ?? ((t) => String(t).replace("-", "−")))(tick);
  const ys = ticks(y.low, y.high, Math.max(2, height / (3.5 * line)), y.wholes);
  const widest = Math.max(...ys.map((tick) => c.measureText(text(y, tick)).width));
  const [left, right, top] = [widest + line * 1.6 + 8, 14, line * 0.7];
  const bottom = 2 * line + 12;
  const [w, h] = [width - left - right, height - top - bottom];
  // Whole numbers, such as rounds, are short.
  const xs = ticks(x.low, x.high, Math.max(2, w / ((x.wholes ? 3 : 5) * line)), x.wholes);
  const map = {
    x: (value) => left + (w * (value - x.low)) / (x.high - x.low || 1),
    y: (value) => top + h - (h * (value - y.low)) / (y.high - y.low || 1),
    left, top, right: left + w, bottom: top + h,
  };
  c.strokeStyle = colour("grid");
  c.fillStyle = colour("muted");
  c.lineWidth = 1;
  c.beginPath();
  for (const tick of ys) {
    c.moveTo(left, map.y(tick));
    c.lineTo(left + w, map.y(tick));
  }
  for (const tick of xs) {
    c.moveTo(map.x(tick), top);
    c.lineTo(map.x(tick), top + h + 4);
  }
  c.stroke();
  c.textBaseline = "middle";
  c.textAlign = "right";
  for (const tick of ys) c.fillText(text(y, tick), left - 6, map.y(tick));
  c.textBaseline = "top";
  c.textAlign = "center";
  for (const tick of xs) c.fillText(text(x, tick), map.x(tick), top + h + 7);
  c.fillStyle = colour("ink");
  c.textBaseline = "bottom";
  c.fillText(x.title, left + w / 2, height - 1, w + left);
  c.save();
  c.translate(1, top + h / 2);
  c.rotate(-Math.PI / 2);
  c.textBaseline = "top";
  c.fillText(y.title, 0, 0, height);
  c.restore();
  return map;
}

/** Draw one mark. Shapes tell apart what colours tell, and hollow from filled. */
function mark(c, shape, x, y, size, filled = true) {
  const closed = !["cross", "x", "star"].includes(shape);
  // What is filled has no line around it: of thousands, lines would take most of the time.
  const half = (filled && closed ? size + c.lineWidth : size) / 2;
  c.beginPath();
  if (shape === "circle") c.arc(x, y, half, 0, 2 * Math.PI);
  else if (shape === "square") c.rect(x - half, y - half, 2 * half, 2 * half);
  else if (!closed) {
    if (shape !== "x") {
      c.moveTo(x - half, y); c.lineTo(x + half, y);
      c.moveTo(x, y - half); c.lineTo(x, y + half);
    }
    if (shape !== "cross") {
      c.moveTo(x - half, y - half); c.lineTo(x + half, y + half);
      c.moveTo(x - half, y + half); c.lineTo(x + half, y - half);
    }
  } else {
    const corners = shape === "diamond"
      ? [[0, -1.2], [1.2, 0], [0, 1.2], [-1.2, 0]] : [[0, -1.1], [1, 0.8], [-1, 0.8]];
    corners.forEach(([dx, dy], k) => c[k ? "lineTo" : "moveTo"](x + dx * half, y + dy * half));
    c.closePath();
  }
  if (filled && closed) c.fill();
  else c.stroke();
}
"""
