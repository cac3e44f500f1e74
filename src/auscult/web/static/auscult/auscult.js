// Small conveniences; every page works without them.

/** Our half of a nonce: 8 random bytes in hexadecimal. It keeps the server from giving two voters the same leaf. */
function nonce() {
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (b) => b.toString(16).padStart(2, "0")).join("");
}

function prepareBallots(root) {
  for (const form of root.querySelectorAll("form[data-ballot]")) {
    for (const field of form.querySelectorAll('input[type="hidden"][name^="nonce_"]')) {
      if (!field.value) field.value = nonce();
    }
  }
}

const KEY = "auscult.receipt.";

/** A ballot that is in needs no copy of its answers in this browser. */
function forgetAnswers() {
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith("auscult.answers.")) localStorage.removeItem(key);
  } catch {
    // A private window may refuse storage, and then holds nothing.
  }
}

function keepReceipts(root) {
  for (const holder of root.querySelectorAll("[data-receipt]")) {
    forgetAnswers();
    const receipt = JSON.parse(holder.dataset.receipt);
    try {
      localStorage.setItem(KEY + receipt.freeze, JSON.stringify(receipt));
    } catch {
      // A private window may refuse storage; the download link remains.
    }
  }
  for (const button of root.querySelectorAll("[data-receipt-of][hidden]")) {
    let kept = null;
    try {
      kept = localStorage.getItem(KEY + button.dataset.receiptOf);
    } catch {
      // As above.
    }
    if (!kept) continue;
    button.hidden = false;
    button.addEventListener("click", () => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([kept], { type: "application/json" }));
      link.download = `receipt-${button.dataset.receiptOf.slice(0, 12)}.json`;
      link.click();
      URL.revokeObjectURL(link.href);
    });
  }
}

/** Where the device lives elsewhere than the form says, one press takes its zone. */
function offerZone(field) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone || zone === field.value || ![...field.list.options].some((each) => each.value === zone)) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "link";
  button.textContent = `This device: ${zone}`;
  button.addEventListener("click", () => { field.value = zone; button.remove(); });
  field.after(button);
}

function prepare(root) {
  prepareBallots(root);
  keepReceipts(root);
}

prepare(document);
/** A line that failed is told beside what was pressed; the next try takes the notice away. */
function sayOffline(event) {
  const pressed = event.detail.elt;
  // What asks by itself, every few seconds, asks again.
  if (pressed.getAttribute("hx-trigger")?.startsWith("every")) return;
  hushOffline(event);
  const notice = document.createElement("p");
  notice.className = "error";
  notice.role = "alert";
  notice.dataset.offline = "";
  notice.textContent = "No connection: no answer came. What you wrote is still here; try again.";
  if (pressed.matches("form")) pressed.append(notice);
  else pressed.after(notice);
}
function hushOffline(event) {
  const pressed = event.detail.elt;
  (pressed.matches("form") ? pressed : pressed.parentElement)?.querySelector(":scope > [data-offline]")?.remove();
}
document.addEventListener("htmx:sendError", sayOffline);
document.addEventListener("htmx:timeout", sayOffline);
document.addEventListener("htmx:beforeRequest", hushOffline);
// A second press while the first is on its way is not a second form.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.hasAttribute("hx-post")) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
  setTimeout(() => delete form.dataset.sent, 4000);
});
document.querySelectorAll("input[data-zone]").forEach(offerZone);
// A refusal below the first screen is brought into sight.
document.querySelector("main .error[role=alert]")?.scrollIntoView({ block: "center" });
// At once, in the task that shows the new piece (no settle delay, see base.html): who leaves right then keeps the receipt.
document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));
