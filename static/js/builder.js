// What the builder cannot do in HTML alone: keys, the focus after an edit, and that no answer overtaken by the person's
// own typing is ever shown. It keeps nothing of the rules: the form is the state.
"use strict";

const form = () => document.getElementById("builder");
const press = (button) => button && !button.disabled && button.click();
const inBuilder = (node) => node instanceof Element && form()?.contains(node);
const isTick = (node) => ["checkbox", "radio"].includes(node.type);
const isTyping = (node) => node instanceof HTMLInputElement && !isTick(node) && node.type !== "submit";

let edits = 0;
let leaving = false;

// An answer belongs to the edit it was asked for; whatever the person does next makes it worthless.
for (const kind of ["input", "change"]) {
  document.addEventListener(kind, (event) => {
    if (!inBuilder(event.target)) return;
    edits += 1;
    if (kind === "input") form().dispatchEvent(new CustomEvent("htmx:abort"));
  }, true);
}

// What was entered before htmx listened is asked about as soon as it does.
const isEntered = (input) => {
  if (isTick(input)) return input.checked !== input.defaultChecked;
  if (!(input instanceof HTMLSelectElement)) return input.value !== input.defaultValue;
  return [...input.options].some((option) => option.defaultSelected && !option.selected);
};
document.addEventListener("htmx:after:process", () => {
  const entered = [...(form()?.querySelectorAll(".live") ?? [])].find(isEntered);
  entered?.dispatchEvent(new Event("change", { bubbles: true }));
}, { once: true });

document.addEventListener("htmx:before:request", (event) => {
  const { ctx } = event.detail;
  if (ctx.sourceElement === form()) ctx.edits = edits;
});

document.addEventListener("htmx:before:swap", (event) => {
  const { ctx } = event.detail;
  if (ctx.sourceElement === form() && ctx.edits !== edits) event.preventDefault();
});

// A morph leaves alone what a person has touched; but this answer knows of all they did, so the form shows what it says.
const showAnswer = () => {
  for (const input of form().elements) {
    if (isTick(input)) input.checked = input.defaultChecked;
    else if (input instanceof HTMLSelectElement) {
      for (const option of input.options) {
        if (option.selected !== option.defaultSelected) option.selected = option.defaultSelected;
      }
    } else if (input instanceof HTMLInputElement && input !== document.activeElement) input.value = input.defaultValue;
  }
};

document.addEventListener("htmx:after:swap", (event) => {
  if (event.detail.ctx.sourceElement !== form()) return;
  showAnswer();
  const wanted = form()?.dataset.focus;
  const found = wanted && document.getElementById(wanted);
  if (!found) return;
  const target = found.querySelector(".adding") ?? found;
  const menu = target.closest("details.menu");
  (menu && !menu.open ? menu.querySelector("summary") : target).focus();
});

// A value typed into a list is added with Enter, and when one leaves the input.
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches?.(".adding") && event.target.value.trim()) {
    event.preventDefault();
    press(event.target.parentElement.querySelector(".add-value"));
  }
});
document.addEventListener("change", (event) => {
  if (event.target.matches?.(".adding") && event.target.value.trim()) {
    press(event.target.parentElement.querySelector(".add-value"));
  }
});

const act = (verb) => {
  const node = document.activeElement?.closest("[data-node]");
  press(document.getElementById(`${node?.id}-${verb}`));
};

document.addEventListener("keydown", (event) => {
  if (!inBuilder(document.activeElement) && document.activeElement !== document.body) return;
  const rightToLeft = document.documentElement.dir === "rtl";
  const moves = { ArrowUp: "up", ArrowDown: "down", ArrowRight: rightToLeft ? "out" : "into", ArrowLeft: rightToLeft ? "into" : "out" };
  const command = event.ctrlKey || event.metaKey;
  if (event.altKey && event.shiftKey && moves[event.key]) {
    event.preventDefault();
    act(moves[event.key]);
  } else if (command && event.key.toLowerCase() === "z" && !isTyping(document.activeElement)) {
    event.preventDefault();
    press(document.getElementById(event.shiftKey ? "redo" : "undo"));
  } else if (command && event.key.toLowerCase() === "s") {
    event.preventDefault();
    press(document.getElementById("save"));
  }
});

// What is not saved is not thrown away by a wrong click.
document.addEventListener("click", (event) => {
  if (event.target.closest?.("#save, #discard")) leaving = true;
});
document.addEventListener("htmx:response:error", () => { leaving = false; });
window.addEventListener("beforeunload", (event) => {
  if (form()?.dataset.changed === "true" && !leaving) event.preventDefault();
});
