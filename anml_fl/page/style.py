"""The page's style sheet, with the colours of both themes."""

from __future__ import annotations

from dataclasses import asdict

from anml_fl.page.theme import DARK, FONT, LIGHT, VERMILLION, Theme


def style_sheet() -> str:
    """Write the style sheet.

    Returns
    -------
    str
        CSS that follows the reader's preference for light or dark.

    Examples
    --------
    >>> "prefers-color-scheme: dark" in style_sheet()
    True
    """
    return (
        f":root {{ color-scheme: light dark; {_variables(LIGHT)} --font: {FONT};"
        f" --warning: {VERMILLION}; }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ {_variables(DARK)} }} }}\n{_RULES}"
    )


def _variables(theme: Theme) -> str:
    return " ".join(f"--{name}: {colour};" for name, colour in asdict(theme).items())


_RULES = """
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 1100px; padding: 2rem 1.5rem 4rem;
  background: var(--ground); color: var(--ink); font: 16px/1.55 var(--font);
  overflow-wrap: anywhere;
}
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .75rem; }
h2 { font-size: 1.2rem; line-height: 1.3; margin: 3rem 0 .5rem; }
h3 { font-size: 1rem; line-height: 1.4; margin: 1.75rem 0 .25rem; }
a { color: var(--accent); }
p { margin: .5rem 0; max-width: 46rem; }
.result { font-size: 1.15rem; }
.facts, .note, figcaption, .hint { color: var(--muted); font-size: .92rem; }
.decision {
  background: var(--raised); border-left: 3px solid var(--accent); color: var(--ink);
  margin: .75rem 0; min-height: 3rem; padding: .5rem .9rem;
}
.warning {
  background: var(--raised); border: 3px solid var(--warning); margin: 0 0 1rem;
  padding: .6rem .9rem;
}
figure { margin: 1rem 0 0; }
.plot { overflow: auto hidden; }
figcaption { margin-top: .4rem; }
.controls { display: flex; flex-wrap: wrap; gap: .5rem 2rem; margin: .5rem 0; }
.controls label {
  align-items: center; display: flex; gap: .6rem; max-width: 100%; min-width: 0;
  overflow-wrap: normal;
}
.controls input { accent-color: var(--accent); flex: 1; min-width: 8rem; width: 16rem; }
.controls output { font-variant-numeric: tabular-nums; min-width: 2.5em; }
select {
  background: var(--raised); border: 1px solid var(--grid); border-radius: 4px;
  color: inherit; font: inherit; max-width: 14rem; min-width: 0; padding: .2rem .4rem;
}
/* A shadow at the edge says that the table goes on there; at its end the ground hides it. */
.scroll {
  background:
    linear-gradient(90deg, var(--ground) 40%, transparent) 0 0 / 40px 100% no-repeat local,
    linear-gradient(270deg, var(--ground) 40%, transparent) 100% 0 / 40px 100% no-repeat local,
    linear-gradient(90deg, var(--shadow), transparent) 0 0 / 14px 100% no-repeat scroll,
    linear-gradient(270deg, var(--shadow), transparent) 100% 0 / 14px 100% no-repeat scroll;
  --shadow: color-mix(in srgb, var(--muted) 45%, transparent);
  margin: .75rem 0; overflow-x: auto;
}
.scroll > table { margin: 0; }
table {
  border-collapse: separate; border-spacing: 0; font-size: .92rem; margin: .75rem 0;
  min-width: 100%;
}
th, td {
  border-bottom: 1px solid var(--grid); overflow-wrap: normal; padding: .4rem .7rem;
  text-align: left; vertical-align: top;
}
th { background: var(--raised); font-weight: 600; vertical-align: bottom; }
td { white-space: nowrap; }
/* Whose row it is stays in sight while the table scrolls. */
td:first-child, th:first-child { left: 0; position: sticky; }
td:first-child { background: var(--ground); }
td.number, th.number { font-variant-numeric: tabular-nums; text-align: right; }
td.text:last-child { min-width: 13rem; overflow-wrap: anywhere; white-space: normal; }
td.words { min-width: 16rem; white-space: normal; }
tr.lead td { font-weight: 600; }
/* A table that is sorted, searched and unfolded: see table.py. */
.tools {
  align-items: center; display: flex; flex-wrap: wrap; gap: .4rem 1.5rem; margin-top: .75rem;
}
.tools label { align-items: center; display: flex; gap: .6rem; min-width: 0; }
.tools p { color: var(--muted); font-size: .92rem; margin: 0; }
input[type="search"] {
  background: var(--ground); border: 1px solid var(--muted); border-radius: 4px;
  color: inherit; font: inherit; min-width: 0; padding: .25rem .5rem; width: 14rem;
}
button {
  background: var(--raised); border: 1px solid var(--muted); border-radius: 4px;
  color: inherit; cursor: pointer; font: inherit; padding: .3rem .8rem;
}
th button {
  background: none; border: 0; font-weight: 600; min-height: 1.5rem; padding: 0;
  text-align: inherit; white-space: nowrap;
}
[hidden] { display: none !important; }
th button:hover { text-decoration: underline; }
tbody th {
  background: var(--ground); font-weight: 400; vertical-align: top; white-space: nowrap;
}
.virtual .scroll { contain: strict; height: 75vh; overflow: auto; }
.virtual thead th { position: sticky; top: 0; z-index: 2; }
.virtual tbody tr { height: 2.25rem; }
.virtual tbody :is(th, td) {
  height: 2.25rem; padding-block: 0; vertical-align: middle; white-space: nowrap;
}
.virtual tbody :is(th, td.words) {
  max-width: 24rem; overflow: hidden; text-overflow: ellipsis;
}
.virtual tr.sizer { visibility: collapse; }
.virtual tr.gap td { border: 0; height: inherit; padding: 0; }
details { border-top: 1px solid var(--grid); margin-top: 1rem; padding-top: .75rem; }
summary { cursor: pointer; font-weight: 600; }
/* Sections that open where they are asked for, and their list. */
details.section { margin-top: 0; padding: 0; }
details.section > summary { padding: .75rem 0; }
details.section > summary h2 { display: inline; margin: 0; }
details.section > section { padding-bottom: 2rem; scroll-margin-top: 4rem; }
.contents ul {
  columns: 16rem; font-size: .92rem; list-style: none; margin: .5rem 0 1rem; padding: 0;
}
.contents li { break-inside: avoid; padding: .12rem 0; }
pre {
  background: var(--raised); border-radius: 4px; font-size: .85rem; overflow-x: auto;
  padding: .9rem;
}
dl { display: grid; gap: .35rem 1rem; grid-template-columns: max-content 1fr; }
dt { font-weight: 600; }
dd { margin: 0; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
@media (min-width: 1500px) {
  /* The list stays in sight beside the text. */
  body:has(.contents) { margin-left: max(20rem, calc(50vw - 550px)); margin-right: auto; }
  .contents {
    bottom: 0; left: 1.5rem; overflow-y: auto; padding: 2rem 0; position: fixed; top: 0;
    width: 17rem;
  }
  .contents ul { columns: auto; }
}
@media (min-width: 1700px) {
  /* Wide tables and plots have the room; text keeps its width. */
  body { max-width: 1400px; }
  body:has(.contents) { margin-left: max(20rem, calc(50vw - 700px)); }
}
@media (max-width: 600px) {
  body { padding: 1.25rem .9rem 3rem; }
  h2 { margin-top: 2.25rem; }
  .controls label { width: 100%; }
  th, td { padding: .35rem .5rem; }
  td.words { min-width: 13rem; }
  td:first-child, th:first-child { max-width: 9.5rem; }
  tbody :is(th, td):first-child { overflow-wrap: break-word; white-space: normal; }
  /* A table that runs out anyway is no higher than it must be. */
  tbody :is(th, td):first-child:not(.number):nth-last-child(n + 5) { min-width: 9.5rem; }
  td.text:last-child:nth-child(n + 5) { min-width: 24rem; }
}
"""
