"""The paper's tables and figures: what their page says, section by section."""

TEMPLATE = """\
{%- extends "plotted" %}
{%- from "parts" import figure, table %}

{%- macro contents(sections) %}
  <nav class="contents" aria-label="Contents">
    <p><button type="button" data-unfold="all" hidden>Open all</button>
    <button type="button" data-unfold="none" hidden>Fold all</button></p>
    <ul>
    {%- for section in sections %}
      <li><a href="#{{ section.anchor | anchor }}">{{ section.title | visible }}</a></li>
    {%- endfor %}
    </ul>
  </nav>
{%- endmacro %}

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

{%- block lead %}
  {%- if warning %}
  <p class="warning"><strong>Caution:</strong> {{ warning | visible }}</p>
  {%- endif %}
{{ contents(sections) }}
{%- endblock %}

{%- block main %}
{%- for section in sections %}
<details class="section"{{ " open" if loop.first }}>
<summary><h2>{{ section.title | visible }}</h2></summary>
<section id="{{ section.anchor | anchor }}">
{{ blocks(section.blocks) }}
</section>
</details>
{%- endfor %}
{%- endblock %}
"""
