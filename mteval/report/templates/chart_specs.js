// What each chart draws, as Vega-Lite specifications. The data were counted beforehand, so a chart has few marks.

/** Colours that are told apart by most people, in light and in dark; shapes and dashes tell the same. */
const SERIES = ["#4477aa", "#ee6677", "#228833", "#aa8822", "#66ccee", "#aa3377", "#888888", "#ee7733"];
const SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-left", "triangle-right"];
const DASHES = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4], [1, 3], [10, 4], [3, 1]];

function cycle(values, number) {
  return Array.from({ length: number }, (_, index) => values[index % values.length]);
}

/** @param metric a metric's number, as in all that follow. */
function intervalsSpec(data, metric) {
  const { label, higher } = data.metrics[metric];
  const values = data.systems.map(({ name }, index) => {
    const [score, low, high] = data.intervals[metric][index];
    return { system: name, score, low, high };
  }).filter(({ score }) => score !== null);
  const withInterval = values.filter(({ low }) => low !== null);
  const title = `${label} (${higher ? "higher" : "lower"} is better)`;
  const x = { field: "score", type: "quantitative", title, scale: { zero: false } };
  const y = { field: "system", type: "nominal", sort: values.map(({ system }) => system), title: null };
  return {
    description: `${label} of each system, with its 95% confidence interval`,
    data: { values },
    height: 28 * values.length,
    encoding: { y },
    layer: [
      ...(withInterval.length ? [{
        data: { values: withInterval },
        mark: { type: "rule", strokeWidth: 2 },
        encoding: { x: { ...x, field: "low" }, x2: { field: "high" } },
      }] : []),
      { mark: { type: "point", filled: true, size: 80, opacity: 1 },
        encoding: { x, tooltip: ["system", "score", "low", "high"].map((field) => ({ field })) } },
    ],
  };
}

function distributionSpec(data, metric) {
  const { label } = data.metrics[metric];
  const { low, step, systems } = data.distributions[metric];
  const names = data.systems.map(({ name }) => name);
  const values = systems.flatMap((found, index) => {
    const every = found?.counts.reduce((sum, count) => sum + count, 0);
    return (found?.counts ?? []).map((count, bar) => ({
      system: names[index], from: low + bar * step, to: low + (bar + 1) * step, share: count / every, segments: count,
    }));
  });
  return {
    description: `How ${label} is distributed over the segments of each system`,
    data: { values },
    facet: { row: { field: "system", type: "nominal", sort: names, title: null,
      header: { labelOrient: "top", labelAnchor: "start", labelAngle: 0, labelPadding: 2 } } },
    spacing: 8,
    spec: {
      height: 56,
      mark: { type: "bar", binSpacing: 1 },
      encoding: {
        x: { field: "from", type: "quantitative", bin: { binned: true }, title: label,
          axis: { tickCount: 8, format: "~f", grid: false } },
        x2: { field: "to" },
        y: { field: "share", type: "quantitative", title: null, axis: { format: ".0%", tickCount: 2 } },
        tooltip: [{ field: "system" }, { field: "from" }, { field: "to" }, { field: "segments" },
          { field: "share", format: ".1%" }],
      },
    },
  };
}

/** @param system a system's number; null for all together. */
function againstSpec(data, found, system) {
  const [x, y] = [data.metrics[found.x].label, data.metrics[found.y].label];
  const counts = new Map();
  found.cells.forEach((cells, index) => {
    if (system !== null && index !== system) return;
    for (const [at, over, count] of cells) counts.set(`${at} ${over}`, (counts.get(`${at} ${over}`) ?? 0) + count);
  });
  const [xLow, xStep] = found.xBins;
  const [yLow, yStep] = found.yBins;
  const values = [...counts].map(([key, segments]) => {
    const [at, over] = key.split(" ").map(Number);
    return { x: xLow + (at + 0.5) * xStep, y: yLow + (over + 0.5) * yStep, segments };
  });
  const most = Math.max(...values.map(({ segments }) => segments), 1);
  const axis = (field, title) => ({ field, type: "quantitative", title, scale: { zero: false, nice: true } });
  return {
    description: `${x} against ${y}: how many hypotheses have which scores of both`,
    data: { values },
    height: 340,
    mark: { type: "circle", opacity: 0.75 },
    encoding: {
      x: axis("x", x),
      y: axis("y", y),
      size: { field: "segments", type: "quantitative", title: "Hypotheses", scale: { range: [12, 320] },
        legend: { orient: "top", direction: "horizontal", format: ",d", values: [...new Set([1, Math.ceil(most / 2), most])] } },
      tooltip: [{ field: "x", title: x }, { field: "y", title: y }, { field: "segments", title: "Hypotheses" }],
    },
  };
}

function lengthSpec(data, metric) {
  const { label, decimals } = data.metrics[metric];
  const groups = data.lengths.groups.map(([low, high]) => (low === high ? `${low}` : `${low}–${high}`));
  const values = data.systems.flatMap(({ name: system }, index) => groups.map((group, at) => ({
    system, group, segments: data.lengths.groups[at][2], mean: data.lengths.means[metric][index][at],
  }))).filter(({ mean }) => mean !== null);
  const names = [...new Set(values.map(({ system }) => system))];
  const scale = (range) => ({ domain: names, range: cycle(range, names.length) });
  const legend = { title: null, orient: "bottom", columns: 2, symbolType: "circle", labelLimit: 160 };
  return {
    description: `Mean ${label} by the length of the source, for each system`,
    data: { values },
    height: 280,
    mark: { type: "line", point: { size: 60, filled: true } },
    encoding: {
      x: { field: "group", type: "ordinal", sort: groups, title: "Length of the source in characters", axis: {
        labelAngle: { expr: "width < 420 ? -40 : 0" }, labelAlign: { expr: "width < 420 ? 'right' : 'center'" } } },
      y: { field: "mean", type: "quantitative", title: `Mean ${label}`, scale: { zero: false } },
      color: { field: "system", type: "nominal", scale: scale(SERIES), legend },
      shape: { field: "system", type: "nominal", scale: scale(SHAPES), legend },
      strokeDash: { field: "system", type: "nominal", scale: scale(DASHES), legend },
      tooltip: [{ field: "system" }, { field: "group", title: "characters" },
        { field: "mean", format: `.${decimals}f` }, { field: "segments" }],
    },
  };
}

/** How a chart looks, in the page's own colours. */
function chartConfig() {
  const colours = getComputedStyle(document.documentElement);
  const [ink, soft, lines, link] = ["--ink", "--soft", "--line", "--link"].map((name) => colours.getPropertyValue(name).trim());
  const font = "system-ui, sans-serif";
  return {
    background: null, font,
    view: { stroke: lines },
    axis: { labelColor: ink, titleColor: ink, gridColor: lines, domainColor: soft, tickColor: soft, labelFontSize: 12,
      titleFontSize: 12, titleFontWeight: 600, labelLimit: 140 },
    legend: { labelColor: ink, titleColor: ink, labelFontSize: 12, titleFontSize: 12 },
    header: { labelColor: ink, labelFontSize: 12, titleColor: ink },
    title: { color: ink },
    bar: { color: link }, circle: { color: link }, point: { color: link }, rule: { color: link },
  };
}
