// Elements and data. Text from outside only ever becomes text: nothing in these scripts parses HTML.

/** An element with attributes (null and false ones are left out) and children, of which strings become text. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

function button(label, pressed, attributes = {}) {
  const made = element("button", { type: "button", ...attributes }, label);
  made.addEventListener("click", pressed);
  return made;
}

/** A labelled select; options are [value, text] pairs. */
function select(label, name, options, changed) {
  const control = element("select", { name }, options.map(([value, text]) => element("option", { value }, text)));
  control.addEventListener("change", changed);
  return [element("label", { class: "field" }, element("span", {}, label), control), control];
}

/** A labelled checkbox. */
function checkbox(label, name, changed) {
  const control = element("input", { type: "checkbox", name });
  control.addEventListener("change", changed);
  return [element("label", { class: "tick" }, control, element("span", {}, label)), control];
}

/** Words that only a screen reader says. */
function said(text) {
  return element("span", { class: "said-only" }, text);
}

/** A number as tables show it; an en dash where there is none. */
function shown(value, decimals) {
  return value === null || value === undefined ? "–" : value.toFixed(decimals).replace(/^-(0\.?0*)$/, "$1");
}

function counted(number, thing) {
  return `${number.toLocaleString("en")} ${thing}${number === 1 ? "" : "s"}`;
}

/** What a script element of packed data holds: base64 of gzipped JSON. */
async function unpack(holder) {
  if (typeof DecompressionStream !== "function") {
    throw new Error("this browser cannot unpack them; one of 2023 or later can.");
  }
  const letters = atob(holder.textContent.trim());
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < letters.length; at++) bytes[at] = letters.charCodeAt(at);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

/** Do something once, when an element comes near the window. */
function whenNear(watched, act) {
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    act();
  }, { rootMargin: "400px" });
  observer.observe(watched);
}

/** Do it a moment after the last call. */
function afterwards(act, wait) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(act, wait);
  };
}
