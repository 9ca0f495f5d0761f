"""Thousands of marks of a plot, painted as one picture: each a node would take seconds."""

PAINTING = r"""
// ── Many marks as one picture ───────────────────────────────────────────────────────────────

const PAINTED = 2000;

/** Paint the traces with most marks into a picture of what lies between the axes' ends. */
function painted(data, layout, width) {
  // Marks that tell something when they are pointed at stay marks.
  const many = data.filter((trace) => trace.mode === "markers" && trace.hoverinfo === "skip"
    && trace.x.length > PAINTED);
  if (!many.length) return data;
  // About the size of the area that the axes leave: round marks stay round enough.
  const [wide, high] = [Math.max(200, width - 80), layout.height - 110];
  const sharp = 2;
  const canvas = el("canvas", {width: wide * sharp, height: high * sharp});
  const pen = canvas.getContext("2d");
  pen.scale(sharp, sharp);
  const [[left, right], [low, top]] = [layout.xaxis.range, layout.yaxis.range];
  for (const {x, y, marker} of many) {
    pen.fillStyle = pen.strokeStyle = marker.color;
    pen.globalAlpha = 0.5;
    const of = (value, i) => (Array.isArray(value) ? value[i] : value);
    x.forEach((at, i) => {
      if (at === null || y[i] === null) return;
      const [a, b] = [(at - left) / (right - left) * wide, (top - y[i]) / (top - low) * high];
      const [half, symbol] = [of(marker.size, i) / 2, of(marker.symbol, i)];
      pen.beginPath();
      if (symbol.startsWith("diamond")) {
        pen.moveTo(a, b - half);
        for (const [dx, dy] of [[half, 0], [0, half], [-half, 0]]) pen.lineTo(a + dx, b + dy);
        pen.closePath();
      } else {
        pen.arc(a, b, half, 0, 7);
      }
      if (symbol.endsWith("open")) pen.stroke();
      else pen.fill();
    });
  }
  layout.images = [{
    source: canvas.toDataURL(), xref: "x", yref: "y", x: left, y: top,
    sizex: right - left, sizey: top - low, sizing: "stretch", layer: "above",
  }];
  // A point nowhere keeps the legend's entry.
  const first = (value) => (Array.isArray(value) ? value[0] : value);
  return data.map((trace) => (many.includes(trace) ? {
    ...trace, x: [null], y: [null], customdata: [],
    marker: {...trace.marker, symbol: first(trace.marker.symbol), size: 12},
  } : trace));
}
"""
