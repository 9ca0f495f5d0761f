"""The live page: its parts before its script has filled them in."""

TEMPLATE = """\
{%- extends "document" %}
{%- block head %}
<meta name="viewport" content="width=device-width, initial-scale=1">
<script type="module" src="{{ script }}"></script>
{%- endblock %}
{%- block title %}{{ title }} — live{% endblock %}
{%- block header %}
  <p class="result" id="words">Asking the server how far the run is …</p>
  <p class="facts" id="facts"></p>
  <p class="facts" id="ledger"></p>
  <p class="connection" id="connection" role="status">Connecting …</p>
  <p class="sr" id="announced" aria-live="polite"></p>
  <noscript><p class="warning">This page follows the run by JavaScript, which is off here. The
  <a href="report.html">report</a> of a finished run has its tables without it.</p></noscript>
{%- endblock %}
{%- block main %}
<section class="controls bar" id="bar" aria-label="What is shown" hidden>
  <label>Strategy <select id="strategy" autocomplete="off"></select></label>
  <div id="time" class="time">
    <label>Round <input type="range" min="0" max="0" step="1" value="0" autocomplete="off"
      disabled><output>none yet</output></label>
    <button type="button" aria-pressed="true">Live</button>
  </div>
</section>
<p class="decision" id="decision">No round has ended yet.</p>

<div class="pair">
<section id="curve" aria-labelledby="by-round" hidden>
  <h2 id="by-round">By round</h2>
  <p class="hint" id="claims-words" hidden>The server has no rows to test on: these are the
  sites' own claims of each round's model, on rows of their own. Nobody can check them.</p>
  <div id="curves"></div>
  <p class="hint">Press on a round to see it below.</p>
</section>
<section id="gate-view" aria-labelledby="gate" hidden>
  <h2 id="gate">Consistency against external signals</h2>
  <div id="scatter"></div>
  <p class="hint" id="gate-words"></p>
</section>
</div>

<section aria-labelledby="people">
  <h2 id="people">Contributors</h2>
  <p id="missing"></p>
  <p id="missing-then" hidden></p>
  <p id="ends" class="of-round" hidden></p>
  <p id="apart" hidden></p>
  <p id="influence" hidden></p>
  <p class="hint of-round" hidden>Press a name for all that is known of why it counted as it
  did, and of what would have changed it.</p>
  <div id="contributors" class="of-round" hidden></div>
  <details class="of-round" hidden>
    <summary>What the columns mean</summary>
    <dl>
      <dt>Weight</dt><dd>share of this contributor's update in the round's model</dd>
      <dt>q</dt><dd>how near its update lies to the others'</dd>
      <dt class="of-registry">v, r</dt><dd class="of-registry">how its contributions were
      verified, and its reputation, as the registry has them; s = v · r is the external
      signal</dd>
      <dt>T</dt><dd>how fresh its contribution is</dd>
      <dt>Own error</dt><dd>how the run's final model does on this contributor's own test rows,
      once the run has ended</dd>
      <dt>Posterior</dt><dd>the probability that it is to be kept, by the evidence and by its
      credentials: above 30 % it is</dd>
      <dt>Evidence</dt><dd>what speaks for it or, below 0, against it; 1 nat multiplies the
      odds by 2.7</dd>
      <dt>Company</dt><dd>whether the common model does better on the trusted rows with its
      update than without, beside the others'</dd>
      <dt>Root direction</dt><dd>whether its update goes the way in which the trusted rows
      would take the model</dd>
      <dt>Trusted rows</dt><dd>rows whose labels the server goes by: given to it, or held out
      of the sites' own tables, whose labels nobody has checked then</dd>
      <dt>Part at most</dt><dd>how far it could have moved the round's step, whatever it had
      sent, in lengths of the round's middle update</dd>
      <dt>Earned so far</dt><dd>the sum of its payouts, its parts of the rounds' pools, up to
      the round that is shown</dd>
      <dt>—</dt><dd>no number, since no valid reply came</dd>
    </dl>
  </details>
</section>

<div class="pair">
<section class="of-round" aria-labelledby="weights" hidden>
  <h2 id="weights">Weight over the rounds</h2>
  <p class="hint">The twenty with the most weight, the least, and those whose weight changed
  most; a cross: no weight, which is not a weight of 0.</p>
  <div id="heat"></div>
</section>
<div>
<section class="of-round" aria-labelledby="pay" hidden>
  <h2 id="pay">Earned so far</h2>
  <p class="note" id="paid"></p>
  <div id="payouts"></div>
</section>
<section id="strategies-view" aria-labelledby="strategies-title" hidden>
  <h2 id="strategies-title">Strategies</h2>
  <div id="strategies"></div>
</section>
<section aria-labelledby="files-title">
  <h2 id="files-title">Files</h2>
  <ul class="files" id="files"></ul>
</section>
</div>
</div>

<dialog id="history" aria-labelledby="history-name">
  <button type="button" class="close">Close</button>
  <h2 class="name" id="history-name"></h2>
  <p class="facts"></p>
  <section class="why" aria-labelledby="history-why" aria-live="polite">
    <h3 id="history-why"></h3>
    <p class="told"></p>
    <div class="pair"><div class="parts"></div><div class="otherwise"></div></div>
  </section>
  <h3>Over the rounds</h3>
  <div class="curve"></div>
  <div class="table"></div>
</dialog>
{%- endblock %}
"""
