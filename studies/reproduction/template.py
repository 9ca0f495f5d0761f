"""The paper's tables and figures: what their page says, section by section."""

TEMPLATE = """\
{%- extends "plotted" %}
{%- from "parts" import figure, table %}

{%- macro blocks(items) %}
{%- for block in items %}
{%- if block.kind == "text" %}
<p{% if block.muted %} class="note"{% endif %}>{{ block.text | visible }}</p>
{%- elif block.kind == "heading" %}
<h3>{{ block.title | visible }}</h3>
{%- elif block.kind == "grid" %}{{ table(block | linked) }}
{%- elif block.kind == "drawing" %}
<h3>{{ block.title }}</h3>
{{ figure(block | drawn, block.title, block.caption, "Show") }}
{%- else %}
<details>
  <summary>{{ block.title | visible }}</summary>
  {{ blocks(block.blocks) }}
</details>
{%- endif %}
{%- endfor %}
{%- endmacro %}

{%- block header %}
  {%- if warning %}
  <p class="caution"><strong>Caution:</strong> {{ warning | visible }}</p>
  {%- endif %}
  <noscript><p>The plots need JavaScript; the tables do not.</p></noscript>
  <nav aria-label="Contents"><p class="facts">
  {%- for section in sections -%}
  {%- if not loop.first %} · {% endif -%}
  <a href="#{{ section.anchor | anchor }}">{{ section.title | visible }}</a>
  {%- endfor -%}
  </p></nav>
{%- endblock %}

{%- block main %}
{%- for section in sections %}
<section id="{{ section.anchor | anchor }}">
<h2>{{ section.title | visible }}</h2>
{{ blocks(section.blocks) }}
</section>
{%- endfor %}
{%- endblock %}
"""
