"""The live page's rules beyond the style sheet that all pages have."""

LIVE_STYLE = """
body { max-width: 2600px; }
.sr {
  clip-path: inset(50%); height: 1px; margin: 0; overflow: hidden; position: absolute;
  width: 1px;
}
#announced { white-space: nowrap; }
.connection { color: var(--muted); font-size: .92rem; }
.connection::before { content: "○ "; }
.connection.on::before { content: "● "; }
.connection.lost {
  background: var(--raised); border: 3px solid var(--warning); color: var(--ink);
  padding: .4rem .9rem;
}
.connection.lost::before { content: "✕ "; }
.bar {
  background: var(--ground); border-bottom: 1px solid var(--grid); margin: 1rem 0;
  padding: .5rem 0; position: sticky; top: 0; z-index: 3;
}
.bar .time { display: flex; flex: 1; flex-wrap: wrap; gap: .5rem 1rem; min-width: 0; }
.bar .time label { flex: 1; }
.bar .time input { min-width: 6rem; }
.bar output { min-width: 5.5rem; }
.bar button, dialog .close, .files a {
  background: var(--raised); border: 1px solid var(--muted); border-radius: 4px;
  color: inherit; cursor: pointer; font: inherit; padding: .2rem .8rem;
}
.bar button::before { content: "○ "; }
.bar button[aria-pressed="true"]::before { content: "● "; }
.bar button[aria-pressed="true"] {
  border-color: var(--accent); box-shadow: 0 0 0 1px var(--accent);
}
h2 { margin-top: 2rem; }
.pair > *, section { min-width: 0; }
canvas.board { display: block; height: 22rem; width: 100%; }
canvas.square { height: 26rem; max-width: 52rem; }
canvas.pressable { cursor: pointer; }
canvas.sample { height: 14px; vertical-align: middle; width: 40px; }
canvas.spark { display: block; height: 22px; width: 96px; }
.readout {
  color: var(--muted); font-size: .92rem; margin: 0; max-width: none; min-height: 1.55em;
}
.legend {
  display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; list-style: none; margin: .3rem 0;
  padding: 0;
}
.legend li { align-items: center; display: flex; gap: .4rem; }
.files { display: flex; flex-wrap: wrap; gap: .5rem; list-style: none; padding: 0; }
.files a { display: block; text-decoration: none; }
.files a:hover { text-decoration: underline; }
.virtual button.who { max-width: 100%; }
button.who {
  background: none; border: 0; color: var(--accent); cursor: pointer; font: inherit;
  max-width: 22rem; min-height: 1.5rem; overflow: hidden; padding: 0; text-align: left;
  text-decoration: underline; text-overflow: ellipsis; white-space: nowrap;
}
.because { display: none; }
/* The number first: where a narrow page cuts a cell, it is the bar that goes. */
.share { align-items: center; display: flex; flex-direction: row-reverse; gap: .5rem; }
.share > span:last-child { min-width: 4.2em; }
.gauge { background: var(--grid); flex: none; height: .55rem; width: 4rem; }
.gauge > span { background: var(--accent); display: block; height: 100%; }
.diverging { background: var(--grid); height: .7rem; min-width: 7rem; position: relative; }
.diverging::after {
  background: var(--muted); bottom: -.2rem; content: ""; left: calc(50% - 1px);
  position: absolute; top: -.2rem; width: 2px;
}
.diverging span { height: 100%; position: absolute; }
.diverging .for { background: var(--accent); left: 50%; }
.diverging .against {
  background: repeating-linear-gradient(
    45deg, var(--warning) 0 4px, transparent 4px 7px
  ); right: 50%;
}
table.small { min-width: 0; width: 100%; }
table.small caption {
  color: var(--muted); font-size: .92rem; padding: .2rem 0; text-align: left;
}
table.small :is(th, td) { padding: .25rem .5rem .25rem 0; vertical-align: middle; }
table.small td:nth-child(2):not(:last-child) { width: 40%; }
table.small th { overflow-wrap: anywhere; }
.why .told { max-width: none; }
dialog {
  background: var(--ground); border: 1px solid var(--muted); border-radius: 6px;
  color: var(--ink); max-height: 92vh; max-width: min(70rem, 96vw); overflow: auto;
  padding: 1rem 1.5rem 2rem; width: 70rem;
}
dialog::backdrop { background: rgb(0 0 0 / 50%); }
dialog h2 { margin: 0 6rem .5rem 0; }
dialog .close { float: right; }
dialog canvas.board { height: 15rem; }
@media (min-width: 1100px) {
  .pair { display: grid; gap: 0 3rem; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); }
  .pair:has(> [hidden]) { grid-template-columns: minmax(0, 1fr); }
}
@media (min-width: 1800px) { canvas.board { height: 30rem; } canvas.square { height: 34rem; } }
@media (max-width: 600px) {
  tbody th:first-child {
    max-width: 8rem; overflow-wrap: break-word; white-space: normal; z-index: 1;
  }
  button.who { max-width: 7.5rem; overflow-wrap: anywhere; white-space: normal; }
  .bar { gap: .3rem 1rem; }
  /* What decided is read without scrolling to the side. */
  .stacks:not(.virtual) :is(th, td).why { display: none; }
  .stacks:not(.virtual) .because {
    display: block; font-size: .85rem; line-height: 1.35; padding-bottom: .3rem;
  }
  .stacks:not(.virtual) tbody th:first-child { max-width: 12.5rem; min-width: 12.5rem; }
  dialog { padding: .75rem; }
}
@media (prefers-reduced-motion: no-preference) { .gauge > span { transition: width .3s; } }
"""
