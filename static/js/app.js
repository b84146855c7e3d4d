// What every page adds to HTML: open menus close when one looks away, files may be dropped, waiting is told.
"use strict";

const openMenus = () => document.querySelectorAll("details.menu[open]");

document.addEventListener("click", (event) => {
  for (const menu of openMenus()) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of openMenus()) {
    const inside = menu.contains(document.activeElement);
    menu.open = false;
    if (inside) menu.querySelector("summary").focus();
  }
});

// A file may be dropped anywhere on the place for it.
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    const place = event.target.closest?.(".drop");
    if (!place) return;
    event.preventDefault();
    place.classList.toggle("is-over", kind === "dragover");
    if (kind === "drop" && event.dataTransfer.files.length) place.querySelector("input").files = event.dataTransfer.files;
  });
}

// What takes a while once it is sent says so.
document.addEventListener("submit", (event) => {
  const progress = event.target.querySelector("[data-progress]");
  if (progress) progress.hidden = false;
});

// What is shown once can be copied; where the browser will not, it is marked for the visitor to do it.
const offerCopies = () => {
  for (const button of document.querySelectorAll("[data-copy][hidden]")) button.hidden = false;
};
offerCopies();
document.addEventListener("htmx:after:swap", offerCopies);
document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  source.select();
  try {
    await navigator.clipboard.writeText(source.value);
    button.querySelector("span").textContent = button.dataset.done;
  } catch { /* it stays marked */ }
});
