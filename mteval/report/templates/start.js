// What happens when the page opens.

for (const table of document.querySelectorAll(".view table")) makeSortable(table);
document.querySelectorAll(".matrices").forEach(makeChoosable);
document.querySelectorAll(".views").forEach(makeSwitchable);
document.querySelectorAll(".explorer").forEach(prepareExplorer);
if (typeof prepareCharts === "function") document.querySelectorAll(".charts").forEach(prepareCharts);

/** Open what a link within the page leads to, where it is folded away. */
function unfold() {
  const target = location.hash.length > 1 ? document.getElementById(location.hash.slice(1)) : null;
  for (let at = target; at; at = at.parentElement) if (at instanceof HTMLDetailsElement) at.open = true;
  if (target) target.scrollIntoView();
}
addEventListener("hashchange", unfold);
unfold();
