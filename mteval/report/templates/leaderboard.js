// The leaderboard: sorting by a column, and the switch between views of the same scores.

/** What a cell is sorted by: a number where it has one, else its text; null where nothing is known. */
function sortKey(cell) {
  if (!cell) return null;
  if (cell.dataset.value !== undefined) return cell.dataset.value === "" ? null : Number(cell.dataset.value);
  return cell.textContent.trim().toLowerCase();
}

/** Sort each group of rows by a column; what has no value comes last, whichever way. */
function sortTable(table, column, descending) {
  for (const body of table.tBodies) {
    const rows = [...body.rows].map((row) => ({ row, key: sortKey(row.cells[column]) }));
    rows.sort(({ key: one }, { key: other }) => {
      if (one === null || other === null) return (one === null) - (other === null);
      const order = typeof one === "number" ? one - other : one.localeCompare(other);
      return descending ? -order : order;
    });
    body.append(...rows.map(({ row }) => row));
  }
}

/** Put a button into each heading of a table; a second press turns the order round. */
function makeSortable(table) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    const press = () => {
      const now = heading.getAttribute("aria-sort");
      const first = heading.dataset.first ?? "ascending";
      const next = now === null ? first : now === "ascending" ? "descending" : "ascending";
      for (const other of headings) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", next);
      sortTable(table, column, next === "descending");
      table.classList.toggle("sorted", column !== 0 || next === "descending"); // then clusters do not stand together
    };
    const sorter = button("", press, { class: "sort" });
    sorter.append(...heading.childNodes);
    heading.append(sorter);
  });
}

/** Show one metric's table of wins, chosen by a select. */
function makeChoosable(root) {
  const tables = [...root.querySelectorAll(":scope > .matrix")];
  if (tables.length < 2) return;
  const [label, control] = select("Metric", "wins", tables.map((table, index) => [String(index), table.dataset.metric]),
    () => show());
  const show = () => tables.forEach((table, index) => {
    table.hidden = index !== Number(control.value);
  });
  for (const table of tables) table.querySelector("h4").hidden = true; // the select says it
  root.prepend(element("div", { class: "fields" }, label));
  show();
}

const SWITCHES = [
  ["text", "Scores", { raw: "as produced", gated: "gated", decoded: "HTML entities decoded" }],
  ["sources", "Sources", { all: "all", clean: "clean", original: "original", translated: "translated" }],
];

/** Show one of several views of a lang pair's leaderboard, chosen by two groups of radio buttons. */
function makeSwitchable(root, number) {
  const views = [...root.querySelectorAll(":scope > .view")];
  const state = { text: "raw", sources: "all" };
  const status = element("p", { class: "status", role: "status", "aria-live": "polite" });
  const groups = SWITCHES.flatMap(([key, title, words]) => {
    const there = Object.keys(words).filter((value) => views.some((view) => view.dataset[key] === value));
    if (there.length < 2) return [];
    const radios = there.map((value) => {
      const radio = element("input", { type: "radio", name: `${key}-${number}`, value, checked: value === state[key] });
      radio.addEventListener("change", () => {
        state[key] = value;
        show();
        say();
      });
      return element("label", { class: "tick" }, radio, words[value]);
    });
    return [element("fieldset", { class: "switch" }, element("legend", {}, title), radios)];
  });
  const show = () => {
    const find = (text) => views.find((view) => view.dataset.text === text && view.dataset.sources === state.sources);
    const wanted = find(state.text) ?? find("raw"); // a view that would show the same as another is not there
    for (const view of views) view.hidden = view !== wanted;
  };
  const say = () => {
    const chosen_ = `${SWITCHES[0][2][state.text]}; ${SWITCHES[1][2][state.sources]} sources`;
    status.textContent = views.some((view) => !view.hidden && view.dataset.text === state.text)
      ? `Shown: scores ${chosen_}.`
      : `No score is another here than as produced. Shown: scores ${chosen_}.`;
  };
  if (!groups.length) return;
  root.prepend(element("div", { class: "switches" }, groups), status);
  show();
}
