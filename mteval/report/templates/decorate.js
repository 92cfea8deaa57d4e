// A text with spans marked in it, and its differences from a reference.

/**
 * A text as nodes, with ranges wrapped and other nodes put in between.
 * Ranges may overlap: each piece of text is wrapped by every range that covers it.
 * @param ranges {start, end, wrap(node, last)}: `last` is true for the range's last piece; the first one is outermost.
 * @param inserts {at, node}: put before the character at `at`.
 */
function decorate(text, ranges, inserts = []) {
  const kept = ranges.filter((range) => range.start < range.end);
  const cuts = new Set([0, text.length]);
  for (const range of kept) cuts.add(range.start).add(range.end);
  for (const insert of inserts) cuts.add(insert.at);
  const places = [...cuts].filter((at) => at >= 0 && at <= text.length).sort((one, other) => one - other);
  const nodes = [];
  places.forEach((start, index) => {
    nodes.push(...inserts.filter((insert) => insert.at === start).map((insert) => insert.node));
    const end = places[index + 1];
    if (end === undefined) return;
    let node = document.createTextNode(text.slice(start, end));
    for (const range of kept.toReversed()) {
      if (range.start <= start && range.end >= end) node = range.wrap(node, range.end === end);
    }
    nodes.push(node);
  });
  return nodes;
}

const segmenters = new Map();

/** The words and signs of a text, white space left out, each with where it stands. */
function tokens(text, language) {
  if (!segmenters.has(language)) {
    let made;
    try {
      made = new Intl.Segmenter(language, { granularity: "word" });
    } catch {
      made = new Intl.Segmenter("en", { granularity: "word" }); // a language code that browsers do not know
    }
    segmenters.set(language, made);
  }
  return [...segmenters.get(language).segment(text)]
    .filter((piece) => piece.segment.trim())
    .map((piece) => ({ word: piece.segment, start: piece.index, end: piece.index + piece.segment.length }));
}

/** A node that stands between two pieces of text, with the spaces that keep words apart. */
function setApart(node, before, after) {
  const apart = /^$|\s$/u.test(before) || /^[^\p{L}\p{N}]/u.test(node.textContent);
  const next = /^[\p{L}\p{N}\p{Ps}\p{Pi}]/u.test(after);
  return element("span", {}, apart ? null : " ", node, next ? " " : null);
}

const LONGEST_DIFFERENCE = 2000; // changes; a pair of texts that differ more is not worth the wait

/**
 * What differs between a reference and a hypothesis, word by word.
 * @returns {ranges, inserts} for `decorate`: words that only the hypothesis has, and those that only the reference has.
 */
function differences(reference, hypothesis, language) {
  const theirs = tokens(reference, language);
  const ours = tokens(hypothesis, language);
  const changes = Diff.diffArrays(theirs.map((one) => one.word), ours.map((one) => one.word), {
    maxEditLength: LONGEST_DIFFERENCE,
  }) ?? [{ removed: true, count: theirs.length }, { added: true, count: ours.length }];
  const ranges = [];
  const inserts = [];
  let their = 0;
  let our = 0;
  for (const change of changes) {
    if (change.removed && change.count) {
      const missing = reference.slice(theirs[their].start, theirs[their + change.count - 1].end);
      const at = our < ours.length ? ours[our].start : hypothesis.length;
      inserts.push({ at, node: setApart(element("del", {}, missing), hypothesis.slice(0, at), hypothesis.slice(at)) });
    } else if (change.added && change.count) {
      const [start, end] = [ours[our].start, ours[our + change.count - 1].end];
      ranges.push({ start, end, wrap: (node) => element("ins", {}, node) });
    }
    if (!change.added) their += change.count;
    if (!change.removed) our += change.count;
  }
  return { ranges, inserts };
}

const SEVERITIES = ["neutral", "minor", "major", "critical"];

/** Error spans as ranges: each ends in a tag that names its severity, and its category if it has one. */
function errorRanges(spans) {
  return spans.filter(([start, end]) => start < end).map(([start, end, severity, category, confidence]) => ({
    start,
    end,
    wrap(node, last) {
      const known = SEVERITIES.includes(severity) ? severity : "minor";
      const category_ = category && category !== severity ? `, ${category}` : "";
      const sure = confidence === null ? "" : `, confidence ${confidence.toFixed(2)}`;
      const label = `${severity} error${category_}${sure}`;
      const tag = last ? element("span", { class: "tag" }, `${severity}${category_}`) : null;
      return element("mark", { class: "error", "data-severity": known, title: label }, node, tag);
    },
  }));
}

/** Pieces of evidence as ranges, numbered as in the list beside the text; those of the whole text have none. */
function evidenceRanges(evidence) {
  return evidence.flatMap(([, , start, end], index) => start === null ? [] : [{
    start,
    end: end ?? Infinity,
    wrap: (node, last) => element("mark", { "data-numbers": last ? index + 1 : null }, node),
  }]);
}
