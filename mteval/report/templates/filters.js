// Which segments the explorer shows, and in which order. All of it is numbers and strings: nothing here touches the page.

/** What is asked for when nothing was chosen yet. Every value is a string, as it stands in the address. */
const NOTHING_CHOSEN = {
  metric: "", order: "worst", system: "", document: "", mark: "", verdict: "", source: "", written: "", text: "", page: "1",
};

/**
 * The systems whose scores, marks and verdicts count: the chosen one, else all that are ranked; canaries and references
 * would always come first or last.
 */
function systemsAsked(data, asked) {
  const named = data.systems.findIndex((system) => system.name === asked.system);
  if (named >= 0) return [named];
  const every = data.systems.map((_, index) => index);
  const ranked = every.filter((index) => data.systems[index].kind === "system");
  return ranked.length ? ranked : every;
}

/** The metric to sort by: the one asked for, else the first with segment scores; null if there is none. */
function metricAsked(data, asked) {
  const usable = data.metrics.map((_, number) => number)
    .filter((number) => data.systems.some((system) => system.scores[number]));
  const named = usable.find((number) => data.metrics[number].label === asked.metric);
  return named ?? usable[0] ?? null;
}

/** The text that a search looks through, in lower case; made once a segment. */
function searchable(data, row) {
  data.searched ??= new Array(data.ids.length);
  data.searched[row] ??= [data.ids[row], ...data.texts[row].map((text) => text ?? "")].map((text) => text.toLowerCase());
  return data.searched[row];
}

/** The positions of the segments that are asked for, in the order that is asked for. */
function chosen(data, asked) {
  const systems = systemsAsked(data, asked).map((index) => data.systems[index]);
  const hypotheses = systemsAsked(data, asked).map((index) => 2 + data.references.length + index);
  const others = data.references.map((_, index) => 2 + index);
  const document_ = data.documents.indexOf(asked.document);
  const kind = data.markKinds.indexOf(asked.mark);
  const verdict = data.labels.indexOf(asked.verdict);
  const source = data.labels.indexOf(asked.source);
  const text = asked.text.trim().toLowerCase();
  const fits = (row) =>
    (document_ < 0 || data.document[row] === document_) &&
    (source < 0 || data.sourceVerdicts.label[row] === source) &&
    (!data.written || !asked.written || data.written[data.document[row]] === asked.written) &&
    (verdict < 0 || systems.some((system) => system.verdicts.label[row] === verdict)) &&
    markFits(systems, row, asked.mark, kind) &&
    (!text || [0, 1, ...others, ...hypotheses].some((part) => searchable(data, row)[part].includes(text)));
  const rows = data.ids.map((_, row) => row).filter(fits);
  const metric = metricAsked(data, asked);
  return metric === null || asked.order === "document" ? rows : sorted(rows, systems, metric, data, asked.order);
}

function markFits(systems, row, asked, kind) {
  if (asked === "any") return systems.some((system) => row in system.marks);
  return kind < 0 || systems.some((system) => system.marks[row]?.some(([found]) => found === kind));
}

/** Rows by the worst score (or the best) that any of the systems has there; those without a score come last. */
function sorted(rows, systems, metric, data, order) {
  const higher = data.metrics[metric].higher;
  const least = (order === "worst") === higher; // the worst score of a metric where more is better is the least
  const keys = new Map(rows.map((row) => {
    const found = systems.map((system) => system.scores[metric]?.[row] ?? null).filter((score) => score !== null);
    return [row, found.length ? (least ? Math.min(...found) : -Math.max(...found)) : null];
  }));
  return rows.toSorted((one, other) => {
    const [mine, theirs] = [keys.get(one), keys.get(other)];
    if (mine === null || theirs === null) return (mine === null) - (theirs === null) || one - other;
    return mine - theirs || one - other;
  });
}
