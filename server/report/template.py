"""The report of a run: what its page says, around its figures and tables."""

from server.report.judgement_section import SECTION, TERMS
from server.report.why_section import SECTION as WHY

_HEAD = """\
{%- extends "plotted" %}
{%- from "parts" import figure, table %}
{%- from "folding" import folded %}
{%- block title %}{{ title }} — run report{% endblock %}
{%- block lead %}
  {%- if warning %}
  <p class="warning" role="alert"><strong>Do not rely on this page.</strong> {{ warning }}</p>
  {%- endif %}
  <p class="result">{{ result }}</p>
  {%- if apart %}
  <p>{{ apart }}</p>
  {%- endif %}
  <p class="facts">{{ facts }}</p>
{%- endblock %}
{%- block main %}
<h2>The run</h2>
{{ table(overview, lead, label="The run") }}
{% if imbalance %}<p class="note">{{ imbalance }}</p>
{% endif %}
{% if error or not (claims or app_score) -%}
<h2>{{ criterion.title | sentence }} by round</h2>
{% endif -%}
{% if error -%}
{{ figure(error, criterion.title | sentence ~ " by round",
        (criterion.name | sentence) ~ " of each round's model on "
        ~ tested_on ~ "; " ~ criterion.better ~ " is better.") }}
{%- elif not (claims or app_score) %}<p class="note">No round of this run was tested
{%- if app %}: the app gave its strategy no <code>evaluate_fn</code> that says how good a model
is{% endif %}.</p>{% endif %}

{% if by_class.rows -%}
<h2>Error by class</h2>
<p>Of the final model: the share of each class's test rows that it takes for another class. The
mean can fall while one class, and whoever holds it, bears the errors.</p>
{{ folded(by_class | folded("classes", "Error by class")) }}
{% if by_class.total > by_class.rows | length -%}
<p class="note">The {{ by_class.rows | length }} of {{ by_class.total }} classes in which
{{ lead }} errs most are shown; all stand in summary.json.</p>
{%- endif %}
{%- endif %}

{% if app_score -%}
<h2>The app's own test by round</h2>
{{ figure(app_score, "The app's own test by round",
        "What its evaluate_fn said of each round's model: the loss, or else the first number
        that is neither an error nor an accuracy. Only the app knows which side is better.") }}
{%- endif %}

{% if claims -%}
<h2>What the {{ sites }} say of the model</h2>
<p>{% if app %}Contributors tested each round's model on examples of their own.{% else %}The
server has no rows to test on. Each site tested each round's model on
{{ claimed_on }}.{% endif %} These are the {{ sites }}' own claims: nobody can check
them, and no weight or payout follows from them. The median moves little as long as most tell
the truth.</p>
{% if claims_plot -%}
{{ figure(claims_plot, "Claims by round",
        "The median over the " ~ sites ~ " of what they claim"
        ~ ("; " ~ claimed_better ~ " is better." if claimed_better else ".")) }}
{%- endif %}
{{ folded(claims | folded("claims", "What each claims of the model")) }}
{% if claims.total > claims.rows | length -%}
<p class="note">{{ claims.rows | length }} of {{ claims.total }} lines are shown; all stand in
each strategy's claims.jsonl.</p>
{%- endif %}
{%- endif %}

"""

_FIGURES = """\
{% if gate or not (judged or branches) -%}
<h2>Consistency against external signals</h2>
{% endif -%}
{% if gate -%}
<p>The paper's Figure 6. When {% if known %}honest contributors stand high on both axes and
attackers low{% else %}some stand high on both axes and others low on both{% endif %},
q and s are correlated and the external signals can be trusted.</p>
{{ figure(gate, "Consistency q against external signal s",
        ("Blue circles: honest. Orange diamonds: attackers."
        if attacked else "A circle for each contributor.")
        ~ " Area: weight, at least " ~ narrowest ~ " px wide.
        Filled: went into the model; hollow: did not. Dashed: stage 1 fires only if
        everyone stands to the right of tau_h."
        ~ ("" if gate_painted else " Point at a mark for its details.")
        ~ gate.thinned, decision=true) }}
{%- elif not (judged or branches) %}
<p class="note">No strategy of this run took a branch.</p>{% endif %}

<h2>Weight by contributor</h2>
{% if weights -%}
{{ figure(weights, "Weight by contributor over the rounds",
        "Share of each contributor in the round's model; the scale is that of the strategy. "
        ~ (mark ~ ": attackers. " if attacked)
        ~ "A cross: no weight, which is not a weight of 0." ~ weightless ~ weights.thinned) }}
{%- else %}<p class="note">No strategy of this run gave weights.</p>{% endif %}

{% if own_data -%}
<h2>Who gathered what, and its weight</h2>
{% if own_data_plot -%}
{{ figure(own_data_plot, "Weight beside share of the data",
        "Mean weight over the rounds. On the dashed line a contributor weighs as much as its
        samples would; below it, it counts for less. Its "
        ~ criterion.name ~ ": of the final model, on its own
        test samples.") }}
{%- endif %}
{% if judged and judged.strategy == lead -%}
<p>A weight is the number of samples, as far as the evidence bears it out, times the posterior,
as a share of the sum over all. q says how near an update lay to the others', not how good the
data are; {{ lead }} does not look at it.</p>
{%- else -%}
<p>A weight is what the strategy made of q and s, times the number of samples (if they count),
as a share of the sum over all. q says how near an update lay to the others', not how good the
data are: the farthest of a round has q = 0 and, where q alone decides, no say in it.</p>
{%- endif %}
{{ folded(own_data | folded("holdings", "Who gathered what, and its weight")) }}
{%- endif %}

{% if joining -%}
<h2>Is joining worth it?</h2>
<p>For each contributor its own model alone, with as many rounds and epochs; the federation
without it; and the federation with it, under {{ joining_by }}. {{ joining_repeats }} repeats,
each on another split with another seed. A gain above 0 is in joining's favour; ± is half of
its 95 % interval, of Student's t on paired differences, corrected for repeats that share most
of their rows. Where no other rows are named, a score or gain is on the contributor's own test
rows.</p>
{{ figure(joining_plot, "What joining gains, and what it brings the others",
        "Mean gain over the repeats with its 95 % interval. Where that crosses 0, no difference
        is shown, which does not mean that there is none.") }}
{{ folded(joining | folded("joining", "Is joining worth it?")) }}
{% if joining.total > joining.rows | length -%}
<p class="note">The {{ joining.rows | length }} of {{ joining.total }} who lose and gain the
most are shown; all stand in worth.json.</p>
{%- endif %}
{% for one in joining_left_out -%}
<p class="note">{{ one }}</p>
{%- endfor %}
{%- endif %}

{% if worth_unasked -%}
<h2>Is joining worth it?</h2>
<p class="note">This run did not ask. <code>anml run</code> with <code>--worth</code> finds
for each site whether joining helps it: it is trained alone, without and with the others.</p>
{%- endif %}

{% if reputation -%}
<h2>Reputation</h2>
<p>r moves after each round: up where an update lay near the others, down where it lay far off;
half as much where selection said otherwise.</p>
{{ figure(reputation, "Reputation by round",
        "Reputation r that each round began with"
        ~ ("; honest contributors by their median." if known
        else "; the median of all, and the twelve who moved most at most.")) }}
{{ figure(weight_curves, "Weight of the same contributors by round",
        "Their shares of each round's model; 0 where the update was not selected.") }}
{%- endif %}

{% if branches or not judged -%}
<h2>Branches</h2>
{% endif -%}
{% if branches -%}
{{ figure(branches, "Branch taken in each round",
        "Branch by round. A cross: no valid reply, so no branch.") }}
{%- elif not judged %}<p class="note">No strategy of this run took a branch.</p>{% endif %}
{% if correlation -%}
{{ figure(correlation, "Correlation of q and s by round",
        "rho_c is the correlation of q and s over the valid replies; stage 2 trusts the
        external signals above the line of tau_c. A gap: undefined.") }}
{%- endif %}

<h2>Contributors in round {{ last_number }} of {{ lead }}</h2>
{{ folded(last_round | folded("contributors", "Contributors")) }}

<h2>What each contributor earned</h2>
{% if earned is none -%}
<p class="note">Not shown: there is no ledger whose signatures hold.</p>
{%- elif earned.rows -%}
<p>Each round of {{ lead }} shares one pool by weight, in micro-units; a contributor's part of
it is its payout. What it earned is the sum of its payouts in the ledger, signed with the key
{{ key }}: compare it with the server's. To check the run yourself: <code>anml verify</code>
with the run's folder, and <code>--key</code> with the server's key, got in another way than
with the folder. Whoever has only the ledger of it checks that alone: <code>anml ledger verify
LEDGER --key SERVER.pub</code>.</p>
{{ folded(earned | folded("earned", "What each contributor earned")) }}
{%- else %}<p class="note">Nothing was earned.</p>{% endif %}
{% for one in held or () -%}
<p class="note">Round {{ one.round }}
{%- if one.state == "held" %} is held, and its {{ "{:,}".format(one.pool) }} micro-units are
not paid yet
{%- elif one.state == "released" %} was held, and its {{ "{:,}".format(one.pool) }} micro-units
were released: {{ one.decision }}. It was held since
{%- else %} was held, and is void, so that its {{ "{:,}".format(one.pool) }} micro-units are
paid to nobody: {{ one.decision }}. It was held since
{%- endif %}{{ ":" if one.state == "held" }} {{ one.why }}.</p>
{% endfor %}

{% if worth -%}
<h2>What each contributor's updates were worth</h2>
<p>A weight says how good a contributor's data look, not how much they moved the model. Beside
the settled share stand marginal values: what the test {{ valued }} of the rounds' models would
lack without its updates.</p>
{% if settled_by == "weights" -%}
<p class="note">Settled shares are by weight here, and nothing vouches for them.</p>
{%- elif earned is none -%}
<p class="note">Settled shares are not shown: there is no ledger whose signatures hold.</p>
{%- endif %}
{% if attribution -%}
{{ figure(attribution, "Settled share beside marginal values",
        "Share of what was earned, and each estimator's values divided by the sum of their
        sizes; left of 0 the updates did harm.") }}
{%- endif %}
{{ folded(worth | folded("worth", "What each contributor's updates were worth")) }}
{{ table(estimators, label="Estimators") }}
{%- endif %}

{% if registry or refused.total -%}
<h2>Credentials refused</h2>
{% endif -%}
{% if refused.total -%}
<p>Attestations that contributors showed and that do not hold: who showed them counts as
self-attested.</p>
{{ folded(refused | folded("refused", "Credentials refused")) }}
{%- elif registry %}<p class="note">None.</p>{% endif %}

<h2>Who gave no valid reply</h2>
{% if left_out.total -%}
<details>
  <summary>{{ left_out.total }} in all rounds, with reasons</summary>
  {%- if left_out.total > left_out.rows | length %}
  <p class="note">The first {{ left_out.rows | length }} are shown; the rest stand in
  each strategy's rounds.jsonl.</p>
  {%- endif %}
  {{ folded(left_out | folded("no-reply", "Who gave no valid reply")) }}
</details>
{%- else %}<p class="note">None.</p>{% endif %}

<h2>How to read this page</h2>
<dl>
  <dt>q</dt><dd>gradient consistency: how near an update lies to its neighbours</dd>
  {%- if registry %}
  <dt>v, r</dt><dd>verification and reputation; s = v · r is the external signal</dd>
  {%- else %}
  <dt>v, r</dt><dd>verification and reputation. No registry was asked in this run: they are a
  stranger's for everybody, and so is s = v · r</dd>
  {%- endif %}
  {%- if "worth" in factors %}
  <dt>Worth of v and r</dt><dd>what its credentials proved worth by the evidence on others with
  such credentials; it is a part of its weight, and no price</dd>
  {%- endif %}
  <dt>T</dt><dd>freshness: decays with the age of a contribution; scales every weight</dd>
  {%- if gate or branches %}
  <dt>rho_c</dt><dd>Pearson correlation of q and s in one round</dd>
  <dt>Gate</dt><dd>stage 1: if min s &gt; tau_h, uniform weights and no selection
  (“uniform”). Stage 2: if rho_c &gt; tau_c, a softmax blend of q and s (“blend”);
  otherwise w = q (“q only”). Here tau_h = {{ tau_h }} and tau_c = {{ tau_c }}.</dd>
  {%- endif %}
"""

_END = """\
  {%- if attacked %}
  <dt>Attacker</dt><dd>whoever is neither “honest” nor a “newcomer”, who is honest
  and not yet known</dd>
  {%- endif %}
</dl>
<p>All signals are between 0 and 1 and have no unit. Time is wall-clock time. This is one
run{% if not app %} with one seed{% endif %}: a small difference in {{ criterion.title }} may
be chance.</p>
<details>
  <summary>Settings (config.toml)</summary>
  <p class="note">Files are named without where they lay; the run's config.toml has all.</p>
  <pre tabindex="0" role="group" aria-label="Settings">{{ config }}</pre>
</details>
{%- endblock %}
"""

TEMPLATE = _HEAD + WHY + SECTION + _FIGURES + TERMS + _END
