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

/**
 * What this browser keeps for the signed-in member. Computers on wards are shared, so every key carries the member it belongs
 * to, nothing of another member survives a page of this one, and signing out removes everything.
 */
const PREFIX = "auscult.";
const owner = document.documentElement.dataset.owner ?? "";
const kept = {
  key: (kind, name) => `${PREFIX}${owner}.${kind}.${name}`,
  get(kind, name) {
    try {
      return localStorage.getItem(this.key(kind, name));
    } catch {
      return null; // A private window may refuse storage, and then holds nothing.
    }
  },
  set(kind, name, value) {
    try {
      localStorage.setItem(this.key(kind, name), value);
      return true;
    } catch {
      return false;
    }
  },
  remove(kind, name) {
    this.removeWhere((key) => key === this.key(kind, name));
  },
  removeWhere(matches) {
    try {
      for (const key of Object.keys(localStorage)) if (key.startsWith(PREFIX) && matches(key)) localStorage.removeItem(key);
    } catch {
      // As above.
    }
  },
};
// answering.js uses it too; this module runs first.
globalThis.auscult = { kept };
if (owner) kept.removeWhere((key) => !key.startsWith(`${PREFIX}${owner}.`));

/** A receipt stays in this browser only if the voter asks for it. */
function offerReceipts(root) {
  for (const holder of root.querySelectorAll("[data-receipt]")) {
    // A ballot that is in needs no copy of its answers here.
    kept.removeWhere((key) => key.startsWith(kept.key("answers", "")));
    const receipt = JSON.parse(holder.dataset.receipt);
    const button = holder.querySelector("[data-keep]");
    const store = () => kept.set("receipt", receipt.freeze, JSON.stringify(receipt));
    // A changed ballot has a new receipt; an old one in its place would be wrong.
    if (kept.get("receipt", receipt.freeze) && store()) sayKept(button);
    else if (button) {
      button.hidden = false;
      button.addEventListener("click", () => store() && sayKept(button));
    }
  }
  for (const button of root.querySelectorAll("[data-receipt-of][hidden]")) {
    const receipt = kept.get("receipt", button.dataset.receiptOf);
    if (!receipt) continue;
    button.hidden = false;
    button.addEventListener("click", () => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([receipt], { type: "application/json" }));
      link.download = `receipt-${button.dataset.receiptOf.slice(0, 12)}.json`;
      link.click();
      URL.revokeObjectURL(link.href);
    });
  }
}

function sayKept(button) {
  if (!button) return;
  button.hidden = false;
  button.disabled = true;
  button.textContent = button.dataset.kept;
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
  offerReceipts(root);
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
// Signing out leaves nothing behind, also where the browser ignores Clear-Site-Data.
document.addEventListener("submit", (event) => {
  if (event.target.matches("form[data-sign-out]")) kept.removeWhere(() => true);
});
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
