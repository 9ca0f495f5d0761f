"""The page as a Jinja2 template, in a .py file since Flower bundles no .html.

Everything is escaped but what is marked `safe`: our own style and scripts, plotly.js, and
JSON from `untrusted.inline_json`.
"""

TEMPLATE = """\
{%- macro grid(table) %}
<div class="scroll" tabindex="0" role="region" aria-label="Table">
<table>
  <thead><tr>
    {%- for title, kind in table.columns %}<th class="{{ kind }}">{{ title | visible }}</th>
    {%- endfor -%}
  </tr></thead>
  <tbody>
  {%- for row in table.rows %}
  {%- set link = table.link(loop.index0) %}
  <tr>
    {%- for cell in row -%}
    <td class="{{ table.columns[loop.index0][1] }}">
    {%- if loop.first and link %}<a href="#{{ link | anchor }}">{{ cell | visible }}</a>
    {%- else %}{{ cell | visible }}{% endif %}</td>
    {%- endfor -%}
  </tr>
  {%- endfor %}
  </tbody>
</table>
</div>
{%- endmacro %}

{%- macro drawing(plot) %}
<figure data-plot="data-{{ plot.name }}" aria-label="{{ plot.title }}">
  {%- if plot.views | length > 1 %}
  <div class="controls">
    <label>Show
      <select autocomplete="off">
        {%- for label in plot.views %}
        <option value="{{ loop.index0 }}">{{ label | visible }}</option>
        {%- endfor %}
      </select>
    </label>
  </div>
  {%- endif %}
  <div class="plot"></div>
  <figcaption>{{ plot.caption }}</figcaption>
</figure>
<script type="application/json" id="data-{{ plot.name }}">{{ plot | plotted | safe }}</script>
{%- endmacro %}

{%- macro blocks(items) %}
{%- for block in items %}
{%- if block.kind == "text" %}
<p{% if block.muted %} class="note"{% endif %}>{{ block.text | visible }}</p>
{%- elif block.kind == "heading" %}
<h3>{{ block.title | visible }}</h3>
{%- elif block.kind == "grid" %}{{ grid(block) }}
{%- elif block.kind == "drawing" %}
<h3>{{ block.title }}</h3>
{{ drawing(block) }}
{%- else %}
<details>
  <summary>{{ block.title | visible }}</summary>
  {{ blocks(block.blocks) }}
</details>
{%- endif %}
{%- endfor %}
{%- endmacro -%}

<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{{ policy }}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<link rel="icon" href="data:,">
<style>{{ style | safe }}</style>
</head>
<body>
<header>
  <h1>{{ title }}</h1>
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
</header>
<main>
{%- for section in sections %}
<section id="{{ section.anchor | anchor }}">
<h2>{{ section.title | visible }}</h2>
{{ blocks(section.blocks) }}
</section>
{%- endfor %}
</main>
<script type="application/json" id="templates">{{ templates | safe }}</script>
<script>{{ plotly | safe }}</script>
<script>{{ script | safe }}</script>
</body>
</html>
"""
