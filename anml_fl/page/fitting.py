"""What makes a plot fit its page: lines of axis titles, and the width that columns need."""

FITTING = r"""
// ── Plots that fit ──────────────────────────────────────────────────────────────────────────

/** Give a plot as much width as its layout says that it needs: a narrow page scrolls it. */
function roomy(target, layout) {
  const least = layout.meta?.least ?? 0;
  const width = Math.max(target.clientWidth, least);
  layout.width = width;
  target.removeAttribute("tabindex");
  if (width > target.clientWidth) {
    // Whoever has no pointer scrolls it by keys.
    target.tabIndex = 0;
    target.setAttribute("role", "group");
    target.ariaLabel = `${target.closest("figure").ariaLabel}, scrolls`;
  }
  return width;
}

/** Break the x axis' title by words: plotly would let it run out of sight. */
function fitted(layout, width) {
  const title = layout.xaxis?.title;
  if (!title?.text) return;
  const pen = el("canvas").getContext("2d");
  const measured = (text, size) => {
    pen.font = `${size}px ${layout.template.layout.font.family}`;
    return pen.measureText(text).width;
  };
  // Beside the axis stand its neighbour's labels and title.
  const beside = (layout.yaxis?.ticktext ?? []).map((text) => measured(text, 12));
  const room = width - 40 - Math.max(40, ...beside);
  const lines = [];
  for (const word of title.text.split(" ")) {
    const longer = lines.length ? `${lines.at(-1)} ${word}` : word;
    if (lines.length && measured(longer, 13) <= room) {
      lines[lines.length - 1] = longer;
    } else {
      lines.push(word);
    }
  }
  title.text = lines.join("<br>");
}
"""
