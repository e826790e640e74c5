// Shows the search boxes, and hides what does not hold every word that was typed. Nothing is sent anywhere.
"use strict";
for (const box of document.querySelectorAll("input[data-filter]")) {
  const place = box.closest(".find");
  const none = place.querySelector(".none");
  const scope = box.closest("details") || document;
  const rows = [...scope.querySelectorAll(box.dataset.filter)];
  place.hidden = false;
  box.addEventListener("input", () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = row.dataset.find.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    for (const part of document.querySelectorAll("section.group, main > section")) {
      const inside = rows.filter((row) => part.contains(row));
      if (inside.length) part.hidden = words.length > 0 && inside.every((row) => row.hidden);
    }
    none.hidden = shown > 0;
  });
}
// A link into what is folded unfolds it.
const unfold = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const fold = target && (target.closest("details") || target.parentElement.querySelector("details"));
  if (fold && !fold.open) { fold.open = true; target.scrollIntoView(); }
};
addEventListener("hashchange", unfold);
if (location.hash) unfold();
