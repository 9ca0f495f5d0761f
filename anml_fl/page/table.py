"""A table that a reader sorts, searches and unfolds: its script, without a dependency.

Rows are drawn from columns of values by their place, so that no object is made for each.
Above some hundred rows only those in view are in the document.
"""

TABLE = r"""
// ── A table: sorted, searched, folded; of many rows only those in view are there ────────────
// A column: {title, number?, value(i) to sort by, text(i) to search in and to show,
// fill(cell, i, first)? to show something else}. Rows are places 0 .. n - 1 of those values.

class DataTable {
  static FOLD = 20;
  static VIRTUAL = 200;

  constructor(root, {label, columns, noun = "rows", sort = null, key = null}) {
    Object.assign(this, {root, columns, noun, sort, key});
    this.count = 0;
    this.open = false;
    this.order = [];
    this.pool = [];
    this.query = "";
    this.search = el("input", {type: "search", autocomplete: "off", spellcheck: false});
    this.said = el("p", {className: "said"});
    this.said.setAttribute("role", "status");
    this.more = el("button", {type: "button", className: "more"});
    this.head = el("tr");
    this.body = el("tbody");
    this.table = el("table", {}, [el("thead", {}, [this.head]), this.body]);
    this.table.setAttribute("aria-label", label);
    this.scroll = el("div", {className: "scroll", tabIndex: 0}, [this.table]);
    this.scroll.setAttribute("role", "group");
    this.scroll.setAttribute("aria-label", label + ", scrolls");
    this.hint = el(
      "p", {className: "hint over", textContent: "The table goes on to the side."},
    );
    this.asked = el("label", {}, ["Search ", this.search]);
    // Before anything is shown there is nothing to search or to unfold.
    this.asked.hidden = this.more.hidden = this.hint.hidden = true;
    root.replaceChildren(
      el("div", {className: "tools"}, [this.asked, this.said]),
      this.hint, this.scroll, this.more,
    );
    this.search.addEventListener("input", () => {
      this.query = this.search.value.trim().toLowerCase();
      this.scroll.scrollTop = 0;
      this.arrange();
    });
    this.more.addEventListener("click", () => {
      this.open = !this.open;
      this.scroll.scrollTop = 0;
      this.arrange();
    });
    let asked = false;
    this.scroll.addEventListener("scroll", () => {
      if (asked) return;
      asked = true;
      requestAnimationFrame(() => { asked = false; this.draw(); });
    }, {passive: true});
    new ResizeObserver(() => { this.sides(); this.draw(); }).observe(this.scroll);
    this.titles();
  }

  /** Take other columns, as another strategy has; the order stays where its title stays. */
  setColumns(columns) {
    const same = columns.length === this.columns.length
      && columns.every((one, k) => one.title === this.columns[k].title);
    this.columns = columns;
    this.words = null;
    if (same) return;
    if (this.sort && !columns.some((one) => one.title === this.sort.title)) this.sort = null;
    this.pool = [];
    this.body.replaceChildren();
    this.titles();
  }

  titles() {
    this.head.replaceChildren(...this.columns.map((column) => {
      const button = el("button", {type: "button"}, [column.title, el("span")]);
      const className = column.number ? "number" : column.className ?? "";
      const cell = el("th", {scope: "col", className}, [button]);
      button.addEventListener("click", () => {
        const up = this.sort?.title === column.title ? !this.sort.up : !column.number;
        this.sort = {title: column.title, up};
        this.scroll.scrollTop = 0;
        this.arrange();
      });
      return cell;
    }));
  }

  /** Show so many rows, whose values the columns give now. */
  show(count) {
    this.count = count;
    this.words = this.sized = null;
    this.arrange();
  }

  /** What is searched in each row, made once for all that is typed. */
  sought() {
    const columns = this.columns.filter((column) => !column.number && !column.unsought);
    // Nobody can type a line break: what is typed is found in one column or none.
    this.words ??= Array.from({length: this.count}, (_, i) => (
      columns.map((column) => column.text(i)).join("\n").toLowerCase()));
    return this.words;
  }

  /** Put the rows that are sought in order, and show them from the first on. */
  arrange() {
    const {count} = this;
    const words = this.query ? this.sought() : null;
    const order = [];
    for (let i = 0; i < count; i += 1) {
      if (!words || words[i].includes(this.query)) order.push(i);
    }
    const column = this.sort && this.columns.find((one) => one.title === this.sort.title);
    if (column) {
      const values = Array.from({length: count}, (_, i) => (column.value ?? column.text)(i));
      order.sort(compared(values, this.sort.up ? 1 : -1));
    }
    this.order = order;
    this.head.querySelectorAll("th").forEach((cell, k) => {
      const sorted = this.columns[k] === column;
      cell.ariaSort = sorted ? (this.sort.up ? "ascending" : "descending") : "none";
      cell.querySelector("span").textContent = sorted ? (this.sort.up ? " ▲" : " ▼") : "";
    });
    const foldable = order.length > DataTable.FOLD;
    this.more.hidden = !foldable;
    this.more.ariaExpanded = String(this.open);
    this.more.textContent = this.open
      ? `Show ${DataTable.FOLD} only` : `Show all ${order.length.toLocaleString("en")}`;
    const all = count.toLocaleString("en");
    const found = this.query ? `${order.length.toLocaleString("en")} of ${all}` : all;
    put(this.said, `${found} ${this.noun}`);
    // What is seen at a glance needs no search.
    this.asked.hidden = !this.query && count <= DataTable.FOLD;
    this.length = this.open ? order.length : Math.min(order.length, DataTable.FOLD);
    this.virtual = this.length > DataTable.VIRTUAL;
    this.root.classList.toggle("virtual", this.virtual);
    this.table.ariaRowCount = String(order.length + 1);
    this.fresh = true;
    this.draw();
    this.sides();
  }

  /** Fill the rows that are in view; a row that shows the same as before is left alone. */
  draw() {
    const height = this.rowHeight();
    const ahead = 8;
    const from = this.virtual
      ? Math.max(0, Math.floor(this.scroll.scrollTop / height) - ahead) : 0;
    const to = this.virtual
      ? Math.min(this.length, from + Math.ceil(this.scroll.clientHeight / height) + 2 * ahead)
      : this.length;
    if (!this.fresh && from === this.from && to === this.to) return;
    const held = this.root.contains(document.activeElement)
      && document.activeElement.closest("tr")?.dataset.key;
    while (this.pool.length < to - from) this.pool.push(this.row());
    const rows = this.pool.slice(0, to - from);
    rows.forEach((row, k) => {
      const place = this.order[from + k];
      if (!this.fresh && row.place === place) return;
      row.place = place;
      row.ariaRowIndex = String(from + k + 2);
      if (this.key) row.dataset.key = this.key(place);
      this.columns.forEach((column, c) => {
        if (column.fill) column.fill(row.cells[c], place);
        else put(row.cells[c], column.text(place));
      });
    });
    const gaps = [from * height, (this.length - to) * height];
    const all = this.virtual
      ? [this.sizer(), this.gap(0, gaps[0]), ...rows, this.gap(1, gaps[1])] : rows;
    if (this.body.children.length !== all.length || this.body.children[0] !== all[0]) {
      this.body.replaceChildren(...all);
    }
    Object.assign(this, {from, to, fresh: false});
    if (held) this.focus(held);
    this.onDraw?.(this.order.slice(from, to));
  }

  focus(key) {
    const row = [...this.body.rows].find((one) => one.dataset.key === key);
    row?.querySelector("button, a")?.focus({preventScroll: true});
  }

  row() {
    const cells = this.columns.map((column, k) => el(
      k ? "td" : "th", {className: column.number ? "number" : column.className ?? ""},
    ));
    cells[0].scope = "row";
    return el("tr", {}, cells);
  }

  /** A row that is not seen: its texts are the longest, so that no column moves on the way. */
  sizer() {
    if (this.sized) return this.sized;
    const cells = this.columns.map((column) => {
      let longest = "";
      for (let i = 0; column.text && i < this.count; i += 1) {
        const text = column.text(i);
        if (text.length > longest.length) longest = text;
      }
      return el("td", {className: column.number ? "number" : column.className ?? "",
                       textContent: longest});
    });
    this.sized = el("tr", {className: "sizer", ariaHidden: "true"}, cells);
    return this.sized;
  }

  gap(which, height) {
    this.gaps ??= [0, 1].map(
      () => el("tr", {className: "gap", ariaHidden: "true"}, [el("td")]),
    );
    this.gaps[which].style.height = `${height}px`;
    return this.gaps[which];
  }

  rowHeight() {
    // As the style sheet has it, in px of the reader's text size.
    return 2.25 * parseFloat(ROOT.fontSize);
  }

  sides() {
    this.hint.hidden = this.scroll.scrollWidth <= this.scroll.clientWidth + 1;
  }
}

/** Order by value; what is missing stands last either way, and equals stay as they came. */
function compared(values, sign) {
  const words = new Intl.Collator("en", {numeric: true});
  const missing = (x) => x === null || x === undefined || x === "" || Number.isNaN(x);
  return (a, b) => {
    const [x, y] = [values[a], values[b]];
    if (missing(x) || missing(y)) return missing(x) - missing(y) || a - b;
    const order = typeof x === "string" ? words.compare(x, y) : x - y;
    return sign * order || a - b;
  };
}
"""
