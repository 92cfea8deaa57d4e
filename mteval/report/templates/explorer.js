// The segment explorer: controls, a page of segments at a time, and an address that keeps what was chosen.

const SEGMENTS_A_PAGE = 25;

class Explorer {
  /** @param root the explorer's empty element. @param data what `explorer_data` packed. */
  constructor(root, data) {
    this.root = root;
    this.data = data;
    this.asked = { ...NOTHING_CHOSEN };
    this.controls = {};
    this.status = element("p", { class: "status", role: "status", "aria-live": "polite" });
    this.list = element("div", { class: "segments" });
    this.turners = [];
    root.replaceChildren(this.form(), this.legend(), this.status, this.pager("above"), this.list, this.pager("below"));
    this.read();
  }

  form() {
    const { data } = this;
    const changed = () => this.change();
    const add = ([label, control]) => {
      this.controls[control.name] = control;
      return label;
    };
    const any = (label, name, every, values) => add(select(label, name,
      [["", every], ...values.map((value) => (Array.isArray(value) ? value : [value, value]))], changed));
    const scored = data.metrics.filter((_, number) => data.systems.some((system) => system.scores[number]));
    const search = element("input", { type: "search", name: "text", autocomplete: "off" });
    search.addEventListener("input", afterwards(changed, 200));
    const fields = [
      add(select("Order", "order", [["worst", "Worst first"], ["best", "Best first"], ["document", "As in the document"]],
        changed)),
      scored.length ? add(select("By metric", "metric", scored.map(({ label }) => [label, label]), changed)) : null,
      any("System", "system", "All ranked systems", data.systems.map(({ name }) => name)),
      any("Document", "document", "All documents", data.documents),
      any("Gate mark", "mark", "Any or none", [["any", "any mark"], ...data.markKinds]),
      any("Verdict", "verdict", "Any", data.labels.toReversed()),
      any("Source verdict", "source", "Any", data.labels.toReversed()),
      data.written ? any("Source text", "written", "Any", ["original", "translated"]) : null,
      add([element("label", { class: "field" }, element("span", {}, "Text"), search), search]),
      data.references.length > 1
        ? add(select("Compare with", "reference", data.references.map((name, index) => [String(index), name]),
          () => this.draw()))
        : null,
    ];
    const ticks = [
      data.references.length ? add(checkbox("Differences from the reference", "differences", () => this.draw())) : null,
      this.hasSpans() ? add(checkbox("Error spans", "errors", () => this.draw())) : null,
      this.hasEvidence() ? add(checkbox("Evidence of garble", "evidence", () => this.draw())) : null,
      data.systems.some(({ kind }) => kind === "canary")
        ? add(checkbox("Canaries", "canaries", () => this.draw())) : null,
    ];
    for (const name of ["differences", "errors"]) if (this.controls[name]) this.controls[name].checked = true;
    const clear = button("Clear filters", () => this.clear());
    const form = element("form", { class: "filters", "aria-label": `Filter segments ${data.pair}` },
      element("div", { class: "fields" }, fields), element("div", { class: "ticks" }, ticks, clear));
    form.addEventListener("submit", (event) => event.preventDefault());
    return form;
  }

  hasSpans() {
    return this.data.systems.some((system) => Object.keys(system.spans).length);
  }

  hasEvidence() {
    return [this.data.sourceEvidence, ...this.data.systems.map((system) => system.evidence)]
      .some((found) => Object.keys(found).length);
  }

  legend() {
    const differences_ = this.data.references.length
      ? [element("ins", {}, "underlined"), ": only in the hypothesis; ", element("del", {}, "struck out"),
        ": only in the reference. "]
      : [];
    const errors = this.hasSpans()
      ? SEVERITIES.slice(1).map((severity) => [
        element("mark", { class: "error", "data-severity": severity }, "error", element("span", { class: "tag" }, severity)),
        " "])
      : [];
    return element("p", { class: "soft legend" }, differences_, errors.flat());
  }

  /** Buttons that turn the pages; there is one set above the segments and one below. */
  pager(where) {
    const place = element("span", { class: "place" });
    const turn = (label, target) => button(label, () => this.turn(target()));
    const page = () => this.page;
    const buttons = [turn("First", () => 1), turn("Previous", () => page() - 1), turn("Next", () => page() + 1),
      turn("Last", () => this.pages)];
    this.turners.push({ place, buttons });
    return element("nav", { class: "pager", "aria-label": `Pages of segments ${this.data.pair}, ${where}` },
      buttons.slice(0, 2), place, buttons.slice(2));
  }

  get pages() {
    return Math.max(1, Math.ceil(this.rows.length / SEGMENTS_A_PAGE));
  }

  get page() {
    return Math.min(Math.max(1, Number.parseInt(this.asked.page, 10) || 1), this.pages);
  }

  turn(page) {
    this.asked.page = String(Math.min(Math.max(1, page), this.pages));
    this.keep();
    this.draw();
    this.status.scrollIntoView({ block: "start" });
  }

  change() {
    for (const name of Object.keys(NOTHING_CHOSEN)) {
      if (this.controls[name]) this.asked[name] = this.controls[name].value;
    }
    this.asked.page = "1";
    this.keep();
    this.find();
  }

  clear() {
    this.set({});
    this.keep();
  }

  set(asked) {
    this.asked = { ...NOTHING_CHOSEN, ...asked };
    for (const [name, value] of Object.entries(this.asked)) {
      const control = this.controls[name];
      if (!control) continue;
      control.value = value;
      if (control.selectedIndex === -1) control.selectedIndex = 0; // an address that names what is not here
    }
    this.find();
  }

  /** Put what is chosen into the address, so that the view can be shared. */
  keep() {
    const different = Object.entries(this.asked).filter(([name, value]) => value !== NOTHING_CHOSEN[name]);
    const kept = new URLSearchParams([["pair", this.data.pair], ...different]);
    history.replaceState(null, "", `#${kept}`);
  }

  /** Take what is chosen from the address, if it speaks of this explorer. */
  read() {
    const kept = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
    const known = Object.entries(kept).filter(([name]) => Object.hasOwn(NOTHING_CHOSEN, name));
    this.set(kept.pair === this.data.pair ? Object.fromEntries(known) : {});
  }

  find() {
    this.rows = chosen(this.data, this.asked);
    this.draw();
  }

  /** The systems whose hypotheses are shown: all but canaries, the chosen one first. */
  systems() {
    const named = this.data.systems.findIndex((system) => system.name === this.asked.system);
    const others = this.data.systems.map((_, index) => index).filter((index) =>
      index !== named && (this.data.systems[index].kind !== "canary" || this.controls.canaries?.checked));
    return named < 0 ? others : [named, ...others];
  }

  draw() {
    const { data, page, pages } = this;
    const view = {
      systems: this.systems(),
      metric: metricAsked(data, this.asked),
      reference: data.references.length ? Number(this.controls.reference?.value ?? 0) : null,
      differences: this.controls.differences?.checked ?? false,
      errors: this.controls.errors?.checked ?? false,
      evidence: this.controls.evidence?.checked ?? false,
    };
    const shown_ = this.rows.slice((page - 1) * SEGMENTS_A_PAGE, page * SEGMENTS_A_PAGE);
    this.list.replaceChildren(...shown_.map((row) => segmentArticle(data, row, view)));
    this.status.textContent = `${this.rows.length.toLocaleString("en")} of ${counted(data.ids.length, "segment")} match` +
      `${this.rows.length ? `; page ${page} of ${pages}` : ""}.`;
    for (const { place, buttons } of this.turners) {
      place.textContent = `Page ${page} of ${pages}`;
      buttons.forEach((one, index) => {
        // Not `disabled`, which would throw away the focus of whoever has just pressed it.
        one.setAttribute("aria-disabled", String(index < 2 ? page === 1 : page === pages));
      });
    }
  }
}

/** Unpack an explorer's data and build it, when it comes near the window or when the address speaks of it. */
function prepareExplorer(root) {
  let opening = null;
  const open = () => (opening ??= unfolded());
  const unfolded = async () => {
    const place = root.querySelector(".explorer-body");
    try {
      root.explorer = new Explorer(place, await unpack(root.querySelector("script.segments")));
    } catch (error) {
      place.replaceChildren(element("p", { role: "alert" }, `The segments cannot be shown: ${error.message}`));
    }
  };
  const named = () => new URLSearchParams(location.hash.slice(1)).get("pair") === root.dataset.pair;
  const show = async () => {
    await open();
    root.explorer?.read();
    root.scrollIntoView();
  };
  addEventListener("hashchange", () => {
    if (named()) show();
  });
  if (named()) show();
  else whenNear(root, open);
}
