
"use strict";
// Fills the tables of every change and every call, a page of rows at a time, so that a hundred
// thousand of them open as fast as ten. Whatever the data says is only ever put in as text.
(() => {
  const ROWS = 200;
  const BREAKS = /(?<=[._/:])(?=\w)/; // where a long path may go on in the next line
  const OPTIONS = /((?<!\S)--[a-z][a-z-]*)/; // stay in one line
  const TYPING = 120; // milliseconds without a key before the rows are looked through

  const data = JSON.parse(document.getElementById("data").textContent);
  const words = data.words;
  const lower = words.map((word) => word.toLowerCase());
  const placeOf = new Map(words.map((word, at) => [word, at]));
  const plural = (count, table) => `${count.toLocaleString("en")} ${count === 1 ? table.one : table.many}`;

  function make(name, text, attributes = {}) {
    const element = document.createElement(name);
    element.textContent = text;
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  }

  function fill(cell, value, kind) {
    if (Array.isArray(value)) {
      for (const at of value) {
        cell.append(make("span", words[at], { class: "label", "data-word": words[at], title: words[at] }), " ");
      }
    } else if (kind === "words") {
      if (words[value]) cell.append(make("span", words[value], { class: "label", "data-word": words[value] }));
    } else if (kind === "path") {
      const code = make("code", "");
      words[value].split(BREAKS).forEach((part, at) => code.append(...(at ? [make("wbr", "")] : []), part));
      cell.append(code);
    } else if (kind === "code" || kind === "head") {
      cell.append(make("code", words[value]));
    } else {
      words[value].split(OPTIONS).forEach((part, at) => cell.append(at % 2 ? make("span", part, { class: "option" }) : part));
    }
  }

  // Each way in which a row may match: a list of which words hold each part of what was typed.
  function wanted(typed) {
    const holding = (part) => lower.map((word) => word.includes(part));
    const parts = typed.toLowerCase().split(/\s+/).filter(Boolean);
    const ways = [parts.map(holding)];
    const digits = typed.replace(/\D/g, "");
    // A phone number as people write it: (312) 555-0001.
    if (digits.length > 2 && digits !== typed && /^[\d\s()+.\-]+$/.test(typed)) ways.push([holding(digits)]);
    return ways;
  }

  const holds = (row, has) => row.some((cell) => (Array.isArray(cell) ? cell.some((at) => has[at]) : has[cell]));

  function chosen(select, place) {
    if (select.value === "") return () => true;
    const none = (cell) => (Array.isArray(cell) ? cell.length === 0 : words[cell] === "");
    if (select.value === "none") return (row) => none(row[place]);
    if (select.value === "any") return (row) => !none(row[place]);
    const at = Number(select.value);
    return (row) => (Array.isArray(row[place]) ? row[place].includes(at) : row[place] === at);
  }

  function offer(select, rows, place) {
    const counts = new Map();
    let without = 0;
    for (const row of rows) {
      const cell = Array.isArray(row[place]) ? row[place] : [row[place]];
      const held = cell.filter((at) => words[at] !== "");
      for (const at of held) counts.set(at, (counts.get(at) ?? 0) + 1);
      if (held.length === 0) without += 1;
    }
    const option = (text, value, count) => new Option(`${text} (${count.toLocaleString("en")})`, value);
    select.add(new Option("All", ""));
    if (without) {
      select.add(option("Any", "any", rows.length - without));
      select.add(option("None", "none", without));
    }
    const byName = [...counts].sort(([a], [b]) => (words[a] < words[b] ? -1 : 1));
    for (const [at, count] of byName) select.add(option(words[at], String(at), count));
  }

  function mount(section) {
    const table = data.tables[section.dataset.rows];
    const find = (what) => section.querySelector(what);
    const form = find("form");
    const search = find("input");
    const selects = [...section.querySelectorAll("select")];
    const [back, on] = section.querySelectorAll("[data-step]");
    const heads = [...section.querySelectorAll("thead th")];
    const place = (name) => table.columns.findIndex((column) => column.name === name);
    const order = { place: -1, down: false };
    let found = table.rows;
    let start = 0;
    let timer = 0;

    function show() {
      const some = found.slice(start, start + ROWS);
      const lines = some.map((row) => {
        const line = document.createElement("tr");
        row.forEach((value, at) => {
          const { kind, name } = table.columns[at];
          const cell = kind === "head" ? make("th", "", { scope: "row" }) : document.createElement("td");
          cell.className = name;
          fill(cell, value, kind);
          line.append(cell);
        });
        return line;
      });
      find("tbody").replaceChildren(...lines);
      const all = plural(table.rows.length, table);
      const of = found.length === table.rows.length ? all : `${found.length.toLocaleString("en")} of ${all}`;
      const shown = some.length < found.length
        ? `, showing ${(start + 1).toLocaleString("en")} to ${(start + some.length).toLocaleString("en")}`
        : "";
      find("[role=status]").textContent = found.length ? `${of}${shown}` : `No ${table.one} of ${all} matches`;
      back.setAttribute("aria-disabled", String(start === 0));
      on.setAttribute("aria-disabled", String(start + ROWS >= found.length));
      back.parentElement.hidden = found.length <= ROWS;
    }

    function sorted(rows) {
      if (order.place < 0) return rows;
      const counts = table.columns[order.place].kind === "number";
      const key = (row) => {
        const word = words[Array.isArray(row[order.place]) ? row[order.place][0] : row[order.place]] ?? "";
        return counts ? Number(word.replace(/\D/g, "")) : word;
      };
      const keyed = rows.map((row) => [key(row), row]);
      keyed.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0) * (order.down ? -1 : 1));
      return keyed.map(([, row]) => row);
    }

    function look() {
      clearTimeout(timer);
      const choices = selects.map((select) => chosen(select, place(select.dataset.column)));
      const ways = wanted(search.value.trim());
      found = sorted(table.rows.filter((row) =>
        choices.every((fits) => fits(row)) && ways.some((parts) => parts.every((has) => holds(row, has)))));
      start = 0;
      show();
    }

    function turn(by) {
      const next = start + by * ROWS;
      if (next < 0 || next >= found.length) return;
      start = next;
      show();
      find(".frame").scrollIntoView({ block: "nearest" });
    }

    for (const head of heads) {
      const at = place(head.dataset.column);
      const button = make("button", head.textContent, { type: "button", class: "plain" });
      button.addEventListener("click", () => {
        order.down = order.place === at && !order.down;
        order.place = at;
        for (const each of heads) each.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", order.down ? "descending" : "ascending");
        look();
      });
      head.className = head.dataset.column;
      head.replaceChildren(button);
    }
    for (const select of selects) {
      offer(select, table.rows, place(select.dataset.column));
      select.addEventListener("change", look);
    }
    search.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(look, TYPING);
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      look();
    });
    form.addEventListener("reset", () => setTimeout(look));
    back.addEventListener("click", () => turn(-1));
    on.addEventListener("click", () => turn(1));
    find(".without-script").hidden = true;
    find(".with-script").hidden = false;
    show();

    return (column, word) => {
      const select = selects.find((each) => each.dataset.column === column);
      if (!select) return false;
      form.reset();
      select.value = word === "" ? "none" : String(placeOf.get(word));
      look();
      section.closest("section").scrollIntoView();
      select.focus({ preventScroll: true });
      return true;
    };
  }

  const only = new Map();
  for (const section of document.querySelectorAll("[data-rows]")) only.set(section.dataset.rows, mount(section));

  // A frame is a stop of the keyboard only where there is something to scroll.
  function reach() {
    for (const frame of document.querySelectorAll(".frame")) {
      frame.tabIndex = frame.scrollWidth > frame.clientWidth ? 0 : -1;
    }
  }
  addEventListener("resize", reach);
  reach();

  // A bar of the blast radius leads to its rows.
  const changes = only.get("changes");
  for (const label of changes ? document.querySelectorAll("[data-filter]") : []) {
    const { filter, word } = label.dataset;
    const button = make("button", "", { type: "button", class: "plain", title: "Show these rows" });
    button.append(...label.childNodes);
    button.addEventListener("click", () => changes(filter, word));
    label.append(button);
  }
})();
