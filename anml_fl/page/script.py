"""The page's own script: tables, plots as they come into view, light and dark."""

from anml_fl.page.elements import ELEMENTS
from anml_fl.page.fitting import FITTING
from anml_fl.page.painting import PAINTING
from anml_fl.page.table import TABLE

_PAGE = r"""
  const content = (id) => document.getElementById(id)?.textContent;
  const texts = JSON.parse(content("texts") ?? "[]");

  /** Take apart what was written by places in the texts, and by columns. */
  const unpacked = (value) => {
    if (Array.isArray(value)) {
      return value.some((one) => typeof one === "object") ? value.map(unpacked) : value;
    }
    if (value === null || typeof value !== "object") return value;
    const [name, ...more] = Object.keys(value);
    if (name === "texts" && (!more.length || value.at)) {
      const own = value.texts.map((place) => texts[place]);
      return value.at?.map((which) => own[which]) ?? own;
    }
    if (!more.length && name === "columns") {
      const columns = value.columns.map(unpacked);
      return columns[0].map((_, row) => columns.map((column) => column[row]));
    }
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, unpacked(one)]));
  };

  // ── Tables with more rows than are shown at first ─────────────────────────────────────────
  const numeric = (text) => parseFloat(text.replaceAll(",", "").replace("−", "-"));
  for (const place of document.querySelectorAll("[data-rows]")) {
    const {label, titles, columns} = JSON.parse(content(place.dataset.rows));
    const cells = columns.map(unpacked);
    new DataTable(place, {
      label,
      columns: titles.map(([title, kind], k) => ({
        title,
        number: kind === "number",
        className: kind,
        text: (i) => cells[k][i],
        value: (i) => (kind === "number" ? numeric(cells[k][i]) : cells[k][i]),
      })),
    }).show(cells[0].length);
  }

  // ── Tables that are wider than the page, which those above say by themselves ──────────────
  const sides = new ResizeObserver((entries) => {
    for (const {target} of entries) {
      target.previousElementSibling.hidden = target.scrollWidth <= target.clientWidth + 1;
    }
  });
  for (const place of document.querySelectorAll("main .scroll")) {
    if (place.closest("[data-rows]")) continue;
    place.before(el("p", {
      className: "hint over", textContent: "The table goes on to the side.", hidden: true,
    }));
    sides.observe(place);
  }

  // ── Folded sections ───────────────────────────────────────────────────────────────────────
  const unfold = (open) => {
    for (const one of document.querySelectorAll("details.section")) one.open = open;
  };
  // Where a link leads is opened, also by a browser that does not do so by itself.
  const open = () => {
    const to = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const folded = to?.closest("details");
    if (!folded || folded.open) return;
    folded.open = true;
    to.scrollIntoView();
  };
  addEventListener("hashchange", open);
  open();
  for (const button of document.querySelectorAll("[data-unfold]")) {
    button.hidden = false;
    button.addEventListener("click", () => unfold(button.dataset.unfold === "all"));
  }

  // ── Plots ─────────────────────────────────────────────────────────────────────────────────
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const coarse = matchMedia("(pointer: coarse)");
  const templates = JSON.parse(content("templates"));
  const config = {
    displaylogo: false,
    modeBarButtons: [["toImage", "resetScale2d"]],
    // On a narrow page the buttons would lie on the legend.
    displayModeBar: matchMedia("(min-width: 700px)").matches ? "hover" : false,
  };

  /** Make what draws a figure; its views are read when it is drawn first. */
  const drawing = (figure) => {
    const [chooser, slider, shown, note, target] =
      ["select", "input", "output", ".decision", ".plot"].map((s) => figure.querySelector(s));
    let groups, drawnAt;

    const draw = () => {
      drawnAt = target.clientWidth;
      groups ??= JSON.parse(content(figure.dataset.plot));
      const views = groups[chooser ? Number(chooser.value) : 0].views;
      if (slider) slider.max = views.length - 1;  // also pulls the value back into range
      const view = views[slider ? Number(slider.value) : views.length - 1];
      if (shown) shown.textContent = view.label;
      if (slider) slider.setAttribute("aria-valuetext", "round " + view.label);
      if (note) note.textContent = view.note;
      // Copies: plotly writes into what it is given.
      const layout = structuredClone(view.layout);
      layout.template = dark.matches ? templates.dark : templates.light;
      // On a touch screen a drag must scroll the page, not zoom the plot.
      layout.dragmode = coarse.matches ? false : "zoom";
      const width = roomy(target, layout);
      fitted(layout, width);
      const data = painted(structuredClone(unpacked(view.data)), layout, width);
      Plotly.react(target, data, layout, config);
    };

    for (const control of [chooser, slider]) {
      if (control) control.addEventListener("input", draw);
    }
    // Again where the page has another width, or what is unfolded finds another one.
    let asked;
    new ResizeObserver(() => {
      clearTimeout(asked);
      if (!drawnAt || !target.clientWidth || target.clientWidth === drawnAt) return;
      asked = setTimeout(draw, 100);
    }).observe(target);
    return draw;
  };

  // A plot takes a while: those in view are drawn first, the others as the reader comes near
  // or has nothing else to do, and all of them before the page is printed.
  const waiting = new Map();
  const drawn = new Set();
  const drawNow = (figure) => {
    const draw = waiting.get(figure);
    waiting.delete(figure);
    near.unobserve(figure);
    if (!draw) return;
    drawn.add(draw);
    draw();
  };
  // One at a time: what the reader does meanwhile is answered between two.
  const coming = [];
  const drawNext = () => {
    drawNow(coming.shift());
    if (coming.length) setTimeout(drawNext);
  };
  const near = new IntersectionObserver((entries) => {
    const idle = !coming.length;
    coming.push(...entries.filter((one) => one.isIntersecting).map((one) => one.target));
    if (idle && coming.length) drawNext();
  }, {rootMargin: "600px"});
  const rest = () => {
    // What is folded away has no width to be drawn at.
    const next = [...waiting.keys()].find((figure) => figure.checkVisibility());
    if (next) {
      drawNow(next);
      setTimeout(rest, 50);
    }
    else {
      document.documentElement.dataset.drawn = Math.round(performance.now());
    }
  };
  // Tables are there before what draws the plots is, which is most of the page.
  addEventListener("load", () => {
    for (const figure of document.querySelectorAll("figure[data-plot]")) {
      waiting.set(figure, drawing(figure));
      near.observe(figure);
    }
    addEventListener("beforeprint", () => {
      unfold(true);
      [...waiting.keys()].forEach(drawNow);
    });
    dark.addEventListener("change", () => drawn.forEach((draw) => draw()));
    requestAnimationFrame(() => setTimeout(() => {
      // How long the page took to open, for who measures it.
      document.documentElement.dataset.opened = Math.round(performance.now());
      setTimeout(rest, 100);
    }));
  });
"""

SCRIPT = f'"use strict";\n(() => {{{ELEMENTS}{TABLE}{PAINTING}{FITTING}{_PAGE}}})();\n'
