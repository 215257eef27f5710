// The caseload: rows from Python, found and filtered here, so that nothing is asked for while somebody types.

const STATE = new WeakMap();

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".caseload");
  const state = STATE.get(parentElement) ?? { filter: "all", text: "" };
  STATE.set(parentElement, state);
  const { words, rows } = data;

  const search = root.querySelector("input");
  search.placeholder = words.search;
  search.setAttribute("aria-label", words.search);
  search.value = state.text;
  search.oninput = () => { state.text = search.value; show(); };

  const filters = root.querySelector(".filters");
  filters.setAttribute("aria-label", words.filters);
  filters.replaceChildren(...data.filters.map(({ key, label }) => {
    const button = make("button", "", label);
    button.type = "button";
    button.dataset.filter = key;
    button.onclick = () => { state.filter = key; show(); };
    return button;
  }));

  root.querySelector("thead tr").replaceChildren(...words.columns.map((name) => {
    const cell = make("th", "", name);
    cell.scope = "col";
    return cell;
  }));
  root.querySelector("tbody").replaceChildren(...rows.map((row) => line(row, words, setTriggerValue)));
  root.querySelector(".legend").replaceChildren(...words.legend.map(({ kind, label }) => {
    const item = make("li", "");
    item.append(make("span", `swatch ${kind}`), label);
    return item;
  }));

  function show() {
    const wanted = state.text.trim().toLocaleLowerCase();
    let shown = 0;
    for (const [n, element] of [...root.querySelectorAll("tbody tr")].entries()) {
      const hit = (state.filter === "all" || rows[n].groups.includes(state.filter))
        && rows[n].name.toLocaleLowerCase().includes(wanted);
      element.hidden = !hit;
      shown += hit;
    }
    for (const button of filters.children) button.setAttribute("aria-pressed", button.dataset.filter === state.filter);
    const none = root.querySelector(".none");
    none.hidden = shown > 0;
    none.textContent = shown ? "" : words.none;
  }
  show();
}

function line(row, words, trigger) {
  const element = document.createElement("tr");
  const columns = words.columns;
  const open = make("button", "open", row.name);
  open.type = "button";
  open.title = words.open;
  open.onclick = () => trigger("open", row.id);
  const child = make("th", "child");
  child.scope = "row";
  child.append(open, ...row.notes.map((note) => make("span", "note", note)));

  const why = cell("why", columns[1]);
  if (!row.reasons.length) why.append(make("span", "soft", words.quiet));
  for (const { cause, title, text } of row.reasons) {
    const reason = make("p", `reason ${cause}`);
    reason.append(make("strong", "", title), ` ${text}`);
    why.append(reason);
  }

  const strength = cell("strength", columns[4]);
  if (!row.trends.length) strength.append(make("span", "soft", "–"));
  for (const { hand, arrow, text } of row.trends) {
    const trend = make("p", "trend");
    trend.append(make("span", "hand", hand));
    if (arrow) trend.append(make("span", `arrow ${arrow}`, arrow === "up" ? "↑" : "↓"));
    trend.append(make("span", arrow ? "" : "soft", text));
    strength.append(trend);
  }
  element.append(
    child, why, bar(row.week, columns[2]), bar(row.month, columns[3]), strength,
    cell("last", columns[5], row.last), cell("pain", columns[6], row.pain),
  );
  return element;
}

function bar(done, column) {
  const element = cell("adherence", column);
  if (!done) { element.append(make("span", "soft", "–")); return element; }
  element.append(make("span", "percent", done.percent));
  const track = make("span", "track");
  track.role = "img";
  track.setAttribute("aria-label", done.spoken);
  track.title = done.spoken;
  for (const { kind, share } of done.parts) {
    const part = make("i", kind);
    part.style.width = `${share}%`;
    track.append(part);
  }
  element.append(track);
  return element;
}

function cell(kind, column, text) {
  const element = make("td", kind, text);
  element.dataset.column = column;
  return element;
}

function make(tag, kind, text) {
  const element = document.createElement(tag);
  if (kind) element.className = kind;
  if (text !== undefined) element.textContent = text;
  return element;
}
