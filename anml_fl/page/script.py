"""The page's own script: choose a view, draw it, follow light and dark."""

SCRIPT = r"""
"use strict";
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const coarse = matchMedia("(pointer: coarse)");
  const templates = read("templates");
  const config = {
    displaylogo: false,
    responsive: true,
    modeBarButtons: [["toImage", "resetScale2d"]],
    // On a narrow page the buttons would lie on the legend.
    displayModeBar: matchMedia("(min-width: 700px)").matches ? "hover" : false,
  };

  for (const figure of document.querySelectorAll("figure[data-plot]")) {
    const groups = read(figure.dataset.plot);
    const [chooser, slider, shown, note, target] =
      ["select", "input", "output", ".decision", ".plot"].map((s) => figure.querySelector(s));

    const draw = () => {
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
      Plotly.react(target, structuredClone(view.data), layout, config);
    };

    for (const control of [chooser, slider]) {
      if (control) control.addEventListener("input", draw);
    }
    dark.addEventListener("change", draw);
    draw();
  }
})();
"""
