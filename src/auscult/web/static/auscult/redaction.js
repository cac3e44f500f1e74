// Boxes over a picture, burned in by the server. Without this module the form takes a reason, or deletes the picture.
//
// <form data-redaction><div class="redaction-stage"><img data-redaction-image></div>
// <input type="hidden" name="boxes" data-proposed='[{"left":0.1,"top":0.1,"width":0.2,"height":0.1}]'></form>
// Sides are shares of the picture. Drag to draw, to move a box, or to resize it by its lower right corner; the buttons act on
// the box that was touched last. With the keyboard: «Add a box», arrows move, Shift with arrows resizes, B blurs, Delete
// removes, Ctrl+Z undoes.

const STEP = 0.01;
const CORNER = 18; // pixels; the corner that CSS draws

function prepareForm(form) {
  const stage = form.querySelector(".redaction-stage");
  const field = form.querySelector("input[name=boxes]");
  let boxes = JSON.parse(field.dataset.proposed || "[]").map((box) => ({ ...box, how: "cover" }));
  const past = [];
  let chosen = -1;
  let drag = null;
  stage.classList.add("is-ready");

  const say = document.createElement("p");
  say.className = "meta";
  say.setAttribute("role", "status");
  const tools = document.createElement("p");
  tools.className = "actions";
  const button = (words, act) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "button button-quiet button-small";
    made.textContent = words;
    made.addEventListener("click", act);
    tools.append(made);
    return made;
  };
  const change = (act) => { past.push(JSON.stringify(boxes)); act(); show(); };
  const undo = () => { if (past.length) { boxes = JSON.parse(past.pop()); show(); } };
  const focus = () => stage.querySelectorAll(".redaction-box")[Math.min(chosen, boxes.length - 1)]?.focus();
  const blur = (box) => change(() => { box.how = box.how === "blur" ? "cover" : "blur"; });
  button("Add a box", () => {
    chosen = boxes.length;
    change(() => boxes.push({ left: 0.4, top: 0.4, width: 0.2, height: 0.2, how: "cover" }));
    focus();
  });
  button("Undo", undo);
  const ofChosen = [
    button("Blur it", () => blur(boxes[chosen])),
    button("Remove it", () => change(() => boxes.splice(chosen, 1))),
  ];
  stage.after(tools, say);

  function show() {
    chosen = Math.min(chosen, boxes.length - 1);
    stage.querySelectorAll(".redaction-box").forEach((each) => each.remove());
    boxes.forEach((box, index) => {
      const made = document.createElement("button");
      made.type = "button";
      made.className = `redaction-box is-${box.how}${index === chosen ? " is-chosen" : ""}`;
      made.setAttribute("aria-label", `Box ${index + 1} of ${boxes.length}, ${box.how === "blur" ? "blurred" : "covered"}`);
      for (const side of ["left", "top", "width", "height"]) made.style[side] = `${100 * box[side]}%`;
      made.addEventListener("keydown", (event) => onKey(event, index));
      made.addEventListener("focus", () => choose(index));
      stage.append(made);
    });
    mark();
    field.value = JSON.stringify(boxes);
    say.textContent = boxes.length
      ? `${boxes.length} box${boxes.length === 1 ? "" : "es"}. Drag one to move it, its corner to resize it. By keyboard: arrows, Shift with arrows, B, Delete.`
      : "Drag over what is to be covered, or press “Add a box”.";
  }

  function choose(index) {
    chosen = index;
    stage.querySelectorAll(".redaction-box").forEach((each, at) => each.classList.toggle("is-chosen", at === index));
    mark();
  }

  function mark() {
    for (const each of ofChosen) each.disabled = chosen < 0;
    ofChosen[0].textContent = boxes[chosen]?.how === "blur" ? "Cover it" : "Blur it";
  }

  function onKey(event, index) {
    const moves = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
    const box = boxes[index];
    if (moves[event.key]) {
      const [x, y] = moves[event.key];
      change(() => {
        if (event.shiftKey) {
          box.width = Math.max(STEP, Math.min(1 - box.left, box.width + x));
          box.height = Math.max(STEP, Math.min(1 - box.top, box.height + y));
        } else {
          box.left = Math.max(0, Math.min(1 - box.width, box.left + x));
          box.top = Math.max(0, Math.min(1 - box.height, box.top + y));
        }
      });
    } else if (event.key === "Delete" || event.key === "Backspace") {
      change(() => boxes.splice(index, 1));
    } else if (event.key === "b") {
      blur(box);
    } else if (event.key === "z" && (event.ctrlKey || event.metaKey)) {
      undo();
    } else {
      return;
    }
    event.preventDefault();
    focus();
  }

  const at = (event) => {
    const area = stage.getBoundingClientRect();
    const share = (value, from, size) => Math.max(0, Math.min(1, (value - from) / size));
    return [share(event.clientX, area.left, area.width), share(event.clientY, area.top, area.height)];
  };
  stage.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    stage.setPointerCapture(event.pointerId);
    const before = JSON.stringify(boxes);
    const [x, y] = at(event);
    const touched = event.target.closest(".redaction-box");
    if (touched) {
      chosen = [...stage.querySelectorAll(".redaction-box")].indexOf(touched);
      const area = touched.getBoundingClientRect();
      const corner = area.right - event.clientX < CORNER && area.bottom - event.clientY < CORNER;
      drag = { how: corner ? "resize" : "move", start: { ...boxes[chosen] } };
    } else {
      chosen = boxes.push({ left: x, top: y, width: 0, height: 0, how: "cover" }) - 1;
      drag = { how: "draw" };
    }
    Object.assign(drag, { before, x, y });
    show();
  });
  stage.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const [x, y] = at(event);
    const box = boxes[chosen];
    const { start } = drag;
    if (drag.how === "draw") {
      Object.assign(box, { left: Math.min(x, drag.x), top: Math.min(y, drag.y), width: Math.abs(x - drag.x), height: Math.abs(y - drag.y) });
    } else if (drag.how === "move") {
      box.left = Math.max(0, Math.min(1 - box.width, start.left + x - drag.x));
      box.top = Math.max(0, Math.min(1 - box.height, start.top + y - drag.y));
    } else {
      box.width = Math.max(STEP, Math.min(1 - box.left, start.width + x - drag.x));
      box.height = Math.max(STEP, Math.min(1 - box.top, start.height + y - drag.y));
    }
    show();
  });
  const drop = (event) => {
    if (!drag) return;
    const { before, how } = drag;
    drag = null;
    const tooSmall = how === "draw" && (boxes[chosen].width < STEP || boxes[chosen].height < STEP);
    if (event.type === "pointercancel" || tooSmall) boxes = JSON.parse(before);
    else if (JSON.stringify(boxes) !== before) past.push(before);
    show();
    focus();
  };
  stage.addEventListener("pointerup", drop);
  stage.addEventListener("pointercancel", drop);
  form.addEventListener("keydown", (event) => {
    if (event.key === "z" && (event.ctrlKey || event.metaKey) && event.target === form) undo();
  });
  show();
}

document.querySelectorAll("form[data-redaction]").forEach(prepareForm);
