"""What the page of a statement says, and how it looks on a screen and on paper."""

TEMPLATE = """\
{%- extends "document" %}
{%- block head %}
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
{%- endblock %}
{%- block header %}
  {%- if not signed %}
  <p class="warning"><strong>Not signed.</strong> The ledger's private key was not at hand:
  what stands here counts as far as it is checked against the ledger.</p>
  {%- endif %}
  <p class="result">{{ earned }}</p>
  <p class="facts">Run {{ run }}. {{ counts }}
  {% if closed %}The run has come to its end.{% else %}The run had not come to its end: this is
  up to round {{ settled }}, the last that was settled.{% endif %}</p>
{%- endblock %}
{%- block main %}
<p>{{ why }}</p>
<p class="hint over">The table goes on to the side.</p>
<div class="scroll" tabindex="0" role="region" aria-label="Rounds">
<table{% if dense %} class="dense"{% endif %}>
  <thead><tr>

    <th scope="col">Round</th>
    <th class="number" scope="col">Examples</th>
    <th class="number" scope="col" colspan="2">Weight</th>
    <th class="number" scope="col">Earned</th>
    <th scope="col">Status</th>
    <th scope="col">Why</th>
  </tr></thead>
  {%- for group in told %}
  <tbody>
  {%- for row in group.rows %}
  <tr>
    <td>{{ row.rounds }}</td>
    <td class="number">{{ row.examples }}</td>
    <td class="bar" aria-hidden="true"><div>
      <span style="width: {{ row.bar }}%"></span>
      {%- if row.equal is not none %}<i style="left: {{ row.equal }}%"></i>{% endif -%}
    </div></td>
    <td class="number">{{ row.weight }}</td>
    <td class="number">{{ row.earned }}</td>
    {%- if loop.first %}
    <td rowspan="{{ group.rows | length }}">{{ group.status }}</td>
    <td class="why" rowspan="{{ group.rows | length }}">{{ group.why }}</td>
    {%- endif %}
  </tr>
  {%- endfor %}
  </tbody>
  {%- endfor %}
</table>
</div>
<p class="note">A round's number is that of its entry in the ledger. Weight: share of the
round's step; the line is an equal share. Earned: micro-units of the round's pool, by weight.
On average: over the round's valid replies. Counted: its update went into the
round's step. Left out: it came, and the rule gave it no weight; absent: it had no node to ask.
{%- if judged %} Evidence is in nats: 1 more makes the odds that an update is kept 2.7 times
what they were.{% endif %} Where rounds have one reason its numbers are means
over them
{%- if joined %}, and where they share a row its weight is; they earned together what stands
there{% endif %}; the file has those of each.
{%- if not bound %} The ledger is of an older form: it does not stand for examples and
reasons.{% endif %}
{%- if credentials %} Credentials that were refused: {{ credentials }}.{% endif %}</p>
<h2>How to check it</h2>
<p>The statement is the file <code>{{ name }}</code>{% if signed %}, signed with the ledger's
key{% endif %}; this page says the same to people. With the run's folder, or its ledger
alone; the second line checks that ledger itself:</p>
<pre>anml statement verify {{ name }} --run RUN --key SERVER.pub
anml ledger verify LEDGER --key SERVER.pub</pre>
<dl>
  <dt>Public key</dt><dd><code>{{ key }}</code></dd>
  <dt>Ledger's head</dt><dd><code>{{ head }}</code>, of {{ entries }} entries</dd>
  <dt>File's SHA-256</dt><dd><code>{{ sha256 }}</code></dd>
</dl>
<p class="note">Compare the public key with one that the server gave you before, in another
way. docs/statements.md says what a statement proves, and how standard tools check it.</p>
{%- endblock %}
"""

STYLE = """
main > h2 { margin-top: 2rem; }
code { font-size: .85em; }
pre { white-space: pre-wrap; }
td.why { min-width: 16rem; white-space: normal; }
/* Borders, which are printed where backgrounds are not. */
.bar div { height: 1.2em; position: relative; width: 5rem; }
.bar span { border-top: .7em solid var(--accent); left: 0; position: absolute; top: .35em; }
.bar i { border-left: 2px solid var(--ink); height: 1.2em; position: absolute; top: .1em; }
@media (min-width: 760px) { .over { display: none; } }
@media (max-width: 600px) { .bar div { width: 2.5rem; } }
@page { margin: 11mm 12mm; size: A4; }
@media print {
  :root {
    color-scheme: light; --accent: #888; --grid: #bbb; --ground: #fff; --ink: #000;
    --muted: #000; --raised: #fff; --warning: #000;
  }
  body { font-size: 8.5pt; line-height: 1.35; max-width: none; padding: 0; }
  h1 { font-size: 14pt; margin: 0 0 1.5mm; }
  h2, main > h2 { break-after: avoid; font-size: 10pt; margin: 3mm 0 1mm; }
  p { margin: 1mm 0; max-width: none; }
  .result { font-size: 10pt; }
  .facts, .note { font-size: 7.5pt; }
  .scroll { background: none; overflow: visible; }
  .over { display: none; }
  table { font-size: 6.8pt; line-height: 1.18; margin: 1.5mm 0; }
  th, td { padding: .35mm 1.2mm; }
  td.why { min-width: 0; }
  td:first-child, th:first-child { position: static; }
  tr { break-inside: avoid; }
  .dense { font-size: 5.6pt; line-height: 1.15; }
  .dense :is(th, td) { padding-block: .2mm; }
  .warning { margin: 1mm 0; padding: 1mm 2mm; }
  .bar div { height: 1em; width: 16mm; }
  .bar span { top: .25em; }
  .bar i { border-left-width: 1px; height: 1em; }
  pre { border: 1px solid #bbb; font-size: 7.5pt; margin: 1mm 0; padding: 1mm 2mm; }
  dl { gap: .5mm 3mm; margin: 1.5mm 0; }
}
"""
