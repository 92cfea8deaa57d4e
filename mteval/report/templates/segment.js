// One segment in the explorer: its source, references, and every system's hypothesis with all that was found of it.

/** The label of a verdict, with its probability: the word says it, the colour repeats it. */
function verdictText(data, verdicts, row) {
  const label = verdicts.label[row];
  if (label === null) return null;
  const word = data.labels[label];
  const probability = verdicts.probability[row];
  const shownProbability = probability < 0.005 ? "<0.01" : probability > 0.995 ? ">0.99" : probability.toFixed(2);
  return element("span", { class: `verdict ${word}`, title: "verdict, with the probability of being garbled" },
    `${word} ${shownProbability}`);
}

const MOST_EVIDENCE = 12; // pieces by a segment; the strongest come first

function evidenceList(evidence) {
  const listed = evidence.slice(0, MOST_EVIDENCE).map(([message]) => element("li", {}, message));
  const left = evidence.length - listed.length;
  return element("div", {}, element("ol", { class: "evidence" }, listed),
    left > 0 ? element("p", { class: "soft" }, `${left} more in verdicts.jsonl`) : null);
}

function line(title, text, language, ranges = []) {
  const body = element("p", { class: "text", lang: language, dir: "auto" }, decorate(text, bounded(ranges, text)));
  return element("div", { class: "line" }, element("h5", {}, title), body);
}

/** Ranges cut to the text; those without an end go to the text's. */
function bounded(ranges, text) {
  return ranges.map((range) => ({ ...range, end: Math.min(range.end, text.length) }));
}

/** A segment as an article. `view` says what is shown: see `Explorer`. */
function segmentArticle(data, row, view) {
  const [sourceLanguage, targetLanguage] = data.languages;
  const texts = data.texts[row];
  const sourceEvidence = (view.evidence && data.sourceEvidence[row]) || [];
  const references = data.references
    .map((name, index) => [name, texts[1 + index]])
    .filter(([, text]) => text !== null)
    .map(([name, text]) => line(`Reference: ${name}`, text, targetLanguage));
  const verdict = verdictText(data, data.sourceVerdicts, row);
  const cards = view.systems.map((system) => hypothesisCard(data, row, system, view));
  return element("article", { class: "segment", "aria-label": `Segment ${data.ids[row]}` },
    element("h4", {}, data.ids[row], " ",
      element("span", { class: "soft" }, `document ${data.documents[data.document[row]]}`),
      verdict && [" ", element("span", { class: "soft" }, "source "), verdict]),
    line(`Source (${sourceLanguage})`, texts[0], sourceLanguage, evidenceRanges(sourceEvidence)),
    sourceEvidence.length ? evidenceList(sourceEvidence) : null,
    references,
    data.notes[row] ? element("p", { class: "soft" }, `Note: ${data.notes[row]}`) : null,
    element("div", { class: "cards" }, cards));
}

function hypothesisCard(data, row, index, view) {
  const system = data.systems[index];
  const text = data.texts[row][1 + data.references.length + index];
  const kind = system.kind === "system" ? null : element("span", { class: "soft" }, ` ${system.kind}`);
  const verdict = verdictText(data, system.verdicts, row);
  const evidence = (view.evidence && system.evidence[row]) || [];
  const marks = (system.marks[row] ?? []).map(([kind_, message]) =>
    element("li", {}, element("strong", {}, data.markKinds[kind_]), `: ${message}`));
  return element("div", { class: "card", role: "group", "data-system": system.name, "aria-label": system.name },
    element("h5", {}, element("bdi", {}, system.name), kind, verdict && [" ", verdict]),
    hypothesisText(data, row, system, text, evidence, view),
    marks.length ? element("ul", { class: "marks", "aria-label": "Gate marks" }, marks) : null,
    view.errors ? errorsWithoutPlace(system.spans[row] ?? []) : null,
    evidence.length ? evidenceList(evidence) : null,
    scoreList(data, row, system, view));
}

/** Errors that are nowhere in the text, such as an omission, as a list; nothing if there are none. */
function errorsWithoutPlace(spans) {
  const items = spans.filter(([start, end]) => start === end).map(([, , severity, category]) =>
    element("li", {}, element("strong", {}, severity), `: ${category || "error"}`));
  return items.length ? element("ul", { class: "marks", "aria-label": "Errors without a place" }, items) : null;
}

function hypothesisText(data, row, system, text, evidence, view) {
  const language = data.languages[1];
  const reference = view.reference === null ? null : data.texts[row][1 + view.reference];
  const compared = view.differences && reference !== null && system.kind !== "reference";
  const changed = compared ? differences(reference, text, language) : { ranges: [], inserts: [] };
  const errors = view.errors ? errorRanges(system.spans[row] ?? []) : [];
  const ranges = bounded([...errors, ...evidenceRanges(evidence), ...changed.ranges], text);
  const nothing = text === "" ? element("em", { class: "soft" }, "nothing was produced ") : null;
  return element("p", { class: "text", lang: language, dir: "auto" },
    nothing, decorate(text, ranges, changed.inserts));
}

/** Every metric's score, the one that segments are sorted by in bold, and what was cut. */
function scoreList(data, row, system, view) {
  const cut = system.truncated[row] ?? [];
  const terms = data.metrics.flatMap((metric, number) => {
    const value = system.scores[number]?.[row] ?? null;
    const text = shown(value, metric.decimals);
    const emphasised = number === view.metric ? element("strong", {}, text) : text;
    const truncated = cut.includes(number) ? element("span", { class: "soft" }, " (cut: not seen whole)") : null;
    return [element("div", {}, element("dt", {}, metric.label), element("dd", {}, emphasised, truncated))];
  });
  if (row in system.gold) {
    terms.push(element("div", {}, element("dt", {}, "human score"), element("dd", {}, String(system.gold[row]))));
  }
  return element("dl", { class: "scores" }, terms);
}
