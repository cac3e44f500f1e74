// Writing: drafts that save themselves, and a preview. Forms work without it.

const WAIT = 1500;
const LONGEST = 10_000;

/** Save the form as a draft a moment after the last key; say so where the form has a place for it. */
function keepDraft(form) {
  if (form.dataset.kept) return;
  form.dataset.kept = "1";
  let timer = 0;
  let sent = "";
  let saving = null;
  const note = form.querySelector("[data-saved]");
  const say = (words) => { if (note) note.textContent = words; };
  const store = async () => {
    const data = new FormData(form);
    data.set("kind", form.dataset.draft);
    if (form.dataset.posting) data.set("posting", form.dataset.posting);
    if (form.dataset.parent) data.set("parent", form.dataset.parent);
    if (form.dataset.number) data.set("draft", form.dataset.number);
    const body = new URLSearchParams(data).toString();
    if (body === sent || !(data.get("body") || data.get("title"))) return;
    try {
      const answer = await fetch("/postings/drafts/save", { method: "POST", body: new URLSearchParams(data), signal: AbortSignal.timeout(LONGEST) });
      if (!answer.ok) throw new Error(String(answer.status));
      sent = body;
      const number = form.querySelector('input[name="draft"]');
      if (number) number.value = (await answer.json()).draft;
      say("Draft saved.");
    } catch {
      say("The draft could not be saved; it stands only on this page.");
    }
  };
  // One at a time: the first answer tells the number that the next one, and the form itself, must carry.
  const save = () => {
    const last = (saving ?? Promise.resolve()).then(store).then(() => { if (saving === last) saving = null; });
    saving = last;
  };
  form.addEventListener("input", () => { clearTimeout(timer); say(""); timer = setTimeout(save, WAIT); });
  form.addEventListener("submit", (event) => {
    clearTimeout(timer);
    if (!saving || form.hasAttribute("hx-post")) return;
    event.preventDefault();
    saving.then(() => form.requestSubmit(event.submitter));
  });
  form.addEventListener("htmx:beforeRequest", () => clearTimeout(timer));
  // What was typed before this script came counts as well.
  if ([...form.elements].some((field) => "defaultValue" in field && field.value !== field.defaultValue)) timer = setTimeout(save, WAIT);
}

function offerPreview(button) {
  button.hidden = false;
  const form = button.closest("form");
  const place = form.querySelector("[data-preview-place]");
  button.addEventListener("click", async () => {
    const data = new URLSearchParams();
    data.set("body", form.querySelector("textarea[name=body]").value);
    data.set("csrfmiddlewaretoken", form.querySelector("[name=csrfmiddlewaretoken]").value);
    const answer = await fetch("/postings/preview", { method: "POST", body: data, headers: { "HX-Request": "true" } });
    if (!answer.ok) return;
    // Rendered and cleaned by the server, as the posting itself will be.
    place.innerHTML = await answer.text();
    place.hidden = false;
  });
}

function prepare(root) {
  const within = (selector) => [...(root.matches?.(selector) ? [root] : []), ...root.querySelectorAll(selector)];
  within("form[data-draft]").forEach(keepDraft);
  within("button[data-preview][hidden]").forEach(offerPreview);
}

prepare(document.documentElement);
document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));
