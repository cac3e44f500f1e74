// Answering a survey: saves as one goes, holds what could not be sent, counts seconds. The form works without it.

const form = document.querySelector("form[data-answering]");
const saved = document.getElementById("saved");
const begun = Date.now();
let counted = 0;
let dirty = false;
let sending = null;
let timer = 0;
let wait = 1000;

/** Seconds since they were last counted. */
function seconds() {
  return Math.max(0, Math.round((Date.now() - begun) / 1000) - counted);
}

function say(words) {
  saved.textContent = words;
}

const { kept } = globalThis.auscult;
const key = form.dataset.key;

function entries() {
  return [...new FormData(form)].filter(([name]) => name.startsWith("answer_") || name.startsWith("rank_"));
}

/** What is typed stays in this browser until the server has it: a dropped connection loses nothing. */
function hold() {
  kept.set("answers", key, JSON.stringify(entries()));
}

function release() {
  kept.remove("answers", key);
}

function restore() {
  let held = null;
  try {
    held = JSON.parse(kept.get("answers", key) ?? "null");
  } catch {
    // Not ours; there is nothing to restore.
  }
  if (!Array.isArray(held)) return;
  for (const field of form.elements) {
    if (!field.name.startsWith("answer_") && !field.name.startsWith("rank_")) continue;
    const values = held.filter(([name]) => name === field.name).map(([, value]) => value);
    if (field.type === "radio" || field.type === "checkbox") field.checked = values.includes(field.value);
    else field.value = values[0] ?? "";
  }
  change();
}

async function send() {
  if (sending || !dirty) return;
  dirty = false;
  const spent = seconds();
  const data = new FormData(form);
  data.set("seconds", String(spent));
  sending = fetch(form.dataset.save, { method: "POST", body: data, credentials: "same-origin" });
  try {
    const answer = await sending;
    if (answer.ok) {
      counted += spent;
      wait = 1000;
      if (!dirty) release();
      say("Saved");
    } else if (answer.status < 500) {
      // Not an answer yet (half a number, say); the page says what is wrong when it is sent.
      say("");
    } else {
      throw new Error(String(answer.status));
    }
  } catch {
    dirty = true;
    say("Not saved yet: no connection. It is tried again.");
    wait = Math.min(wait * 2, 30000);
    timer = setTimeout(send, wait);
  } finally {
    sending = null;
    if (dirty && wait === 1000) timer = setTimeout(send, 700);
  }
}

function change() {
  dirty = true;
  hold();
  clearTimeout(timer);
  timer = setTimeout(send, 700);
}

/** «None of these» stands alone, and no more are chosen than may be. */
function keepRules(target) {
  if (target.type !== "checkbox") return;
  const boxes = [...form.elements].filter((field) => field.name === target.name);
  if (target.checked) {
    for (const box of boxes) {
      if (box !== target && (target.hasAttribute("data-exclusive") || box.hasAttribute("data-exclusive"))) box.checked = false;
    }
  }
  const most = Number(target.closest("[data-most]")?.dataset.most ?? 0);
  const full = most > 0 && boxes.filter((box) => box.checked).length >= most;
  for (const box of boxes) box.disabled = full && !box.checked;
}

function showClear(fieldset) {
  const button = fieldset?.querySelector("[data-clear]");
  if (button) button.hidden = !fieldset.querySelector("input:checked");
}

form.elements.nonce_seed.value = Array.from(crypto.getRandomValues(new Uint8Array(8)), (b) => b.toString(16).padStart(2, "0")).join("");
form.addEventListener("input", (event) => {
  keepRules(event.target);
  showClear(event.target.closest("fieldset"));
  change();
});
form.addEventListener("click", (event) => {
  if (!event.target.matches("[data-clear]")) return;
  const fieldset = event.target.closest("fieldset");
  for (const field of fieldset.querySelectorAll("input:checked")) field.checked = false;
  showClear(fieldset);
  fieldset.querySelector("input[type=radio]")?.focus();
  change();
});
let sent = false;
form.addEventListener("submit", (event) => {
  // A second press while the first is on its way changes nothing.
  if (sent) {
    event.preventDefault();
    return;
  }
  sent = true;
  clearTimeout(timer);
  form.elements.seconds.value = String(seconds());
  hold();
  setTimeout(() => (sent = false), 8000);
});
// The server shows a page again only where it has what was sent, or says what is wrong with it.
if (document.getElementById("error")) document.getElementById("error").focus();
else if (["reload", "back_forward"].includes(performance.getEntriesByType("navigation")[0]?.type)) restore();
else {
  release();
  // What was answered before this script came counts as well.
  const early = [...form.elements].find((field) =>
    ["radio", "checkbox"].includes(field.type) ? field.checked !== field.defaultChecked : "defaultValue" in field && field.value !== field.defaultValue);
  early?.dispatchEvent(new Event("input", { bubbles: true }));
}
for (const fieldset of form.querySelectorAll("fieldset")) showClear(fieldset);
for (const box of form.querySelectorAll("[data-most] input:checked")) keepRules(box);
window.addEventListener("pageshow", (event) => {
  if (event.persisted) sent = false;
});
window.addEventListener("online", () => {
  wait = 1000;
  clearTimeout(timer);
  send();
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden" && dirty && !sent && navigator.sendBeacon) {
    const data = new FormData(form);
    data.set("seconds", String(seconds()));
    navigator.sendBeacon(form.dataset.save, data);
  }
});
