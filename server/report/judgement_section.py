"""What the page says of the evidence on each contributor, around its figure and tables."""

SECTION = """\
{% if judged -%}
<h2>Why {{ judged.strategy }} weighed whom how, in round {{ judged.number }}</h2>
<p>Each kind of evidence speaks for a contributor or, below 0, against it, in nats. Their sum
l, which is limited, {% if registry -%}
the base rate and what its v and r are worth
{%- else %}and the base rate{% endif %} make the posterior: the probability that it is to be
kept. Its weight is its share of the examples, as far as the evidence bears it out, times the
posterior.</p>
<p class="decision">{{ judged.root }}</p>
{% if judged.apart -%}
<p>{{ judged.apart }}</p>
{%- endif %}
<p>{{ judged.influence }}</p>
{% if judged.nobody -%}
<p class="note">{{ judged.nobody }}</p>
{% elif judged.left_out.total -%}
<h3>Who was left out, and why</h3>
{{ folded(judged.left_out | folded("doubted", "Who was left out, and why")) }}
{% if judged.left_out.total > judged.left_out.rows | length -%}
<p class="note">{{ judged.left_out.rows | length }} of {{ judged.left_out.total }} are shown;
all stand in rounds.jsonl.</p>
{%- endif %}
{%- else %}<p class="note">Nobody who sent a valid reply was left out.</p>
{%- endif %}
{{ figure(posteriors, "Posterior by contributor over the rounds",
        "Probability that a contributor is to be kept, by evidence and credentials. "
        ~ (mark ~ ": attackers. " if attacked)
        ~ "A cross: left out of the round's model. Point at a mark for what made it so."
        ~ posteriors.thinned) }}
<h3>The evidence in round {{ judged.number }}</h3>
<p class="facts">{{ judged.facts }}</p>
{{ folded(judged.table | folded("evidence", "The evidence")) }}
{%- endif %}
"""

TERMS = """\
  {%- if judged %}
  <dt>Evidence</dt><dd>log-likelihood ratios of one to be kept over one to be left out, each
  remembered over the rounds; 1 nat multiplies the odds by 2.7. No credential is in it</dd>
  <dt>Company</dt><dd>whether the common model does better on the trusted rows with this
  update in it than without, beside the others'</dd>
  <dt>Root direction</dt><dd>whether an update goes the way in which the trusted rows would
  take the model</dd>
  <dt>Trusted rows</dt><dd>rows whose labels the server goes by: given to it, or held out of
  the sites' own tables, whose labels nobody has checked then</dd>
  <dt>Posterior</dt><dd>the probability that an update is to be kept: above 30 % it is</dd>
  <dt>Base rate</dt><dd>log-odds that a contributor is to be kept, before anything is known
  of it</dd>
  {%- if registry %}
  <dt>Worth of v, r</dt><dd>what such credentials went with among the others, at a limit</dd>
  {%- endif %}
  <dt>Copies</dt><dd>contributors that send the same update share one weight</dd>
  <dt>Length</dt><dd>of its update, where the round's middle update has length 1; updates are
  cut off at 2</dd>
  <dt>Part at most</dt><dd>how far it could have moved the round's step, whatever it had sent,
  in lengths of the middle update: what updates are cut off at, had its own been the longest,
  times the largest share that it can have</dd>
  {%- endif %}
"""
