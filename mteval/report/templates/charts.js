// The charts of a lang pair: drawn when they come into view, again when colours or the width change, and as tables too.

/** One chart: a heading, selects that choose what is drawn, the drawing, and the same numbers as a table. */
class Chart {
  /**
   * @param choices [label, options] a select; options are [value, text] pairs.
   * @param spec, rows make, from the chosen values, a Vega-Lite specification and the table's [headings, rows].
   */
  constructor(title, says, choices, spec, rows) {
    this.spec = spec;
    this.rows = rows;
    this.drawn = element("div", { class: "drawn" });
    this.table = element("div", { class: "wide", tabindex: "0", role: "region", "aria-label": `${title} as a table` });
    this.selects = choices.map(([label, options], index) => select(label, `choice-${index}`, options, () => this.draw()));
    this.root = element("section", { class: "chart", "aria-label": title },
      element("h4", {}, title), element("p", { class: "soft" }, says),
      element("div", { class: "fields" }, this.selects.map(([label]) => label)),
      this.drawn,
      element("details", {}, element("summary", {}, "The numbers as a table"), this.table));
    whenNear(this.root, () => {
      this.visible = true;
      this.draw();
      this.follow();
    });
  }

  /** Draw again in other colours, or in another width. */
  follow() {
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    let width = this.drawn.clientWidth;
    new ResizeObserver(afterwards(() => {
      if (Math.abs(this.drawn.clientWidth - width) < 8) return;
      width = this.drawn.clientWidth;
      this.draw();
    }, 150)).observe(this.drawn);
  }

  async draw() {
    if (!this.visible) return;
    const values = this.selects.map(([, control]) => control.value);
    const spec = this.spec(...values);
    // A facet cannot take its container's width, so every chart is told a width, less the room for its axis.
    const width = Math.max(160, this.drawn.clientWidth - 8);
    const sized = spec.facet
      ? { ...spec, spec: { ...spec.spec, width: width - 70 } }
      : { ...spec, width, autosize: { type: "fit-x", contains: "padding" } };
    const [headings, rows] = this.rows(...values);
    this.table.replaceChildren(element("table", {},
      element("thead", {}, element("tr", {}, headings.map((text) => element("th", { scope: "col" }, text)))),
      element("tbody", {}, rows.map(([name, ...numbers]) => element("tr", {}, element("th", { scope: "row" }, name),
        numbers.map((text) => element("td", { class: "number" }, text)))))));
    try {
      this.view?.finalize();
      const made = await vegaEmbed(this.drawn, sized, {
        mode: "vega-lite", renderer: "svg", actions: false, ast: true, config: chartConfig(), tooltip: { theme: "dark" },
      });
      this.view = made;
      this.drawn.classList.add("ready");
    } catch (error) {
      this.drawn.replaceChildren(element("p", { role: "alert" }, `This chart cannot be drawn: ${error.message}`));
    }
  }
}

function chartsOf(data) {
  const { metrics, systems } = data;
  const names = systems.map(({ name }) => name);
  const options = (usable) => metrics.map(({ label }, number) => [String(number), label]).filter(([number]) => usable(+number));
  const decimals = (metric) => metrics[metric].decimals;
  const made = [];
  const scored = options((metric) => data.intervals[metric].some(([score]) => score !== null));
  if (scored.length) {
    made.push(new Chart("Scores with intervals", "Each system's score and its 95% confidence interval.", [["Metric", scored]],
      (metric) => intervalsSpec(data, +metric),
      (metric) => [["System", "Score", "Low", "High"],
        names.map((name, index) => [name, ...data.intervals[metric][index].map((value) => shown(value, decimals(metric)))])]));
  }
  const spread = options((metric) => data.distributions[metric]);
  if (spread.length) {
    made.push(new Chart("Score distributions",
      "How many of a system's segments have which score; scores beyond the ends are counted in the last bars.",
      [["Metric", spread]],
      (metric) => distributionSpec(data, +metric),
      (metric) => [["System", "Lowest", "Lower quartile", "Median", "Upper quartile", "Highest"],
        names.map((name, index) => [name, ...(data.distributions[metric].systems[index]?.quartiles ?? Array(5).fill(null))
          .map((value) => shown(value, decimals(metric)))])]));
  }
  if (data.against.length) {
    const pairs = data.against.map(({ x, y }, index) => [String(index), `${metrics[y].label} against ${metrics[x].label}`]);
    made.push(new Chart("Metric against metric", "Segments counted in a grid: a larger dot is more hypotheses.",
      [["Metrics", pairs], ["System", [["", "all"], ...names.map((name, index) => [String(index), name])]]],
      (pair, system) => againstSpec(data, data.against[pair], system === "" ? null : +system),
      (pair) => [["System", "Pearson’s r", "Spearman’s ρ"],
        names.map((name, index) => [name, ...(data.against[pair].agreement[index] ?? [null, null])
          .map((value) => shown(value, 3))])]));
  }
  if (spread.length && data.lengths.groups.length > 1) {
    const groups = data.lengths.groups.map(([low, high, count]) => `${low}–${high} characters (${counted(count, "segment")})`);
    made.push(new Chart("Score by source length",
      "The mean of the segment scores, for groups of about equally many segments from short to long sources.",
      [["Metric", spread]],
      (metric) => lengthSpec(data, +metric),
      (metric) => [["System", ...groups],
        names.map((name, index) => [name, ...data.lengths.means[metric][index].map((value) => shown(value, decimals(metric)))])]));
  }
  return made;
}

function prepareCharts(root) {
  whenNear(root, async () => {
    const body = root.querySelector(".charts-body");
    try {
      const made = chartsOf(await unpack(root.querySelector("script.chart-data")));
      const nothing = element("p", {}, "No metric gave scores to draw.");
      body.replaceChildren(...(made.length ? made.map((chart) => chart.root) : [nothing]));
    } catch (error) {
      body.replaceChildren(element("p", { role: "alert" }, `The charts cannot be shown: ${error.message}`));
    }
  });
}
