"""What the page says of why each contributor counted as it did."""

SECTION = """\
<h2>Why each counted as it did, under {{ lead }}</h2>
{% for one in why_ends -%}
<p class="decision">{{ one }}</p>
{%- endfor %}
{% if why_plot -%}
<p>What made a weight took it from an equal share, each factor by its part (Shapley's value).
Parts to the right counted for a contributor, parts to the left against it; they sum to what
lies between its weight and an equal share.</p>
{{ figure(why_plot, "What made each weight",
        "By factor, in percentage points; the diamond is their sum. "
        ~ (mark ~ ": attackers. " if attacked)
        ~ "The table below has the same numbers over all rounds." ~ why_plot.thinned,
        choose="Of") }}
{%- endif %}
{{ folded(why_over | folded("why-over", "Why each counted as it did, over all rounds")) }}
{% if not why_known -%}
<p class="note">A setting of this run that weights depend on cannot be read: what would have
been otherwise is not said.</p>
{%- endif %}
{% if why_rounds > 1 -%}
<p class="note">Here are the reasons over all rounds and in the last one. Those of any other
round, where the folder {{ run_name }} lies:
<code>anml explain {{ run_name }} --round N</code>, N from
1 to {{ last_number }}, or the live page: <code>anml page {{ run_name }}</code>.</p>
{%- endif %}
<details>
  <summary>All of it in sentences, over all rounds</summary>
  {{ folded(why_told | folded("why-told", "Over all rounds, in sentences")) }}
  {%- if why_told.total > why_told.rows | length %}
  <p class="note">{{ why_told.rows | length }} of {{ why_told.total }} are told of here: those
  with the most and the least weight; <code>anml explain</code> tells of any.</p>
  {%- endif %}
</details>
<details>
  <summary>All of it in sentences, in round {{ last_number }}</summary>
  {{ folded(why_last | folded("why-last", "In the last round, in sentences")) }}
</details>
"""
